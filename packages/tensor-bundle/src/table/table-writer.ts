import { ByteWriter, compareBytes } from "@modelbytes/bytes";
import { BlockWriter, sharedBytes } from "./block-writer.ts";
import { type BlockHandle, encodeFooter, encodeHandle } from "./footer.ts";
import { encodeTrailer } from "./trailer.ts";

/** TensorFlow's settings, which decide where blocks are cut and so every byte behind. */
export interface TableSettings {
  /** A block is cut once it has so many bytes. */
  readonly blockSize: number;
  /** Entries from one restart to the next. */
  readonly restartInterval: number;
}

export const TENSORFLOW_SETTINGS: TableSettings = { blockSize: 262_144, restartInterval: 16 };

/** A block that is written but not yet listed: its index key depends on the key that follows. */
interface Pending {
  readonly lastKey: Uint8Array;
  readonly handle: BlockHandle;
}

/** Writes a table into memory, piece by piece. `table.ts` has the diagram. */
export class TableWriter {
  readonly #settings: TableSettings;
  readonly #block: BlockWriter;
  readonly #index: BlockWriter = new BlockWriter(1);
  readonly #file: ByteWriter = new ByteWriter();
  #lastKey: Uint8Array | undefined;
  #pending: Pending | undefined;

  constructor(settings: TableSettings = TENSORFLOW_SETTINGS) {
    this.#settings = settings;
    this.#block = new BlockWriter(settings.restartInterval);
  }

  /** Throws a `RangeError` for a key that is not above the one before. */
  add(key: Uint8Array, value: Uint8Array): void {
    if (this.#lastKey !== undefined) {
      if (compareBytes(this.#lastKey, key) >= 0) throw new RangeError("the keys of a table ascend");
      if (key.length + value.length >= 2 * this.#settings.blockSize) this.#cut();
    }
    if (this.#pending !== undefined) this.#list(this.#pending, shortestSeparator(this.#pending.lastKey, key));
    this.#block.add(key, value);
    this.#lastKey = key;
    if (this.#block.size >= this.#settings.blockSize) this.#cut();
  }

  /** The whole file. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#cut();
    const metaindex = this.#write(new BlockWriter(1).finish());
    if (this.#pending !== undefined) this.#list(this.#pending, shortSuccessor(this.#pending.lastKey));
    const index = this.#write(this.#index.finish());
    return this.#file.bytes(encodeFooter({ metaindex, index })).finish();
  }

  #cut(): void {
    if (this.#block.isEmpty || this.#lastKey === undefined) return;
    this.#pending = { lastKey: this.#lastKey, handle: this.#write(this.#block.finish()) };
  }

  #list({ handle }: Pending, key: Uint8Array): void {
    const value = new ByteWriter();
    encodeHandle(value, handle);
    this.#index.add(key, value.finish());
    this.#pending = undefined;
  }

  #write(block: Uint8Array): BlockHandle {
    const handle = { offset: this.#file.length, size: block.length };
    this.#file.bytes(block).bytes(encodeTrailer(block));
    return handle;
  }
}

/** A short key at or above `last` and below `next`. LevelDB's rule: raise the first byte that differs, if there is room for it. */
export function shortestSeparator(last: Uint8Array, next: Uint8Array): Uint8Array {
  const at = sharedBytes(last, next);
  const low = last[at];
  const high = next[at];
  if (low === undefined || high === undefined || low >= 0xff || low + 1 >= high) return last;
  return raise(last, at, low);
}

/** A short key above `last`: its first byte that can be raised, raised. */
export function shortSuccessor(last: Uint8Array): Uint8Array {
  const at = last.findIndex((byte) => byte !== 0xff);
  return at < 0 ? last : raise(last, at, last[at] ?? 0);
}

function raise(key: Uint8Array, at: number, byte: number): Uint8Array {
  const short = key.slice(0, at + 1);
  short[at] = byte + 1;
  return short;
}
