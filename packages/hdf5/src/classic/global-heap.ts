import { CorruptError, type Place } from "@modelbytes/bytes";
import type { Elsewhere } from "../decode-value.ts";
import { hasReferences } from "../element.ts";
import type { Datatype } from "../model.ts";
import { Budget } from "./budget.ts";
import { MAX_NESTED_ELEMENTS } from "./limits.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { all, type Reading } from "./reading.ts";

/**
 * Global heap collections, which hold what elements of variable length refer to.
 *
 *     collection   "GCOL" 01 000000, L size of all, objects
 *     object       u16 index, u16 references, 4 zero, L size, bytes; index 0 is the free rest
 *     reference    u32 elements, A collection, u32 index; without elements there is no object
 *
 * Heads and bytes are padded to multiples of eight.
 */
interface Reference {
  readonly count: number;
  readonly collection: number | undefined;
  readonly index: number;
}

/** The elements of a reference, and where it was, for errors. */
interface Wanted {
  readonly reference: Reference;
  readonly base: Datatype | undefined;
}

type Collection = ReadonlyMap<number, Uint8Array>;

/** The objects that a value refers to, each copied once: equal references share their bytes. */
export class HeapObjects implements Elsewhere {
  readonly #file: MetadataFile;
  readonly #place: Place;
  readonly #budget: Budget;
  readonly #referred: Budget;
  /** What was copied, by the address of its collection and its index. */
  readonly #objects = new Map<number, Collection>();
  #elements = 0;

  private constructor(file: MetadataFile, place: Place) {
    this.#file = file;
    this.#place = place;
    this.#budget = new Budget(file.size);
    this.#referred = new Budget(file.size); // each element has an object of its own
  }

  /** Reads all that elements refer to, lists within lists as well. `place` is where the elements are, for errors. */
  static *of(file: MetadataFile, type: Datatype, bytes: Uint8Array, place: Place): Reading<HeapObjects> {
    const objects = new HeapObjects(file, place);
    if (!hasReferences(type)) return objects;
    let level = objects.#references(type, bytes);
    while (level.length > 0) {
      yield* objects.#collect(level);
      level = level.flatMap(({ base, reference }) =>
        base === undefined || !hasReferences(base)
          ? []
          : objects.#references(base, objects.#bytesOf(reference, base.size)),
      );
    }
    return objects;
  }

  find(type: Extract<Datatype, { class: "vlen" | "vlen-string" }>, bytes: Uint8Array, at: number): Uint8Array {
    const size = type.class === "vlen" ? type.base.size : 1;
    return this.#bytesOf(this.#referenceAt(bytes, at), size);
  }

  /** The references in elements of `type`. */
  #references(type: Datatype, bytes: Uint8Array): Wanted[] {
    const found: Wanted[] = [];
    for (let at = 0; at + type.size <= bytes.length; at += type.size) this.#gather(type, bytes, at, found);
    return found;
  }

  #gather(type: Datatype, bytes: Uint8Array, at: number, found: Wanted[]): void {
    if (!hasReferences(type)) return;
    if (type.class === "compound") {
      for (const member of type.members) this.#gather(member.type, bytes, at + member.offset, found);
    } else if (type.class === "array") {
      for (let start = 0; start < type.size; start += type.base.size) this.#gather(type.base, bytes, at + start, found);
    } else {
      if (++this.#elements > MAX_NESTED_ELEMENTS) {
        throw new CorruptError("too-many-elements", "lists within lists have too many elements", this.#place);
      }
      const reference = this.#referenceAt(bytes, at);
      const base = type.class === "vlen" ? type.base : undefined;
      this.#referred.spend(reference.count * (base?.size ?? 1), { place: this.#place });
      found.push({ reference, base });
    }
  }

  #referenceAt(bytes: Uint8Array, at: number): Reference {
    const { offsetSize } = this.#file.superblock;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8 + offsetSize);
    const low = view.getUint32(4, true);
    const high = offsetSize === 8 ? view.getUint32(8, true) : 0;
    const undefinedAddress = low === 0xffffffff && (offsetSize === 4 || high === 0xffffffff);
    const address = high * 2 ** 32 + low;
    const collection = undefinedAddress || address === 0 ? undefined : address;
    return { count: view.getUint32(0, true), collection, index: view.getUint32(4 + offsetSize, true) };
  }

  *#collect(wanted: readonly Wanted[]): Reading<void> {
    const missing = new Map<number, Set<number>>();
    for (const { reference } of wanted) {
      const { count, collection, index } = reference;
      if (count === 0 || collection === undefined || this.#objects.get(collection)?.has(index) === true) continue;
      const indices = missing.get(collection);
      if (indices === undefined) missing.set(collection, new Set([index]));
      else indices.add(index);
    }
    const collections = [...missing];
    for (let start = 0; start < collections.length; start += COLLECTIONS_AT_ONCE) {
      const some = collections.slice(start, start + COLLECTIONS_AT_ONCE);
      yield* all(some.map(([address, indices]) => this.#read(address, indices)));
    }
  }

  /** Copies objects of a collection. A level of lists may refer to one that was read for another level. */
  *#read(address: number, indices: ReadonlySet<number>): Reading<void> {
    const reader = yield* readCollection(this.#file, address, this.#place.tensor ?? "");
    if (!this.#objects.has(address)) this.#budget.spend(reader.end, reader);
    const objects = new Map(this.#objects.get(address));
    for (const [index, object] of findObjects(reader, indices)) objects.set(index, object.bytes.slice());
    this.#objects.set(address, objects);
  }

  #bytesOf({ count, collection, index }: Reference, size: number): Uint8Array {
    if (count === 0) return new Uint8Array(0);
    const object = collection === undefined ? undefined : this.#objects.get(collection)?.get(index);
    if (object === undefined) {
      const where = collection === undefined ? "no heap" : `the heap at address ${collection}`;
      throw new CorruptError("heap-object", `object ${index} of ${where} is not there`, this.#place);
    }
    if (count * size <= object.length) return object.subarray(0, count * size);
    const reason = `${count} elements of ${size} bytes in a heap object of ${object.length}`;
    throw new CorruptError("heap-object", reason, this.#place);
  }
}

/** One object of a collection. */
export function* readHeapObject(
  file: MetadataFile,
  address: number,
  index: number,
  place: Place,
): Reading<MetadataReader> {
  const reader = yield* readCollection(file, address, place.tensor ?? "");
  const object = findObjects(reader, new Set([index])).get(index);
  if (object !== undefined) return object;
  throw new CorruptError("heap-object", `object ${index} of the heap at address ${address} is not there`, place);
}

/** Collections that are read at once; most have 4,096 bytes. */
const COLLECTIONS_AT_ONCE = 256;

function* readCollection(file: MetadataFile, address: number, path: string): Reading<MetadataReader> {
  const headBytes = aligned(8 + file.superblock.lengthSize);
  const head = yield* file.read(address, headBytes, path);
  head.signature("GCOL");
  head.version("a global heap", 1);
  head.skip(3);
  const reader = yield* file.read(address, Math.max(head.length(), headBytes), path);
  reader.skip(headBytes);
  return reader;
}

/** Those objects of a collection that are wanted; what is behind the last of them is not looked at. */
function findObjects(reader: MetadataReader, indices: ReadonlySet<number>): Map<number, MetadataReader> {
  const headBytes = aligned(8 + reader.widths.lengthSize);
  const found = new Map<number, MetadataReader>();
  while (reader.remaining >= headBytes && found.size < indices.size) {
    const start = reader.position;
    const index = reader.uint16();
    reader.skip(6);
    const size = reader.length();
    if (index === 0) break; // the free rest
    reader.position = start + headBytes;
    if (size > reader.remaining) throw reader.corrupt("heap-object", `an object of ${size} bytes beyond its heap`);
    if (indices.has(index)) found.set(index, reader.piece(size));
    reader.position = Math.min(reader.end, start + headBytes + aligned(size));
  }
  return found;
}

function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}
