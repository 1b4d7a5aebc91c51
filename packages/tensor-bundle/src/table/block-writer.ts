import { ByteWriter } from "@modelbytes/bytes";

/** Collects the entries of a block (`block.ts` has the diagram). Keys come in ascending order. */
export class BlockWriter {
  readonly #restartInterval: number;
  readonly #entries: ByteWriter = new ByteWriter();
  #restarts: number[] = [0];
  #sinceRestart = 0;
  #lastKey: Uint8Array = new Uint8Array(0);

  constructor(restartInterval: number) {
    this.#restartInterval = restartInterval;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Bytes that the block would have if it ended here, without its trailer. */
  get size(): number {
    return this.#entries.length + 4 * this.#restarts.length + 4;
  }

  add(key: Uint8Array, value: Uint8Array): void {
    let shared = 0;
    if (this.#sinceRestart < this.#restartInterval) shared = sharedBytes(this.#lastKey, key);
    else {
      this.#restarts.push(this.#entries.length);
      this.#sinceRestart = 0;
    }
    this.#entries
      .varint(shared)
      .varint(key.length - shared)
      .varint(value.length);
    this.#entries.bytes(key.subarray(shared)).bytes(value);
    this.#lastKey = key;
    this.#sinceRestart++;
  }

  /** The block, and a writer that begins the next. */
  finish(): Uint8Array<ArrayBuffer> {
    for (const restart of this.#restarts) this.#entries.uint32(restart);
    const block = this.#entries.uint32(this.#restarts.length).finish();
    this.#entries.clear();
    this.#restarts = [0];
    this.#sinceRestart = 0;
    this.#lastKey = new Uint8Array(0);
    return block;
  }
}

/** The length of the common prefix. */
export function sharedBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < shorter && a[shared] === b[shared]) shared++;
  return shared;
}
