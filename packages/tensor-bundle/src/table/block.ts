import { ByteReader, CorruptError, compareBytes, type Place } from "@modelbytes/bytes";
import { firstIndex } from "../first-index.ts";
import type { BlockContents } from "./trailer.ts";

/**
 * A block: sorted keys with their values, each key without the bytes that it shares with the key before.
 *
 *     entry        varint32 shared ‖ varint32 unshared ‖ varint32 value length ‖ unshared bytes of the key ‖ value
 *     block        entry … entry ‖ uint32 restart … ‖ uint32 number of restarts
 *
 * A restart is the offset of an entry that shares nothing, so that a search can begin there: every 16th entry, in an index block
 * every one. A block without restarts is empty.
 */

const RESTART_BYTES = 4;

/** Room for keys at first. */
const KEY_BYTES = 256;

/** Goes through the entries of a block in their order. Its properties are those of the entry where it is: a table may have millions. */
export class BlockCursor {
  readonly bytes: Uint8Array;
  /** The key, in the first `keyLength` of these bytes; the next entry overwrites it. */
  key: Uint8Array = new Uint8Array(KEY_BYTES);
  keyLength = 0;
  /** Whether the key is above the one before it in the block; the first one is above nothing unless it is empty. */
  ascends = false;
  /** Where the value is in `bytes`. */
  valueStart = 0;
  valueEnd = 0;
  readonly #compressed: boolean;
  readonly #place: Place;
  #entries: Entries | undefined;

  /** Of a block that begins at `place.offset`. */
  constructor({ bytes, compressed }: BlockContents, place: Place) {
    this.bytes = bytes;
    this.#compressed = compressed;
    this.#place = place;
  }

  /** Goes to the next entry, the first time to the first one; false behind the last. Throws a `CorruptError` where a rule is broken. */
  next(): boolean {
    try {
      return this.#step(this.#opened());
    } catch (cause) {
      if (!(cause instanceof CorruptError) || !this.#compressed) throw cause;
      const reason = `${cause.message} (counted in the decompressed block)`;
      throw new CorruptError(cause.code, reason, { ...this.#place, cause });
    }
  }

  /**
   * Goes to the entry of a key in a block whose keys ascend; false where it has none. The keys at restarts are searched by halves, then
   * the entries from one restart to the next.
   */
  find(key: Uint8Array): boolean {
    const behind = firstIndex(this.#opened().restarts.count, (restart) => {
      this.#goTo(restart);
      return this.next() && this.compareKey(key) > 0;
    });
    this.#goTo(Math.max(0, behind - 1));
    while (this.next()) {
      const order = this.compareKey(key);
      if (order >= 0) return order === 0;
    }
    return false;
  }

  /** Below zero, zero or above, as the key sorts before, with or after `other`. */
  compareKey(other: Uint8Array): number {
    return compareBytes(this.key.subarray(0, this.keyLength), other);
  }

  copyKey(): Uint8Array {
    return this.key.slice(0, this.keyLength);
  }

  /** Goes to where the next entry is that of a restart; that of the first is the first entry, whatever the restart says. */
  #goTo(restart: number): void {
    const { reader, restarts } = this.#opened();
    restarts.goTo(restart);
    reader.position = restart === 0 ? 0 : (restarts.next ?? 0);
    this.keyLength = 0;
  }

  #opened(): Entries {
    this.#entries ??= entriesOf(this.bytes, this.#compressed ? {} : this.#place);
    return this.#entries;
  }

  /** Where the value begins, for errors about it. */
  place(): Place {
    if (this.#compressed) return this.#place;
    return { file: this.#place.file, offset: (this.#place.offset ?? 0) + this.valueStart };
  }

  #step({ reader, restarts }: Entries): boolean {
    if (reader.remaining === 0) {
      if (restarts.next === undefined) return false;
      const reason = `restart ${restarts.number} points to byte ${restarts.next}, where no entry begins`;
      throw reader.corrupt("block-restart", reason);
    }
    const at = reader.position;
    const shared = reader.varint32();
    const unshared = reader.varint32();
    const valueLength = reader.varint32();
    if (shared > this.keyLength) {
      throw reader.corrupt("block-entry", `a key shares ${shared} bytes with one of ${this.keyLength}`, at);
    }
    if (restarts.next === at) {
      restarts.goTo(restarts.number + 1);
      if (shared !== 0)
        throw reader.corrupt("block-restart", `the entry at a restart shares ${shared} bytes of its key`, at);
    }
    const restAt = reader.position;
    reader.skip(unshared);
    this.#takeKey(shared, restAt, unshared);
    this.valueStart = reader.position;
    reader.skip(valueLength);
    this.valueEnd = reader.position;
    return true;
  }

  /** Puts the key together. Loops, as keys are short. */
  #takeKey(shared: number, restAt: number, unshared: number): void {
    const length = shared + unshared;
    if (length > this.key.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.key.length));
      larger.set(this.key);
      this.key = larger;
    }
    const { bytes, key, keyLength } = this;
    let difference = 0;
    for (let index = 0; index < unshared; index++) {
      const byte = bytes[restAt + index] ?? 0;
      const to = shared + index;
      if (difference === 0) difference = to < keyLength ? byte - (key[to] ?? 0) : 1;
      key[to] = byte;
    }
    this.ascends = difference > 0 || (difference === 0 && length > keyLength);
    this.keyLength = length;
  }
}

export interface BlockEntry {
  readonly key: Uint8Array;
  /** A view of the block. */
  readonly value: Uint8Array;
  /** Where the value begins, for errors about it. */
  readonly place: Place;
}

/** The entries of a block that begins at `place.offset`, in order. Throws a `CorruptError` at the first that breaks a rule. */
export function* readBlock(block: BlockContents, place: Place): Generator<BlockEntry> {
  const cursor = new BlockCursor(block, place);
  while (cursor.next()) {
    const value = block.bytes.subarray(cursor.valueStart, cursor.valueEnd);
    yield { key: cursor.copyKey(), value, place: cursor.place() };
  }
}

/** The entries of a block as bytes, and its restarts. */
interface Entries {
  readonly reader: ByteReader;
  readonly restarts: Restarts;
}

function entriesOf(block: Uint8Array, place: Place): Entries {
  const restarts = new Restarts(block, place);
  return { reader: new ByteReader(block.subarray(0, restarts.start), place), restarts };
}

/** The restarts at the end of a block, one after another. */
class Restarts {
  /** Where they begin and the entries end. */
  readonly start: number;
  readonly count: number;
  /** Which of them comes next. */
  number = 0;
  /** Where its entry is; `undefined` behind the last. */
  next: number | undefined;
  readonly #view: DataView;

  /** Throws a `CorruptError` where the block has no room for as many as it counts. */
  constructor(block: Uint8Array, place: Place) {
    const tail = new ByteReader(block, place);
    if (block.length < RESTART_BYTES)
      throw tail.corrupt("block-restart", `a block of ${block.length} bytes has no restarts`);
    tail.skip(block.length - RESTART_BYTES);
    const count = tail.uint32();
    const start = block.length - RESTART_BYTES * (count + 1);
    if (start < 0) {
      const reason = `a block of ${block.length} bytes claims ${count} restarts`;
      throw tail.corrupt("block-restart", reason, block.length - RESTART_BYTES);
    }
    this.#view = new DataView(block.buffer, block.byteOffset + start, RESTART_BYTES * count);
    this.count = count;
    this.start = count === 0 ? 0 : start;
    this.next = this.#offset(0);
    if (start === 0 && count === 1 && this.next === 0) this.next = undefined;
  }

  goTo(number: number): void {
    this.number = number;
    this.next = this.#offset(number);
  }

  #offset(number: number): number | undefined {
    const at = RESTART_BYTES * number;
    return at < this.#view.byteLength ? this.#view.getUint32(at, true) : undefined;
  }
}
