import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { unescapeText } from "./strings.ts";

/** Where something is in a text: lines and columns from 1, columns as JavaScript counts characters. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A text that is not in the text format, or says what its schema does not know. The code is `"text-format"`. */
export class TextFormatError extends CorruptError {
  readonly line: number;
  readonly column: number;

  constructor(reason: string, { line, column }: TextPosition, place: Place = {}) {
    super("text-format", `line ${line}, column ${column}: ${reason}`, place);
    this.line = line;
    this.column = column;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What fits into a string of V8; other engines allow more. */
const MOST_BYTES = 2 ** 29 - 24;

/** The text of a file. As in Python a byte order mark is no part of the format. */
export function decodeText(bytes: Uint8Array, place: Place): string {
  if (bytes.length > MOST_BYTES) {
    throw new UnsupportedError("text-length", `a text of ${bytes.length} bytes is too long for a string`, place);
  }
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new CorruptError("text-format", "the text is not valid UTF-8", { ...place, cause });
  }
}

/** What Python's `\s` matches beyond ASCII. */
const WIDE_SPACE = /[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Identifiers and numbers, as generously as Python cuts them: what a number is is checked when it is read as one. */
const WORD = /[a-zA-Z_][0-9a-zA-Z_+-]*|(?:[0-9+-]|\.[0-9])[0-9a-zA-Z_.+-]*/y;

const NEWLINE = 0x0a;
const DOUBLE_QUOTE = 0x22;
const HASH = 0x23;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;

/** Cuts a text into tokens, and shows one at a time: a word, a string with its quotes, or a single character. */
export class TextTokens implements TextPosition {
  kind: "word" | "string" | "sign" | "end" = "end";
  /** Empty at the end. */
  token = "";
  line = 1;
  column = 1;
  readonly place: Place;
  readonly #text: string;
  #at = 0;
  #lineStart = 0;

  constructor(text: string, place: Place) {
    this.#text = text;
    this.place = place;
    this.next();
  }

  /** Goes on to the next token. */
  next(): void {
    this.#skipSpace();
    const start = this.#at;
    this.column = start - this.#lineStart + 1;
    const first = this.#text.charCodeAt(start);
    WORD.lastIndex = start;
    if (Number.isNaN(first)) this.kind = "end";
    else if (first === DOUBLE_QUOTE || first === SINGLE_QUOTE) {
      this.kind = "string";
      this.#at = this.#stringEnd(first);
    } else if (WORD.test(this.#text)) {
      this.kind = "word";
      this.#at = WORD.lastIndex;
    } else {
      this.kind = "sign";
      this.#at++;
    }
    this.token = this.#text.slice(start, this.#at);
  }

  /** Goes on if the token is this sign. */
  skip(sign: string): boolean {
    if (this.kind !== "sign" || this.token !== sign) return false;
    this.next();
    return true;
  }

  /** The bytes of this string and of those that follow it. */
  takeString(): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (; this.kind === "string"; this.next()) {
      parts.push(unescapeText(this.token.slice(1, -1), (reason) => this.error(reason)));
    }
    const [first] = parts;
    return first !== undefined && parts.length === 1 ? first : joined(parts);
  }

  /** The token for a message. */
  describe(): string {
    if (this.kind === "end") return "the end of the text";
    return quote(this.token);
  }

  error(reason: string, at: TextPosition = this): TextFormatError {
    return new TextFormatError(reason, at, this.place);
  }

  /** Also skips comments, which reach to the end of their line. */
  #skipSpace(): void {
    const text = this.#text;
    let at = this.#at;
    for (; ; at++) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE) {
        this.line++;
        this.#lineStart = at + 1;
      } else if (code === HASH) {
        const end = text.indexOf("\n", at);
        at = (end < 0 ? text.length : end) - 1;
      } else if (!isSpace(code)) break;
    }
    this.#at = at;
  }

  /** The offset behind a string's closing quote. A string ends on its line. */
  #stringEnd(quote: number): number {
    const text = this.#text;
    for (let at = this.#at + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) return at + 1;
      if (code === BACKSLASH && text.charCodeAt(at + 1) !== NEWLINE) at++;
      else if (code === NEWLINE) break;
    }
    throw this.error("the string has no closing quote");
  }
}

/** A piece of the text for a message, cut short. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** Whether Python takes a character for a space; it does so with the separators of ASCII, too. False for the end of the text. */
function isSpace(code: number): boolean {
  if (code <= 0x20) return code >= 0x1c || (code >= 0x09 && code <= 0x0d);
  return code >= 0x80 && WIDE_SPACE.test(String.fromCharCode(code));
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
