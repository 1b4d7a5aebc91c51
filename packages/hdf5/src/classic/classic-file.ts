import type { Source, WaitOptions } from "@modelbytes/bytes";
import { select, wholeRegion } from "@modelbytes/tensor";
import { asDataset, asGroup } from "../as-kind.ts";
import { decodeValue } from "../decode-value.ts";
import type { Hdf5File, Hdf5ReadOptions } from "../hdf5-file.ts";
import type { Hdf5Dataset, Hdf5Group, Hdf5Object } from "../model.ts";
import { normalPath } from "../path.ts";
import type { Hdf5Value } from "../value.ts";
import { readAllAttributes, readAttribute } from "./attributes.ts";
import { decodeDataset } from "./dataset.ts";
import { describe } from "./describe.ts";
import { type Found, followPath } from "./follow.ts";
import { HeapObjects } from "./global-heap.ts";
import { isGroup } from "./group.ts";
import type { MetadataFile } from "./metadata-file.ts";
import { readObjectHeader } from "./object-header.ts";
import { readRegion } from "./read-dataset.ts";
import { type Visited, walkObjects } from "./walk.ts";

/** Addresses of paths that are remembered. */
const MOST_ADDRESSES = 65_536;

/** A file read by our own code, range by range. Made by `openHdf5`. */
export class ClassicFile implements Hdf5File {
  readonly engine = "classic";
  readonly name: string;
  readonly #file: MetadataFile;
  readonly #source: Source;
  readonly #addresses = new Map<string, number>();

  constructor(file: MetadataFile, source: Source) {
    this.name = file.name;
    this.#file = file;
    this.#source = source;
  }

  async object(path: string, options: WaitOptions = {}): Promise<Hdf5Object> {
    const { file, header } = await this.#find(path, options);
    return (await file.run(describe(file, header), options)).object;
  }

  async group(path: string, options: WaitOptions = {}): Promise<Hdf5Group> {
    return asGroup(await this.object(path, options));
  }

  async dataset(path: string, options: WaitOptions = {}): Promise<Hdf5Dataset> {
    return asDataset(await this.object(path, options));
  }

  async attribute(path: string, name: string, options: WaitOptions = {}): Promise<Hdf5Value> {
    const { file, header } = await this.#find(path, options);
    return await file.run(readAttribute(file, header, name), options);
  }

  async attributes(path: string, options: WaitOptions = {}): Promise<Map<string, Hdf5Value>> {
    const { file, header } = await this.#find(path, options);
    return await file.run(readAllAttributes(file, header), options);
  }

  async read(path: string, options: Hdf5ReadOptions = {}): Promise<Hdf5Value> {
    const { signal, scratch } = options;
    const { file, header } = await this.#find(path, options);
    if (isGroup(header)) throw new TypeError(`${JSON.stringify(header.path)} is a group, not a dataset`);
    const dataset = await file.run(decodeDataset(file, header), options);
    const { shape, datatype } = dataset;
    if (shape === null) return { dtype: "null", shape };
    const region = options.select === undefined ? { ...wholeRegion(shape), shape } : select(options.select, shape);
    const bytes = await readRegion(file, { ...dataset, shape }, region, { signal, scratch });
    const place = { file: file.name, tensor: header.path };
    const objects = await file.run(HeapObjects.of(file, datatype, bytes, place), options);
    return decodeValue(datatype, region.shape, bytes, objects);
  }

  async *walk(options: WaitOptions = {}): AsyncGenerator<Hdf5Object, void, undefined> {
    for (const object of await this.visit(options)) yield object;
  }

  /** What `walk` gives, read as a whole. An object that cannot be read throws when it is its turn. */
  async visit(options: WaitOptions): Promise<Iterable<Hdf5Object>> {
    const { header } = await this.#find("/", options);
    return this.#remembered(await walkObjects(this.#file, header, options));
  }

  async close(): Promise<void> {
    await Promise.all([this.#source.close?.(), this.#file.others.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  *#remembered(visited: Iterable<Visited>): Generator<Hdf5Object, void, undefined> {
    for (const { address, object } of visited) {
      this.#remember(object.path, address);
      yield object;
    }
  }

  #remember(path: string, address: number): void {
    if (this.#addresses.size < MOST_ADDRESSES) this.#addresses.set(path, address);
  }

  async #find(path: string, options: WaitOptions): Promise<Found> {
    options.signal?.throwIfAborted();
    const wanted = normalPath(path);
    const known = this.#addresses.get(wanted);
    if (known !== undefined) {
      return { file: this.#file, header: await this.#file.run(readObjectHeader(this.#file, known, wanted), options) };
    }
    const found = await followPath(this.#file, path, options);
    if (found.file === this.#file) this.#remember(wanted, found.header.address);
    return found;
  }
}
