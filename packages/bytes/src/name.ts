/**
 * Names of tensors are bytes: nearly always UTF-8, never guaranteed to be. As a JavaScript string each byte that is not part of
 * valid UTF-8 becomes the lone surrogate U+DC00 + byte, Python's `surrogateescape` (PEP 383). The way back is exact, so that any
 * name can be listed, looked up, written again and printed as JSON.
 */

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
const ESCAPE = 0xdc00;

/** The name as a string. Any bytes are fine: `encodeName` gives the same ones back. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

/** Runs of valid characters as they are, every other byte escaped. */
function decodeEscaping(bytes: Uint8Array): string {
  let name = "";
  let start = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = characterLength(bytes, at);
    at += length;
    if (length > 0) continue;
    name += UTF8.decode(bytes.subarray(start, at)) + String.fromCharCode(ESCAPE + (bytes[at] ?? 0));
    start = ++at;
  }
  return name + UTF8.decode(bytes.subarray(start));
}

/**
 * Bytes of the valid UTF-8 character at `at`, or 0 if there is none. The bounds of the second byte rule out overlong forms
 * (E0, F0), surrogates (ED) and what is above U+10FFFF (F4).
 */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < lowest || second > highest) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let index = at + 2; index < at + length; index++) {
    if (((bytes[index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/**
 * The bytes of a name. Throws a `RangeError` for a lone surrogate that stands for no byte, that is any but U+DC80 to U+DCFF. As in
 * Python, escapes that make up a character are the character: both `"é"` and `"\udcc3\udca9"` are C3 A9.
 */
export function encodeName(name: string): Uint8Array<ArrayBuffer> {
  return encodeShortAscii(name) ?? encodeUnicode(name);
}

/** Up to this length a loop is sooner done than a call out of JavaScript; measured. */
const SHORT = 64;

function encodeShortAscii(name: string): Uint8Array<ArrayBuffer> | undefined {
  if (name.length > SHORT) return undefined;
  const bytes = new Uint8Array(name.length);
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    if (code >= 0x80) return undefined;
    bytes[index] = code;
  }
  return bytes;
}

function encodeUnicode(name: string): Uint8Array<ArrayBuffer> {
  if (name.isWellFormed()) return ENCODER.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff) bytes.push(code - ESCAPE);
    else if (code >= 0xd800 && code <= 0xdfff) {
      throw new RangeError(`the name ${JSON.stringify(name)} holds a lone surrogate that stands for no byte`);
    } else bytes.push(...ENCODER.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** Below zero, zero or above, as `a` sorts before, with or after `b`: unsigned bytes, a prefix first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** From here on the order of UTF-16 and that of bytes part: surrogates stand for larger characters, or for single bytes. */
const FIRST_SURROGATE = /[\ud800-\uffff]/;

/** The names in the order of their bytes, which is that of the keys in an index. */
export function sortNames(names: Iterable<string>): string[] {
  const sorted = [...names].sort();
  if (!sorted.some((name) => FIRST_SURROGATE.test(name))) return sorted;
  const encoded = sorted.map((name) => [encodeName(name), name] as const);
  return encoded.sort(([a], [b]) => compareBytes(a, b)).map(([, name]) => name);
}
