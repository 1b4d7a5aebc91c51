import { NotFoundError, type Place, sortNames, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { elementCount, type Selected, select, wholeRegion } from "@modelbytes/tensor";
import type { Metadata } from "h5wasm";
import { asDataset, asGroup } from "../as-kind.ts";
import { decodeValue, type Elsewhere } from "../decode-value.ts";
import { hasReferences } from "../element.ts";
import type { Hdf5File, Hdf5ReadOptions } from "../hdf5-file.ts";
import type { Datatype, Hdf5Attribute, Hdf5Dataset, Hdf5Group, Hdf5Layout, Hdf5Link, Hdf5Object } from "../model.ts";
import { namesOf, normalPath, pathTo } from "../path.ts";
import type { Hdf5Value } from "../value.ts";
import { type H5Module, type Libhdf5, startLibhdf5 } from "./instance.ts";
import { memoryType } from "./memory-type.ts";
import { typedError } from "./wasm-error.ts";

/** No bounds on the versions of what is written, as nothing is; arguments that are left out would be 0. */
const ANY_VERSION = -1;
/** Bytes of elements that pass through WebAssembly's memory at once. */
const PIECE_BYTES: number = 2 ** 26;
/** The most bytes of elements that refer to others, which have to be read at once; WebAssembly has two of these. */
const MOST_AT_ONCE: number = 2 ** 30;

/** What our own code knows of a type in the file, if it knows it. */
export type TypeFinder = (path: string, attribute: string | undefined) => Promise<Datatype | undefined>;

/**
 * A file read by libhdf5 in WebAssembly, from memory: it sees no other file. What libhdf5 finds damaged is a `CorruptError` of code
 * `"libhdf5"`; some damage makes it run on forever, from which only a worker protects.
 */
export class WasmFile implements Hdf5File {
  readonly engine = "h5wasm";
  readonly name: string;
  readonly #library: Libhdf5;
  readonly #mounted: string;
  readonly #id: bigint;
  readonly #typeOf: TypeFinder;
  #closed = false;

  private constructor(name: string, library: Libhdf5, mounted: string, id: bigint, typeOf: TypeFinder) {
    this.name = name;
    this.#library = library;
    this.#mounted = mounted;
    this.#id = id;
    this.#typeOf = typeOf;
  }

  /** Opens a file that is in memory, where it stays until `close`. */
  static async open(name: string, bytes: Uint8Array, typeOf: TypeFinder): Promise<WasmFile> {
    const library = await startLibhdf5();
    const mounted = library.mount(bytes);
    try {
      const id = library.run((module) => module.open(mounted, module.H5F_ACC_RDONLY, false, ANY_VERSION, ANY_VERSION));
      return new WasmFile(name, library, mounted, id, typeOf);
    } catch (error) {
      library.unmount(mounted);
      throw typedError(error, { file: name });
    }
  }

  async object(path: string, options: WaitOptions = {}): Promise<Hdf5Object> {
    options.signal?.throwIfAborted();
    const wanted = normalPath(path);
    const kind = this.#kindOf(wanted);
    const attributes = await this.#describeAttributes(wanted);
    if (kind === "group") return { kind, path: wanted, attributes, links: this.#links(wanted) };
    if (kind === "dataset") return { kind, path: wanted, attributes, ...(await this.#describeDataset(wanted)) };
    const metadata = this.#run(wanted, (module) => module.get_datatype_metadata(this.#id, inFile(wanted)));
    return { kind, path: wanted, attributes, datatype: await this.#datatype(metadata, wanted) };
  }

  async group(path: string, options: WaitOptions = {}): Promise<Hdf5Group> {
    return asGroup(await this.object(path, options));
  }

  async dataset(path: string, options: WaitOptions = {}): Promise<Hdf5Dataset> {
    return asDataset(await this.object(path, options));
  }

  async attribute(path: string, name: string, options: WaitOptions = {}): Promise<Hdf5Value> {
    options.signal?.throwIfAborted();
    const wanted = normalPath(path);
    this.#kindOf(wanted);
    if (!this.#attributeNames(wanted).includes(name)) {
      throw new NotFoundError(
        "no-attribute",
        `the object has no attribute ${JSON.stringify(name)}`,
        this.#place(wanted),
      );
    }
    return await this.#attributeValue(wanted, name);
  }

  async attributes(path: string, options: WaitOptions = {}): Promise<Map<string, Hdf5Value>> {
    options.signal?.throwIfAborted();
    const wanted = normalPath(path);
    this.#kindOf(wanted);
    const values = new Map<string, Hdf5Value>();
    for (const name of this.#attributeNames(wanted)) values.set(name, await this.#attributeValue(wanted, name));
    return values;
  }

  async read(path: string, { select: selection, signal }: Hdf5ReadOptions = {}): Promise<Hdf5Value> {
    signal?.throwIfAborted();
    const wanted = normalPath(path);
    const kind = this.#kindOf(wanted);
    if (kind !== "dataset") throw new TypeError(`${JSON.stringify(wanted)} is a ${kind}, not a dataset`);
    const metadata = this.#datasetMetadata(wanted);
    const { shape } = metadata;
    if (shape === null) return { dtype: "null", shape };
    if ((metadata.virtual_sources ?? []).some(({ file_name }) => file_name !== ".")) {
      throw new UnsupportedError("virtual-source", "the elements are those of other files", this.#place(wanted));
    }
    const type = await this.#memoryType(metadata, wanted, undefined);
    const region = selection === undefined ? { ...wholeRegion(shape), shape } : select(selection, shape);
    const value = this.#readElements(wanted, type, shape, region);
    signal?.throwIfAborted();
    return value;
  }

  async *walk({ signal }: WaitOptions = {}): AsyncGenerator<Hdf5Object, void, undefined> {
    const seen = new Set([this.#identity("/")]);
    const stack = [this.#children("/")];
    for (let children = stack.at(-1); children !== undefined; children = stack.at(-1)) {
      const path = children.pop();
      if (path === undefined) {
        stack.pop();
        continue;
      }
      const identity = this.#identity(path);
      if (seen.has(identity)) continue;
      seen.add(identity);
      const object = await this.object(path, { signal });
      yield object;
      if (object.kind === "group") stack.push(this.#children(path));
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#run("/", (module) => module.close_file(this.#id));
    this.#library.unmount(this.#mounted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #place(path: string): Place {
    return { file: this.name, tensor: path };
  }

  #run<T>(path: string, call: (module: H5Module) => T): T {
    try {
      return this.#library.run(call);
    } catch (error) {
      throw typedError(error, this.#place(path));
    }
  }

  #kindOf(path: string): Hdf5Object["kind"] {
    const found = this.#run(path, (module) => {
      const type = path === "/" ? module.H5G_GROUP : module.get_type(this.#id, inFile(path));
      const kinds = new Map<number, Hdf5Object["kind"] | "link">([
        [module.H5G_GROUP, "group"],
        [module.H5G_DATASET, "dataset"],
        [module.H5G_TYPE, "datatype"],
        [module.H5G_UDLINK, "link"],
      ]);
      return kinds.get(type);
    });
    if (found === "link")
      throw new UnsupportedError("external-link", "the path leads to another file", this.#place(path));
    if (found !== undefined) return found;
    throw new NotFoundError("no-object", "there is no such object", this.#place(path));
  }

  /** Which object a path leads to: object references are addresses. */
  #identity(path: string): string {
    return this.#run(path, (module) => module.create_object_reference(this.#id, inFile(path))).join();
  }

  #names(path: string): string[] {
    return this.#run(path, (module) => module.get_names(this.#id, inFile(path), false));
  }

  /** Paths of what hard links of a group lead to, the first by name last. */
  #children(path: string): string[] {
    const names = sortNames(this.#names(path)).reverse();
    return names.filter((name) => this.#link(path, name).kind === "hard").map((name) => pathTo(path, name));
  }

  #links(path: string): Map<string, Hdf5Link> {
    return new Map(this.#names(path).map((name) => [name, this.#link(path, name)]));
  }

  #link(path: string, name: string): Hdf5Link {
    const at = inFile(pathTo(path, name));
    const soft = this.#run(path, (module) => module.get_symbolic_link(this.#id, at));
    if (typeof soft === "string") return { kind: "soft", target: soft };
    const { filename, obj_path } = this.#run(path, (module) => module.get_external_link(this.#id, at));
    return typeof filename === "string" ? { kind: "external", file: filename, target: obj_path } : { kind: "hard" };
  }

  #attributeNames(path: string): string[] {
    return this.#run(path, (module) => module.get_attribute_names(this.#id, inFile(path)));
  }

  async #describeAttributes(path: string): Promise<Map<string, Hdf5Attribute>> {
    const attributes = new Map<string, Hdf5Attribute>();
    for (const name of this.#attributeNames(path)) {
      const metadata = this.#attributeMetadata(path, name);
      attributes.set(name, { name, datatype: await this.#datatype(metadata, path, name), shape: metadata.shape });
    }
    return attributes;
  }

  #attributeMetadata(path: string, name: string): Metadata {
    return this.#run(path, (module) => module.get_attribute_metadata(this.#id, inFile(path), name));
  }

  #datasetMetadata(path: string): Metadata {
    return this.#run(path, (module) => module.get_dataset_metadata(this.#id, inFile(path)));
  }

  async #describeDataset(path: string): Promise<Omit<Hdf5Dataset, "kind" | "path" | "attributes">> {
    const metadata = this.#datasetMetadata(path);
    const { shape, maxshape, chunks, virtual_sources } = metadata;
    const stored = this.#run(path, (module) => module.get_dataset_filters(this.#id, inFile(path)));
    const filters = stored.map(({ id, name, cd_values }) => ({ id, name, values: cd_values }));
    const layout: Hdf5Layout =
      chunks === null
        ? { class: virtual_sources === undefined ? "contiguous" : "virtual" }
        : { class: "chunked", chunk: chunks };
    const maxShape = maxshape === null ? null : maxshape.map((most) => (most > Number.MAX_SAFE_INTEGER ? null : most));
    return { datatype: await this.#datatype(metadata, path), shape, maxShape, layout, filters };
  }

  /** The type as the file has it if our own code can say, otherwise as it is in memory. */
  async #datatype(metadata: Metadata, path: string, attribute?: string): Promise<Datatype> {
    return (await this.#typeOf(path, attribute)) ?? (await this.#memoryType(metadata, path, attribute));
  }

  async #memoryType(metadata: Metadata, path: string, attribute: string | undefined): Promise<Datatype> {
    const type = memoryType(metadata, await this.#typeOf(path, attribute));
    if (type !== undefined) return type;
    throw new UnsupportedError("datatype", "numbers whose form h5wasm does not tell", this.#place(path));
  }

  async #attributeValue(path: string, name: string): Promise<Hdf5Value> {
    const metadata = this.#attributeMetadata(path, name);
    const { shape } = metadata;
    if (shape === null) return { dtype: "null", shape };
    const type = await this.#memoryType(metadata, path, name);
    const length = elementCount(shape) * type.size;
    if (length === 0) return decodeValue(type, shape, new Uint8Array(0), NOWHERE);
    return this.#withMemory(path, length, (module, at) => {
      checkStatus(module.get_attribute_data(this.#id, inFile(path), name, BigInt(at)));
      const value = decodeValue(type, shape, module.HEAPU8.slice(at, at + length), heapOf(module));
      if (hasReferences(type)) module.reclaim_vlen_memory(this.#id, inFile(path), name, BigInt(at));
      return value;
    });
  }

  #readElements(path: string, type: Datatype, shape: readonly number[], region: Selected): Hdf5Value {
    const length = elementCount(region.count) * type.size;
    if (length === 0) return decodeValue(type, region.shape, new Uint8Array(0), NOWHERE);
    if (hasReferences(type)) return this.#readReferring(path, type, shape, region, length);
    const bytes = this.#allocate(path, length);
    const rows = region.count[0] ?? 1;
    const rowBytes = length / rows;
    if (rowBytes > MOST_AT_ONCE) throw new UnsupportedError("too-large", "rows of more than 1 GiB", this.#place(path));
    const rowsAtOnce = Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
    this.#withMemory(path, Math.min(length, rowsAtOnce * rowBytes), (module, at) => {
      for (let row = 0; row < rows; row += rowsAtOnce) {
        const count = Math.min(rowsAtOnce, rows - row);
        const start = region.start.map((first, dim) => (dim === 0 ? first + row : first));
        const counts = region.count.map((along, dim) => (dim === 0 ? count : along));
        this.#readPart(module, path, shape, start, counts, at);
        bytes.set(module.HEAPU8.subarray(at, at + count * rowBytes), row * rowBytes);
      }
    });
    return decodeValue(type, region.shape, bytes, NOWHERE);
  }

  #readReferring(path: string, type: Datatype, shape: readonly number[], region: Selected, length: number): Hdf5Value {
    if (length > MOST_AT_ONCE)
      throw new UnsupportedError("too-large", "more than 1 GiB at once; select a part", this.#place(path));
    return this.#withMemory(path, length, (module, at) => {
      this.#readPart(module, path, shape, region.start, region.count, at);
      const value = decodeValue(type, region.shape, module.HEAPU8.slice(at, at + length), heapOf(module));
      module.reclaim_vlen_memory_count(this.#id, inFile(path), "", BigInt(at), region.count.map(BigInt));
      return value;
    });
  }

  #readPart(
    module: H5Module,
    path: string,
    shape: readonly number[],
    start: readonly number[],
    count: readonly number[],
    at: number,
  ): void {
    const [counts, starts, strides] = [count.map(BigInt), start.map(BigInt), shape.map(() => 1n)];
    const whole = shape.length === 0;
    const status = whole
      ? module.get_dataset_data(this.#id, inFile(path), null, null, null, BigInt(at))
      : module.get_dataset_data(this.#id, inFile(path), counts, starts, strides, BigInt(at));
    checkStatus(status);
  }

  #allocate(path: string, length: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(length);
    } catch (cause) {
      const reason = `${length} bytes are more than memory has; select a part`;
      throw new UnsupportedError("too-large", reason, { ...this.#place(path), cause });
    }
  }

  /** Runs with memory of WebAssembly, zeroed: what a failed read leaves is never looked at. */
  #withMemory<T>(path: string, length: number, use: (module: H5Module, at: number) => T): T {
    const at = this.#run(path, (module) => module._malloc(length)) >>> 0;
    if (at === 0)
      throw new UnsupportedError("too-large", `WebAssembly has no ${length} bytes; select a part`, this.#place(path));
    try {
      return this.#run(path, (module) => {
        module.HEAPU8.fill(0, at, at + length);
        return use(module, at);
      });
    } finally {
      this.#run(path, (module) => module._free(at));
    }
  }
}

/** A path as libhdf5 takes it. */
function inFile(path: string): string {
  return `/${namesOf(path).join("/")}`;
}

function checkStatus(status: number): void {
  if (status < 0) throw new Error("a read failed");
}

const NOWHERE: Elsewhere = {
  find: () => {
    throw new TypeError("elements that refer to nothing");
  },
};

/** What pointers in WebAssembly's memory point to: a string up to its NUL, or u32 elements, u32 pointer. */
function heapOf(module: H5Module): Elsewhere {
  return {
    find(type, bytes, at) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, type.size);
      const heap = module.HEAPU8;
      if (type.class === "vlen") {
        const start = view.getUint32(4, true);
        return heap.slice(start, start + view.getUint32(0, true) * type.base.size);
      }
      const start = view.getUint32(0, true);
      return start === 0 ? new Uint8Array(0) : heap.slice(start, heap.indexOf(0, start));
    },
  };
}
