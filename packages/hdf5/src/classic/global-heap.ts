import { CorruptError, type Place } from "@modelbytes/bytes";
import type { Elsewhere } from "../decode-value.ts";
import { hasReferences } from "../element.ts";
import type { Datatype } from "../model.ts";
import { Budget } from "./budget.ts";
import { MAX_NESTED_ELEMENTS } from "./limits.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";

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
  readonly #collections = new Map<number, Collection>();
  #elements = 0;

  private constructor(file: MetadataFile, place: Place) {
    this.#file = file;
    this.#place = place;
    this.#budget = new Budget(file.size);
    this.#referred = new Budget(file.size); // each element has an object of its own
  }

  /** Reads all that elements refer to, lists within lists as well. `place` is where the elements are, for errors. */
  static async of(file: MetadataFile, type: Datatype, bytes: Uint8Array, place: Place): Promise<HeapObjects> {
    const objects = new HeapObjects(file, place);
    if (!hasReferences(type)) return objects;
    let level = objects.#references(type, bytes);
    while (level.length > 0) {
      await objects.#collect(level);
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
      this.#referred.spend(reference.count * (base?.size ?? 1), this.#place);
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

  async #collect(wanted: readonly Wanted[]): Promise<void> {
    const missing = new Set<number>();
    for (const { reference } of wanted) {
      const { count, collection } = reference;
      if (count > 0 && collection !== undefined && !this.#collections.has(collection)) missing.add(collection);
    }
    const addresses = [...missing];
    for (let start = 0; start < addresses.length; start += COLLECTIONS_AT_ONCE) {
      const some = addresses.slice(start, start + COLLECTIONS_AT_ONCE);
      await Promise.all(some.map(async (address) => this.#collections.set(address, await this.#read(address))));
    }
  }

  async #read(address: number): Promise<Collection> {
    const path = this.#place.tensor ?? "";
    const { lengthSize } = this.#file.superblock;
    const head = await this.#file.read(address, aligned(8 + lengthSize), path);
    head.signature("GCOL");
    head.version("a global heap", 1);
    head.skip(3);
    const size = head.length();
    this.#budget.spend(size, head.place);
    const reader = await this.#file.read(address, Math.max(size, head.end), path);
    reader.skip(head.end);
    return decodeObjects(reader);
  }

  #bytesOf({ count, collection, index }: Reference, size: number): Uint8Array {
    if (count === 0) return new Uint8Array(0);
    const object = collection === undefined ? undefined : this.#collections.get(collection)?.get(index);
    if (object === undefined) {
      const where = collection === undefined ? "no heap" : `the heap at address ${collection}`;
      throw new CorruptError("heap-object", `object ${index} of ${where} is not there`, this.#place);
    }
    if (count * size <= object.length) return object.subarray(0, count * size);
    const reason = `${count} elements of ${size} bytes in a heap object of ${object.length}`;
    throw new CorruptError("heap-object", reason, this.#place);
  }
}

/** Collections that are read at once; most have 4,096 bytes. */
const COLLECTIONS_AT_ONCE = 256;

function decodeObjects(reader: MetadataReader): Collection {
  const objects = new Map<number, Uint8Array>();
  const headBytes = aligned(8 + reader.widths.lengthSize);
  while (reader.remaining >= headBytes) {
    const head = reader.piece(headBytes);
    const index = head.uint16();
    head.skip(6);
    const size = head.length();
    if (index === 0) break; // the free rest
    objects.set(index, reader.view(size).slice());
    reader.skip(Math.min(reader.remaining, aligned(size) - size));
  }
  return objects;
}

function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}
