import type { Reader } from "./protobufjs.ts";

/** Longer strings hardly ever come again. */
const LONGEST = 40;
const SLOTS = 4096;

/**
 * Strings that were read before, to be used again. A graph has the same few names of ops, attributes and types thousands of times;
 * finding one here takes less time than making it, and a decoded graph less memory.
 */
export class RecentStrings {
  readonly #slots: string[] = new Array<string>(SLOTS).fill("");

  /** Reads a string as `reader.stringVerify()` does. */
  read(reader: Reader): string {
    const before = reader.pos;
    const length = reader.size();
    const start = reader.pos;
    const end = start + length;
    const hash = length > LONGEST || end > reader.len ? undefined : hashOfAscii(reader.buf, start, end);
    if (hash !== undefined) {
      const known = this.#slots[hash] ?? "";
      if (isAt(known, reader.buf, start, length)) {
        reader.pos = end;
        return known;
      }
    }
    reader.pos = before;
    const read = reader.stringVerify();
    if (hash !== undefined) this.#slots[hash] = read;
    return read;
  }
}

/** The slot of a string, or undefined if its characters are not all of one byte. */
function hashOfAscii(bytes: Uint8Array, start: number, end: number): number | undefined {
  let hash = 0;
  let all = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    all |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return all < 0x80 ? (hash ^ (hash >>> 12)) & (SLOTS - 1) : undefined;
}

function isAt(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}
