import { type Pieces, swapBytes, wholeElements } from "@modelbytes/tensor";

/** The bytes with every `unit` of them turned around: from the endianness of a file to that of pieces, and back. */
export async function* swappedPieces(pieces: Pieces, unit: number): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const bytes of wholeElements(pieces, unit)) yield swapBytes(bytes, unit);
}

/** Takes ranges out of pieces, which pass once. */
export class PieceReader {
  readonly #iterator: Iterator<Uint8Array> | AsyncIterator<Uint8Array>;
  readonly #size: number;
  /** What is left of the last piece. */
  #piece: Uint8Array = new Uint8Array(0);
  #position = 0;

  /** `size` is how many bytes the pieces are to have together. */
  constructor(pieces: Pieces, size: number) {
    this.#iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
    this.#size = size;
  }

  /**
   * The bytes from `start` to before `stop`; those before are passed over. Throws a `RangeError` where `start` has passed already,
   * and where the pieces have fewer bytes than they are to have or, once the last of them are taken, more.
   */
  async *bytes(start: number, stop: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (start < this.#position) throw new RangeError(`pieces pass once: byte ${start} has passed already`);
    while (this.#position < stop) {
      while (this.#piece.length === 0) if (!(await this.#next())) throw this.#wrongSize("only", this.#position);
      this.#take(Math.min(Math.max(start - this.#position, 0), this.#piece.length));
      const taken = this.#take(Math.min(stop - this.#position, this.#piece.length));
      if (taken.length > 0) yield taken;
    }
    if (stop < this.#size) return;
    // the maker of the pieces may have something to say at their end: that a checksum does not hold
    do if (this.#piece.length > 0) throw this.#wrongSize("more than", this.#size);
    while (await this.#next());
  }

  /** All bytes from `start` on. */
  async rest(start: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.#size - start);
    let at = 0;
    for await (const piece of this.bytes(start, this.#size)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** Lets the maker of the pieces know that no more are taken. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #next(): Promise<boolean> {
    const next = await this.#iterator.next();
    this.#piece = next.done === true ? new Uint8Array(0) : next.value;
    return next.done !== true;
  }

  #take(length: number): Uint8Array {
    const taken = this.#piece.subarray(0, length);
    this.#piece = this.#piece.subarray(length);
    this.#position += length;
    return taken;
  }

  #wrongSize(than: string, bytes: number): RangeError {
    return new RangeError(`${than} ${bytes} bytes came in pieces where ${this.#size} are expected`);
  }
}
