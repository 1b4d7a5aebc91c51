import {
  CorruptError,
  ModelbytesError,
  NotFoundError,
  type Source,
  sortNames,
  type WaitOptions,
} from "@modelbytes/bytes";
import type {
  Hdf5Attribute,
  Hdf5Dataset,
  Hdf5File,
  Hdf5Group,
  Hdf5Link,
  Hdf5Object,
  Hdf5ReadOptions,
  Hdf5Value,
} from "@modelbytes/hdf5";
import { everyObject, type WalkOptions } from "./every-object.ts";

/** One of the files that make up weights. */
export interface Shard {
  /** What an index calls it. */
  readonly name: string;
  readonly file: Hdf5File;
  /** The bytes that `file` reads. */
  readonly source: Source;
}

/** An object, and the shard that it is in; of a group, every shard that has a part of it. */
interface Found {
  readonly object: Hdf5Object;
  readonly shards: readonly Shard[];
}

/** Several HDF5 files as one: groups of the same path are one group. Soft links, which Keras does not make, lead nowhere. */
export class JoinedFile implements Hdf5File {
  readonly engine: Hdf5File["engine"];
  readonly name: string;
  /** The errors of objects that cannot be read, by their paths. */
  readonly broken: ReadonlyMap<string, ModelbytesError>;
  readonly #shards: readonly Shard[];
  readonly #objects: ReadonlyMap<string, Found>;

  private constructor(
    name: string,
    shards: readonly Shard[],
    objects: ReadonlyMap<string, Found>,
    broken: ReadonlyMap<string, ModelbytesError>,
  ) {
    this.name = name;
    this.broken = broken;
    this.engine = shards[0]?.file.engine ?? "classic";
    this.#shards = shards;
    this.#objects = objects;
  }

  /** Looks at every object, with `tolerant` passing over those that cannot be read. Throws a `CorruptError` (`"shards"`) for a dataset that two of the files have. */
  static async of(name: string, shards: readonly Shard[], options: WalkOptions): Promise<JoinedFile> {
    const root: Hdf5Group = { kind: "group", path: "/", attributes: new Map(), links: new Map() };
    const objects = new Map<string, Found>([["/", { object: root, shards: [] }]]); // an index may map nothing
    const broken = new Map<string, ModelbytesError>();
    for (const shard of shards) {
      const top = await shard.file.group("/", options);
      for (const [path, found] of await everyObject(shard.file, top, options)) {
        if (found instanceof ModelbytesError) broken.set(path, found);
        else objects.set(path, joined(objects.get(path), found, shard));
      }
    }
    return new JoinedFile(name, shards, objects, broken);
  }

  /** The names of the shards that have an object, or a part of it. */
  shardsOf(path: string): string[] {
    return (this.#objects.get(path)?.shards ?? []).map(({ name }) => name);
  }

  async object(path: string): Promise<Hdf5Object> {
    return this.#find(path).object;
  }

  async group(path: string): Promise<Hdf5Group> {
    const { object } = this.#find(path);
    if (object.kind !== "group") throw new TypeError(`${JSON.stringify(path)} is a ${object.kind}, not a group`);
    return object;
  }

  async dataset(path: string): Promise<Hdf5Dataset> {
    const { object } = this.#find(path);
    if (object.kind !== "dataset") throw new TypeError(`${JSON.stringify(path)} is a ${object.kind}, not a dataset`);
    return object;
  }

  async attribute(path: string, name: string, options: WaitOptions = {}): Promise<Hdf5Value> {
    for (const { file } of this.#find(path).shards) {
      if ((await file.object(path, options)).attributes.has(name)) return await file.attribute(path, name, options);
    }
    const reason = `the object has no attribute ${JSON.stringify(name)}`;
    throw new NotFoundError("no-attribute", reason, { file: this.name, tensor: path });
  }

  async attributes(path: string, options: WaitOptions = {}): Promise<Map<string, Hdf5Value>> {
    const values = await Promise.all(this.#find(path).shards.map(({ file }) => file.attributes(path, options)));
    return new Map(values.reverse().flatMap((each) => [...each]));
  }

  async read(path: string, options: Hdf5ReadOptions = {}): Promise<Hdf5Value> {
    const [shard] = this.#find(path).shards;
    if (shard === undefined) throw this.#absent(path);
    return await shard.file.read(path, options);
  }

  async *walk({ signal }: WaitOptions = {}): AsyncGenerator<Hdf5Object, void, undefined> {
    for (const path of sortNames(this.#objects.keys())) {
      signal?.throwIfAborted();
      if (path !== "/") yield this.#find(path).object;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map(({ file }) => file.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #find(path: string): Found {
    const found = this.#objects.get(path);
    if (found === undefined) throw this.broken.get(path) ?? this.#absent(path);
    return found;
  }

  #absent(path: string): NotFoundError {
    return new NotFoundError("no-object", "none of the shards has such an object", { file: this.name, tensor: path });
  }
}

function joined(known: Found | undefined, object: Hdf5Object, shard: Shard): Found {
  if (known === undefined) return { object, shards: [shard] };
  const { object: first, shards } = known;
  if (first.kind !== "group" || object.kind !== "group") {
    const reason = `the shard ${JSON.stringify(shards[0]?.name)} has it, too`;
    throw new CorruptError("shards", reason, { file: shard.file.name, tensor: object.path });
  }
  const attributes = new Map<string, Hdf5Attribute>([...object.attributes, ...first.attributes]);
  const links = new Map<string, Hdf5Link>([...first.links, ...object.links]);
  return { object: { ...first, attributes, links, creationOrder: undefined }, shards: [...shards, shard] };
}
