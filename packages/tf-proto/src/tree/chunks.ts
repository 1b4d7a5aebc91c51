import { varintLength, writeVarint } from "@modelbytes/bytes";

/** What a message is too large for: lengths of protocol buffers are int32. */
export const MAX_BYTES: number = 2 ** 31 - 1;

const NOTHING = new Uint8Array(0);

/** A message on its way out, as pieces of bytes that are elsewhere already. Neighbours in the same bytes become one piece. */
export class Chunks {
  readonly #parts: Uint8Array[] = [];
  #bytes: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Adds a stretch of bytes. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.#length += end - start;
    if (bytes === this.#bytes && start === this.#end) this.#end = end;
    else {
      this.#flush();
      this.#bytes = bytes;
      this.#start = start;
      this.#end = end;
    }
  }

  /** Leaves a place for the header of a message whose length only shows when it has been added. */
  reserve(): number {
    this.#flush();
    return this.#parts.push(NOTHING) - 1;
  }

  /** Puts the header in its place. */
  fill(place: number, header: Uint8Array): void {
    this.#length += header.length;
    this.#parts[place] = header;
  }

  /** The pieces. Throws a `RangeError` if they are too long for a message. */
  finish(): readonly Uint8Array[] {
    this.#flush();
    if (this.#length > MAX_BYTES) throw new RangeError(`the message is longer than ${MAX_BYTES} bytes`);
    return this.#parts;
  }

  #flush(): void {
    if (this.#end > this.#start) this.#parts.push(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = NOTHING;
    this.#start = 0;
    this.#end = 0;
  }
}

/** Pieces in one. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The header of a record, a tag and a length, with another length. */
export function withLength(header: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const tagEnd = header.findIndex((byte) => byte < 0x80) + 1;
  const changed = new Uint8Array(tagEnd + varintLength(length));
  changed.set(header.subarray(0, tagEnd));
  writeVarint(changed, tagEnd, length);
  return changed;
}
