import { ByteWriter, decodeName } from "@modelbytes/bytes";
import type { BlockCursor } from "./table/block.ts";

/** Bytes of keys that are decoded together. The keys of a hostile block may have many more bytes than it. */
export const LARGEST_KEYS: number = 2 ** 18;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Keys that become names together. Decoding text is a call out of JavaScript, and an index may have a million keys: here they are
 * written one behind another, decoded at once, and cut. Engines keep the text as long as a name that was cut from it.
 */
export class KeyNames {
  readonly #keys: ByteWriter = new ByteWriter();
  /** Where each key ends. */
  #ends: number[] = [];

  /** Bytes of all keys. */
  get length(): number {
    return this.#keys.length;
  }

  /** Adds the key of an entry. */
  add({ key, keyLength }: BlockCursor): void {
    this.#ends.push(this.#keys.bytes(key.subarray(0, keyLength)).length);
  }

  /** The names of the keys since the last call. */
  take(): string[] {
    const bytes = this.#keys.peek();
    const text = decodeAscii(bytes);
    let start = 0;
    const names = this.#ends.map((end) => {
      const name = text === undefined ? decodeName(bytes.subarray(start, end)) : text.slice(start, end);
      start = end;
      return name;
    });
    this.#keys.clear();
    this.#ends = [];
    return names;
  }
}

/** The text, if each of its bytes is a character. */
function decodeAscii(bytes: Uint8Array): string | undefined {
  try {
    const text = UTF8.decode(bytes);
    return text.length === bytes.length ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The name of the entry where `cursor` is. */
export function nameOf({ key, keyLength }: BlockCursor): string {
  return decodeName(key.subarray(0, keyLength));
}
