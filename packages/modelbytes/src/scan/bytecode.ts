/** A longer text is looked at as far as this, in characters of base64. */
const MOST_TEXT = 2 ** 20;
const MOST_NAMES = 50;

/**
 * The names and texts in Python bytecode: what it imports, calls and says, and where its source was. `code` is what Keras stores of a
 * lambda, `marshal.dumps` in base64, or the bytes themselves as text before Keras 2. Nothing is unmarshalled: a string is whatever
 * has the mark of one, a length, and so many readable characters.
 */
export function namesInBytecode(code: string): string[] {
  const bytes = bytesOf(code.slice(0, MOST_TEXT));
  const found = new Set<string>();
  for (let at = 0; at < bytes.length && found.size < MOST_NAMES; ) {
    const text = stringAt(bytes, at);
    if (text === undefined) at++;
    else {
      found.add(text.value);
      at = text.end;
    }
  }
  return [...found];
}

function bytesOf(code: string): Uint8Array {
  let text = code;
  try {
    text = atob(code.replace(/\s/g, ""));
  } catch {
    // Keras 1 has no base64.
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Marks of marshal: ASCII with a length of one byte (`z`, `Z`), and text or bytes with one of four (`a`, `A`, `u`, `t`, `s`). */
const SHORT = "zZ";
const LONG = "aAuts";
/** Set where marshal refers to the object again. */
const REFERENCE = 0x80;
const READABLE = /^[\t\n\x20-\x7e]{2,}$/;

function stringAt(bytes: Uint8Array, at: number): { readonly value: string; readonly end: number } | undefined {
  const mark = String.fromCharCode((bytes[at] ?? 0) & ~REFERENCE);
  const isShort = SHORT.includes(mark);
  if (!isShort && !LONG.includes(mark)) return undefined;
  const start = at + (isShort ? 2 : 5);
  let length = 0;
  for (let index = start - 1; index > at; index--) length = length * 256 + (bytes[index] ?? 0);
  if (length > bytes.length - start) return undefined;
  const value = new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
  return READABLE.test(value) ? { value, end: start + length } : undefined;
}
