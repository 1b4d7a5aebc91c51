import {
  CorruptError,
  NotFoundError,
  type Place,
  type Source,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { select, wholeRegion } from "@modelbytes/tensor";
import { asDataset, asGroup } from "../as-kind.ts";
import { decodeValue } from "../decode-value.ts";
import type { Hdf5File, Hdf5ReadOptions } from "../hdf5-file.ts";
import type { Hdf5Dataset, Hdf5Group, Hdf5Object } from "../model.ts";
import { namesOf, normalPath } from "../path.ts";
import type { Hdf5Value } from "../value.ts";
import { readAttributes, readAttributeValue } from "./attributes.ts";
import { decodeDataset } from "./dataset.ts";
import { describe } from "./describe.ts";
import { HeapObjects } from "./global-heap.ts";
import { findLink, isGroup } from "./group.ts";
import { MAX_LINK_HOPS } from "./limits.ts";
import type { StoredLink } from "./messages/link.ts";
import type { MetadataFile } from "./metadata-file.ts";
import { type ObjectHeader, readObjectHeader } from "./object-header.ts";
import { readRegion } from "./read-dataset.ts";
import { walkObjects } from "./walk.ts";

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
    options.signal?.throwIfAborted();
    const header = await this.#find(path, options);
    return (await describe(this.#file, header)).object;
  }

  async group(path: string, options: WaitOptions = {}): Promise<Hdf5Group> {
    return asGroup(await this.object(path, options));
  }

  async dataset(path: string, options: WaitOptions = {}): Promise<Hdf5Dataset> {
    return asDataset(await this.object(path, options));
  }

  async attribute(path: string, name: string, options: WaitOptions = {}): Promise<Hdf5Value> {
    const header = await this.#find(path, options);
    const entry = (await readAttributes(this.#file, header)).find((attribute) => attribute.name === name);
    if (entry !== undefined) return await readAttributeValue(this.#file, entry);
    const reason = `the object has no attribute ${JSON.stringify(name)}`;
    throw new NotFoundError("no-attribute", reason, this.#place(normalPath(path)));
  }

  async attributes(path: string, options: WaitOptions = {}): Promise<Map<string, Hdf5Value>> {
    const entries = await readAttributes(this.#file, await this.#find(path, options));
    const values = new Map<string, Hdf5Value>();
    for (const entry of entries) values.set(entry.name, await readAttributeValue(this.#file, entry));
    return values;
  }

  async read(path: string, options: Hdf5ReadOptions = {}): Promise<Hdf5Value> {
    const { signal, scratch } = options;
    const header = await this.#find(path, { signal });
    if (isGroup(header)) throw new TypeError(`${JSON.stringify(header.path)} is a group, not a dataset`);
    const dataset = await decodeDataset(this.#file, header);
    const { shape, datatype } = dataset;
    if (shape === null) return { dtype: "null", shape };
    const region = options.select === undefined ? { ...wholeRegion(shape), shape } : select(options.select, shape);
    const bytes = await readRegion(this.#file, { ...dataset, shape }, region, { signal, scratch });
    const objects = await HeapObjects.of(this.#file, datatype, bytes, this.#place(header.path));
    return decodeValue(datatype, region.shape, bytes, objects);
  }

  async *walk(options: WaitOptions = {}): AsyncGenerator<Hdf5Object, void, undefined> {
    const root = await this.#find("/", options);
    for await (const { address, object } of walkObjects(this.#file, root, options)) {
      this.#remember(object.path, address);
      yield object;
    }
  }

  async close(): Promise<void> {
    await this.#source.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #place(path: string): Place {
    return { file: this.name, tensor: path };
  }

  #remember(path: string, address: number): void {
    if (this.#addresses.size < MOST_ADDRESSES) this.#addresses.set(path, address);
  }

  /** The header of what a path leads to. */
  async #find(path: string, options: WaitOptions): Promise<ObjectHeader> {
    options.signal?.throwIfAborted();
    const wanted = normalPath(path);
    const known = this.#addresses.get(wanted);
    if (known !== undefined) return await readObjectHeader(this.#file, known, wanted);
    const header = await this.#follow(namesOf(path), wanted);
    options.signal?.throwIfAborted();
    this.#remember(wanted, header.address);
    return header;
  }

  async #follow(names: string[], wanted: string): Promise<ObjectHeader> {
    const { root } = this.#file.superblock;
    let header = await readObjectHeader(this.#file, root, "/");
    let hops = 0;
    /** The names that led to `header`, for soft links from its group. */
    let way: string[] = [];
    const left = [...names];
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const link = isGroup(header) ? await findLink(this.#file, header, name) : undefined;
      if (link === undefined) {
        const reason = `${JSON.stringify(way.join("/") || "/")} has no ${JSON.stringify(name)} in it`;
        throw new NotFoundError("no-object", reason, this.#place(wanted));
      }
      if (link.kind === "hard") {
        way.push(name);
        header = await readObjectHeader(this.#file, link.address, left.length === 0 ? wanted : way.join("/"));
        continue;
      }
      const target = this.#targetOf(link, wanted);
      if (++hops > MAX_LINK_HOPS)
        throw new CorruptError("link-cycle", "soft links that lead to each other", this.#place(wanted));
      left.unshift(...namesOf(target));
      const start = target.startsWith("/") ? root : header.address;
      if (target.startsWith("/")) way = [];
      header = await readObjectHeader(this.#file, start, way.join("/") || "/");
    }
    return header;
  }

  #targetOf(link: Exclude<StoredLink, { kind: "hard" }>, path: string): string {
    if (link.kind === "soft") return link.target;
    const reason =
      link.kind === "external"
        ? `${JSON.stringify(link.target)} of another file, ${JSON.stringify(link.file)}, which is not opened`
        : `a user-defined link of type ${link.type}`;
    throw new UnsupportedError("external-link", `the path leads to ${reason}`, this.#place(path));
  }
}
