import { encodeName } from "@modelbytes/bytes";

/**
 * Strings as Python's `text_format` writes and reads them, between quotes:
 *
 *     \n \t \r \" \' \\          written so, and read; \a \b \f \v are only read
 *     \001 \177                  other control characters and DEL; of a field of bytes also every byte from 0x80 up
 *     \7 \x7 \x7f \u00e9 \U0001f600      only read: one to three octal or one or two hexadecimal digits are a byte,
 *                                four or eight hexadecimal digits a character
 *     é                          everything else as it is, in UTF-8
 */

const NAMED: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  '"': '\\"',
  "'": "\\'",
  "\\": "\\\\",
};

/** The escapes of single characters, by the code of the letter behind the backslash. */
const LETTERS: ReadonlyMap<number, number> = new Map(
  Object.entries({
    n: 0x0a,
    t: 0x09,
    r: 0x0d,
    a: 0x07,
    b: 0x08,
    f: 0x0c,
    v: 0x0b,
    "\\": 0x5c,
    "'": 0x27,
    '"': 0x22,
  }).map(([letter, code]) => [letter.charCodeAt(0), code]),
);

/** The escapes with hexadecimal digits: how many there are at least and at most. */
const HEXADECIMAL: ReadonlyMap<number, readonly [least: number, most: number]> = new Map([
  ["x".charCodeAt(0), [1, 2]],
  ["u".charCodeAt(0), [4, 4]],
  ["U".charCodeAt(0), [8, 8]],
]);

const BACKSLASH = 0x5c;

/** A string, or the value of a field of bytes, in double quotes. */
export function stringifyTextString(value: string | Uint8Array): string {
  return `"${typeof value === "string" ? escapeCharacters(value) : escapeBytes(value)}"`;
}

function escapeCharacters(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  return text.replace(/[\x00-\x1f"'\\\x7f]/g, (character) => NAMED[character] ?? octal(character.charCodeAt(0)));
}

function octal(code: number): string {
  return `\\${code.toString(8).padStart(3, "0")}`;
}

/** What each byte is written as, in ASCII codes. */
const WRITTEN: readonly Uint8Array[] = Array.from({ length: 256 }, (_, byte) =>
  encodeName(byte < 0x80 ? escapeCharacters(String.fromCharCode(byte)) : octal(byte)),
);

/** So many bytes are escaped at a time, into a buffer that has room for any of them. */
const PIECE_BYTES = 16_384;
const LONGEST_ESCAPE = 4;

const ASCII = new TextDecoder();

function escapeBytes(bytes: Uint8Array): string {
  const written = new Uint8Array(LONGEST_ESCAPE * Math.min(bytes.length, PIECE_BYTES));
  let text = "";
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    let length = 0;
    for (const byte of bytes.subarray(start, start + PIECE_BYTES)) {
      for (const code of WRITTEN[byte] ?? []) written[length++] = code;
    }
    text += ASCII.decode(written.subarray(0, length));
  }
  return text;
}

/**
 * The bytes of what stands between the quotes of a string. As in Python an unknown escape stands for itself. What `error` makes of
 * a reason is thrown for digits that are missing or make no byte and no character, and for lone surrogates.
 */
export function unescapeText(text: string, error: (reason: string) => Error): Uint8Array<ArrayBuffer> {
  if (!text.isWellFormed()) throw error("the string holds half of a character");
  const bytes = encodeName(text);
  const first = bytes.indexOf(BACKSLASH);
  return first < 0 ? bytes : bytes.slice(0, unescapeInPlace(bytes, first, error));
}

/** Nothing gets longer when it is unescaped. Returns the length of what is left. */
function unescapeInPlace(bytes: Uint8Array, from: number, error: (reason: string) => Error): number {
  let to = from;
  for (let at = from; at < bytes.length; ) {
    const byte = bytes[at++] ?? 0;
    const letter = bytes[at] ?? 0;
    const simple = byte === BACKSLASH ? LETTERS.get(letter) : undefined;
    if (simple !== undefined) {
      bytes[to++] = simple;
      at++;
    } else if (byte === BACKSLASH && isOctal(letter)) {
      const end = digitsEnd(bytes, at, 3, isOctal);
      bytes[to++] = octalByte(bytes.subarray(at, end), error);
      at = end;
    } else if (byte === BACKSLASH && HEXADECIMAL.has(letter)) {
      const [least, most] = HEXADECIMAL.get(letter) ?? [0, 0];
      const end = digitsEnd(bytes, at + 1, most, isHexadecimal);
      if (end < at + 1 + least) throw error(`\\${String.fromCharCode(letter)} without its digits in a string`);
      const code = Number.parseInt(ASCII.decode(bytes.subarray(at + 1, end)), 16);
      if (most === 2) bytes[to++] = code;
      else to = putCharacter(bytes, to, code, error);
      at = end;
    } else bytes[to++] = byte;
  }
  return to;
}

function isOctal(code: number): boolean {
  return code >= 0x30 && code <= 0x37;
}

function isHexadecimal(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

function digitsEnd(bytes: Uint8Array, start: number, most: number, isDigit: (code: number) => boolean): number {
  let end = start;
  while (end < start + most && isDigit(bytes[end] ?? 0)) end++;
  return end;
}

function octalByte(digits: Uint8Array, error: (reason: string) => Error): number {
  let byte = 0;
  for (const digit of digits) byte = byte * 8 + digit - 0x30;
  if (byte > 0xff) throw error(`\\${byte.toString(8)} is no byte`);
  return byte;
}

function putCharacter(bytes: Uint8Array, to: number, code: number, error: (reason: string) => Error): number {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw error(`U+${code.toString(16)} is no character`);
  const character = encodeName(String.fromCodePoint(code));
  bytes.set(character, to);
  return to + character.length;
}
