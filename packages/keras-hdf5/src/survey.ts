import { CorruptError, decodeName, ModelbytesError, NotFoundError, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5File, Hdf5Group, Hdf5Object, Hdf5Value } from "@modelbytes/hdf5";
import { everyObject, type FoundObject, type WalkOptions } from "./every-object.ts";
import { typed } from "./typed.ts";

/**
 * Bytes of all names of a file. Those of ten thousand layers are ten million; strings of a hostile file may all be the same megabyte.
 */
const MOST_NAME_BYTES: number = 2 ** 26;
/** What a name costs besides its letters. */
const NAME_BYTES = 16;

/** The objects of an HDF5 file and the values of their attributes, while the file is looked through. */
export class Survey {
  readonly file: Hdf5File;
  readonly root: Hdf5Group;
  /** What is wrong with the file's lists, in their order. */
  readonly damage: ModelbytesError[] = [];
  readonly #objects: ReadonlyMap<string, FoundObject>;
  readonly #options: WaitOptions;
  #nameBytes = MOST_NAME_BYTES;

  private constructor(file: Hdf5File, root: Hdf5Group, objects: Map<string, FoundObject>, options: WaitOptions) {
    this.file = file;
    this.root = root;
    this.#objects = objects;
    this.#options = options;
  }

  /** Looks at every object once. With `tolerant`, what cannot be read is passed over and noted; otherwise that rejects. */
  static async of(file: Hdf5File, { signal, tolerant }: WalkOptions): Promise<Survey> {
    const root = await file.group("/", { signal });
    return new Survey(file, root, await everyObject(file, root, { signal, tolerant }), { signal });
  }

  /** Every object once, the root first. */
  *objects(): Generator<Hdf5Object> {
    for (const object of this.#objects.values()) if (!(object instanceof ModelbytesError)) yield object;
  }

  /** The errors of objects that cannot be read. */
  *broken(): Generator<ModelbytesError> {
    for (const object of this.#objects.values()) if (object instanceof ModelbytesError) yield object;
  }

  /** The object at a path, or the error where it cannot be read; `undefined` where no hard link leads there. */
  known(path: string): FoundObject | undefined {
    return this.#objects.get(path);
  }

  /** What a path leads to, by soft links too; or the error, where it cannot be read, or a link leads out of the file or in circles. */
  async find(path: string): Promise<FoundObject | undefined> {
    const known = this.known(path);
    if (known !== undefined) return known;
    const found = await typed(this.file.object(path, this.#options));
    return found instanceof NotFoundError ? undefined : found;
  }

  /** The group at a path; `undefined` where there is none. */
  async group(path: string): Promise<Hdf5Group | undefined> {
    const found = await this.find(path);
    return found === undefined || found instanceof ModelbytesError || found.kind !== "group" ? undefined : found;
  }

  /**
   * A list of names as Keras stores it: in the attribute `name`, or where that would be too long for HDF5 in `name0`, `name1` and so
   * on. An empty list is an array of no floats. A list that is not there is empty. The error, where the list is damaged.
   */
  async names(object: Hdf5Object, name: string): Promise<readonly string[] | ModelbytesError> {
    return await typed(object.attributes.has(name) ? this.#list(object, name) : this.#pieces(object, name));
  }

  /** The text of an attribute, with bytes that are no UTF-8 as `decodeName` has them. `undefined` where there is none. */
  async text(object: Hdf5Object, name: string): Promise<string | undefined> {
    const value = await this.#value(object, name);
    if (value === undefined) return undefined;
    const [first] = value.dtype === "string" && value.data.length === 1 ? value.data : [];
    if (first !== undefined) return decodeName(first);
    this.corrupt("attribute", `the attribute ${JSON.stringify(name)} is no text`, object.path);
    return undefined;
  }

  /** A whole number from zero up; `undefined` where there is none. */
  async count(object: Hdf5Object, name: string): Promise<number | undefined> {
    const value = await this.#value(object, name);
    if (value === undefined) return undefined;
    const whole = value.dtype === "int64" || value.dtype === "int32" || value.dtype === "uint64";
    const count = whole && value.data.length === 1 ? Number(value.data[0]) : -1;
    if (count >= 0 && Number.isSafeInteger(count)) return count;
    this.corrupt("attribute", `the attribute ${JSON.stringify(name)} is no count`, object.path);
    return undefined;
  }

  /** Notes that a file is not what it says. */
  corrupt(code: string, reason: string, path: string): void {
    this.damage.push(new CorruptError(code, reason, { file: this.file.name, tensor: path }));
  }

  /** What a list gives: its names, or none and a note of what is wrong. */
  noted(names: readonly string[] | ModelbytesError): readonly string[] {
    if (!(names instanceof ModelbytesError)) return names;
    this.damage.push(names);
    return [];
  }

  async #value({ path, attributes }: Hdf5Object, name: string): Promise<Hdf5Value | undefined> {
    if (!attributes.has(name)) return undefined;
    const value = await typed(this.file.attribute(path, name, this.#options));
    if (!(value instanceof ModelbytesError)) return value;
    this.damage.push(value);
    return undefined;
  }

  async #pieces(object: Hdf5Object, name: string): Promise<readonly string[]> {
    const pieces: (readonly string[])[] = [];
    for (let piece = `${name}0`; object.attributes.has(piece); piece = `${name}${pieces.length}`) {
      pieces.push(await this.#list(object, piece));
    }
    return pieces.flat();
  }

  async #list({ path }: Hdf5Object, name: string): Promise<readonly string[]> {
    const place = { file: this.file.name, tensor: path };
    const value = await this.file.attribute(path, name, this.#options);
    const { dtype, shape } = value;
    if (dtype === "float64" && shape.length === 1 && shape[0] === 0) return [];
    if (dtype !== "string" || shape.length !== 1) {
      const found = shape === null ? "nothing" : `${dtype} of shape [${shape.join(", ")}]`;
      throw new CorruptError("names", `the attribute ${JSON.stringify(name)} is no list of names but ${found}`, place);
    }
    for (const { length } of value.data) this.#nameBytes -= NAME_BYTES + length;
    if (this.#nameBytes < 0) throw new CorruptError("names", "the file's names are longer than any model's", place);
    return value.data.map(decodeName);
  }
}
