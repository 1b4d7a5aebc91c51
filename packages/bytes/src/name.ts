/**
 * Names of tensors are bytes: nearly always UTF-8, never guaranteed to be. As a JavaScript string each byte that is not part of
 * valid UTF-8 becomes the lone surrogate U+DC00 + byte, Python's `surrogateescape` (PEP 383). The way back is exact, so that any
 * name can be listed, looked up, written again and printed as JSON.
 */

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
const ESCAPE = 0xdc00;

/** The name as a string. Any bytes are fine. */
export function decodeName(bytes: Uint8Array): string {
  if (bytes.length <= LONGEST_LOOP) {
    let name = "";
    for (const byte of bytes) {
      if (byte >= 0x80) return decodeNonAscii(bytes);
      name += String.fromCharCode(byte);
    }
    return name;
  }
  return decodeNonAscii(bytes);
}

/** Up to here a loop over characters is quicker than a call of TextDecoder. */
const LONGEST_LOOP = 128;

function decodeNonAscii(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

function decodeEscaping(bytes: Uint8Array): string {
  let name = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    name +=
      length === 0 ? String.fromCharCode(ESCAPE + (bytes[at] ?? 0)) : UTF8.decode(bytes.subarray(at, at + length));
    at += length || 1;
  }
  return name;
}

/** Bytes of the valid UTF-8 character at `at`, or 0 if there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  try {
    UTF8.decode(bytes.subarray(at, at + length));
    return at + length <= bytes.length ? length : 0;
  } catch {
    return 0;
  }
}

/** The bytes of a name. Throws a `RangeError` for a lone surrogate that stands for no byte. */
export function encodeName(name: string): Uint8Array<ArrayBuffer> {
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
