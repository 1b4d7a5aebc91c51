import { UnsupportedError } from "@modelbytes/bytes";
import type { Datatype } from "../model.ts";
import { byteSize, bytesOf, countOf, DatasetNode, elementsOf, type PlacedData } from "./dataset-node.ts";
import { encodeDatatype } from "./datatype-message.ts";
import { FileSpace, type Hdf5Driver } from "./file-space.ts";
import { GlobalHeap } from "./global-heap.ts";
import { GroupNode } from "./group-node.ts";
import { attributeHead, attributeMessage, encodeDataspace } from "./message.ts";
import type { CreateAttribute, CreateDataset, Hdf5Operation, WriteDataset } from "./operation.ts";
import { namesOfPath } from "./path.ts";
import { uncovered } from "./remains.ts";
import type { Segment } from "./segment.ts";
import { encodeSuperblock, SUPERBLOCK_BYTES } from "./superblock.ts";

/** How a file is laid out. */
export interface PlanHdf5Options {
  /** Default: `"path"`. */
  readonly driver?: Hdf5Driver | undefined;
}

/** Why h5py's file may be another than the planned one. Both are valid and say the same. */
export type Hdf5Doubt =
  /**
   * So much metadata, or so many operations, that libhdf5 forgets collections of strings that it has not used for long. Real models
   * of this size were identical all the same; towers of more than a thousand equal layers with optimizer are not.
   */
  | "metadata-cache"
  /** A name beyond ASCII makes h5py convert its group to a newer form; here it is one of UTF-8 in the old form. */
  | "link-names";

/** Data of a dataset, where it lies in the file. */
export interface PlannedData extends PlacedData {
  readonly path: string;
}

/** A file before it is written. */
export interface Hdf5Plan {
  /** Bytes of the file. */
  readonly size: number;
  readonly driver: Hdf5Driver;
  /** The data of datasets in the order of their addresses, in which it is asked for. Empty data is not listed. */
  readonly data: readonly PlannedData[];
  /** Everything else in the order of its addresses. What is not covered is zero. */
  readonly segments: readonly Segment[];
  /** Whether and why the file may differ from h5py's. */
  readonly doubts: readonly Hdf5Doubt[];
}

/** Bytes of metadata that libhdf5 keeps at first. */
const CACHE_BYTES = 2 ** 21;
/** Operations after which entries of libhdf5's cache may be too old for it. */
const CACHE_OPERATIONS = 1500;

/**
 * Lays out the file that h5py 3 makes of these operations, with HDF5 1.8 to 2.0 and its defaults. Names, shapes, datatypes and the
 * lengths of strings decide the place of every byte; data of fixed size is not looked at.
 *
 * Throws a `RangeError` for what h5py refuses (a name that is taken, a message of 64 KiB or more), a `TypeError` for data of the wrong
 * kind, an `UnsupportedError` for datatypes, and for chunks and filters, that are not written here. The messages name the object.
 */
export function planHdf5(operations: Iterable<Hdf5Operation>, options: PlanHdf5Options = {}): Hdf5Plan {
  const planning = new Planning(options.driver ?? "path");
  for (const operation of operations) planning.add(operation);
  return planning.finish();
}

class Planning {
  readonly #driver: Hdf5Driver;
  readonly #space: FileSpace;
  readonly #strings: GlobalHeap;
  readonly #root: GroupNode;
  readonly #groups: GroupNode[] = [];
  readonly #datasets: DatasetNode[] = [];
  readonly #data: PlannedData[] = [];
  readonly #datatypes: Map<Datatype, Uint8Array> = new Map();
  #beyondAscii = false;
  #operations = 0;
  #flushing = false;

  constructor(driver: Hdf5Driver) {
    this.#driver = driver;
    this.#space = new FileSpace(driver);
    this.#space.allocate("meta", SUPERBLOCK_BYTES);
    this.#strings = new GlobalHeap(this.#space);
    this.#root = this.#newGroup();
  }

  add(operation: Hdf5Operation): void {
    this.#operations++;
    try {
      this.#perform(operation);
    } catch (error) {
      const name = nameOf(operation);
      if (error instanceof UnsupportedError) throw new UnsupportedError(error.code, `${name}: ${error.reason}`);
      if (error instanceof RangeError) throw new RangeError(`${name}: ${error.message}`);
      if (error instanceof TypeError) throw new TypeError(`${name}: ${error.message}`);
      throw error;
    }
  }

  finish(): Hdf5Plan {
    this.#space.close();
    const size = this.#space.end;
    const root = { header: this.#root.header.address, group: this.#root.place };
    const superblock = { address: 0, size: SUPERBLOCK_BYTES, encode: () => encodeSuperblock(size, root) };
    const metadata = [
      superblock,
      ...this.#groups.flatMap((group) => group.segments()),
      ...this.#datasets.flatMap((dataset) => dataset.header.segments()),
    ];
    const data = this.#data.filter(({ size }) => size > 0).sort(byAddress);
    const segments = [...metadata, ...this.#strings.segments()];
    segments.push(...uncovered(this.#space.remains, [...segments, ...data], size));
    const doubts: Hdf5Doubt[] = [];
    if (metadata.reduce((sum, segment) => sum + segment.size, 0) > CACHE_BYTES || this.#operations > CACHE_OPERATIONS)
      doubts.push("metadata-cache");
    if (this.#beyondAscii) doubts.push("link-names");
    return {
      size,
      driver: this.#driver,
      data,
      segments: segments.sort(byAddress),
      doubts,
    };
  }

  #perform(operation: Hdf5Operation): void {
    if (operation.kind !== "flush") this.#rememberFlushed();
    switch (operation.kind) {
      case "group":
        this.#createGroup(operation.path);
        return;
      case "dataset":
        this.#createDataset(operation);
        return;
      case "write":
        this.#write(operation);
        return;
      case "attribute":
        this.#createAttribute(operation);
        return;
      case "flush":
        this.#space.flush();
        this.#flushing = true;
        return;
    }
  }

  /** What was flushed matters only where something follows: the flush before the end costs nothing. */
  #rememberFlushed(): void {
    if (!this.#flushing) return;
    this.#flushing = false;
    for (const group of this.#groups) group.flush();
    for (const dataset of this.#datasets) dataset.header.flush();
  }

  #createGroup(path: string): void {
    const [parents, name] = parted(path);
    const parent = this.#groupAt(parents);
    checkFree(parent, name);
    this.#link(parent, name, this.#newGroup());
  }

  #createDataset(operation: CreateDataset): void {
    const [parents, name] = parted(operation.path);
    if (operation.by === "assignment") {
      const dataset = this.#newDataset(operation);
      this.#writeData(dataset, operation.path, operation.data);
      const parent = this.#groupAt(parents);
      checkFree(parent, name);
      this.#link(parent, name, dataset);
      return;
    }
    const parent = this.#groupAt(parents);
    checkFree(parent, name);
    const dataset = this.#newDataset(operation);
    parent.link(name, dataset); // its name stays ASCII to h5py whatever is in it
    this.#writeData(dataset, operation.path, operation.data);
  }

  #write({ path, data }: WriteDataset): void {
    const dataset = this.#objectAt(path);
    if (dataset instanceof GroupNode) throw new RangeError("a group has no data");
    this.#writeData(dataset, path, data);
  }

  #writeData(dataset: DatasetNode, path: string, data: CreateDataset["data"]): void {
    if (data === undefined) return;
    const placed = dataset.write(data, this.#space, this.#strings);
    if (placed !== undefined) this.#data.push({ ...placed, path });
  }

  #createAttribute({ path, name, datatype, shape, value }: CreateAttribute): void {
    const object = this.#objectAt(path);
    if (object.attributes.has(name)) throw new RangeError("there is such an attribute already");
    const head = attributeHead(name, this.#encodedDatatype(datatype), encodeDataspace(shape));
    const size = byteSize(datatype, shape);
    const body = new Uint8Array(head.length + size);
    body.set(head);
    object.header.add(attributeMessage(body));
    object.attributes.add(name);
    body.set(this.#attributeData(datatype, value, countOf(shape), size), head.length);
  }

  /** Strings find their places only after the message has its own. */
  #attributeData(datatype: Datatype, value: CreateAttribute["value"], count: number, size: number): Uint8Array {
    return datatype.class === "vlen-string" ? this.#strings.addAll(elementsOf(value, count)) : bytesOf(value, size);
  }

  /** Callers use a few datatypes many times. */
  #encodedDatatype(datatype: Datatype): Uint8Array {
    const known = this.#datatypes.get(datatype);
    if (known !== undefined) return known;
    const encoded = encodeDatatype(datatype);
    this.#datatypes.set(datatype, encoded);
    return encoded;
  }

  #newGroup(): GroupNode {
    const group = new GroupNode(this.#space);
    this.#groups.push(group);
    return group;
  }

  #newDataset(operation: CreateDataset): DatasetNode {
    const dataset = new DatasetNode(this.#space, operation, this.#encodedDatatype(operation.datatype));
    this.#datasets.push(dataset);
    return dataset;
  }

  #link(parent: GroupNode, name: string, child: GroupNode | DatasetNode): void {
    parent.link(name, child);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
    this.#beyondAscii ||= /[^\x00-\x7f]/.test(name);
  }

  /** The group of these names, made where it is missing. */
  #groupAt(names: readonly string[]): GroupNode {
    let group = this.#root;
    for (const name of names) {
      let next = group.children.get(name);
      if (next === undefined) {
        next = this.#newGroup();
        this.#link(group, name, next);
      }
      if (!(next instanceof GroupNode))
        throw new RangeError(`${JSON.stringify(name)} is a dataset, and in it can be nothing`);
      group = next;
    }
    return group;
  }

  #objectAt(path: string): GroupNode | DatasetNode {
    let object: GroupNode | DatasetNode = this.#root;
    for (const name of namesOfPath(path)) {
      const next: GroupNode | DatasetNode | undefined =
        object instanceof GroupNode ? object.children.get(name) : undefined;
      if (next === undefined) throw new RangeError("there is no such object yet");
      object = next;
    }
    return object;
  }
}

function parted(path: string): [parents: readonly string[], name: string] {
  const names = namesOfPath(path);
  const name = names.at(-1);
  if (name === undefined) throw new RangeError("a new object needs a name");
  return [names.slice(0, -1), name];
}

function checkFree(parent: GroupNode, name: string): void {
  if (parent.children.has(name)) throw new RangeError("there is an object of this name already");
}

function nameOf(operation: Hdf5Operation): string {
  if (operation.kind === "flush") return "flush";
  const path = JSON.stringify(operation.path);
  return operation.kind === "attribute"
    ? `attribute ${JSON.stringify(operation.name)} of ${path}`
    : `${operation.kind} ${path}`;
}

function byAddress(a: { readonly address: number }, b: { readonly address: number }): number {
  return a.address - b.address;
}
