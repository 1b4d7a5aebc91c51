import { Crc32cBuffer } from "./crc32c/crc32c.ts";

/** The least bytes of a buffer, so that small ones serve each other. */
const SMALLEST = 2 ** 16;

/**
 * Memory to read into that is borrowed and given back: what is read next takes what nobody looks at any more. New memory costs more
 * than reading, as the system clears every page of it.
 */
export class Buffers {
  readonly #left: Crc32cBuffer[] = [];

  /** One of at least `length` bytes. Throws a `RangeError` for more than 1 GiB. */
  borrow(length: number): Crc32cBuffer {
    const fitting = this.#left.findIndex(({ bytes }) => bytes.length >= length);
    const [found] = fitting < 0 ? [] : this.#left.splice(fitting, 1);
    if (found !== undefined) return found;
    this.#left.pop(); // is too small: a larger one takes its place
    return new Crc32cBuffer(Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(length))));
  }

  /** Only when nobody reads into them any more, and nobody looks at them. */
  giveBack(...buffers: readonly Crc32cBuffer[]): void {
    this.#left.push(...buffers);
  }
}
