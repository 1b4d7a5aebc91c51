import { ByteWriter, CorruptError, encodeName, type Place } from "@modelbytes/bytes";

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

/** What Python's `\s` matches, and comments, which reach to the end of their line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python takes the separators of ASCII for spaces
const SPACE = /(?:[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|#[^\n]*)*/y;

/** Identifiers and numbers, as generously as Python cuts them: what a number is is checked when it is read as one. */
const WORD = /[a-zA-Z_][0-9a-zA-Z_+-]*|(?:[0-9+-]|\.[0-9])[0-9a-zA-Z_.+-]*/y;

/** Cuts a text into tokens, and shows one at a time: a word, a string with its quotes, or a single character. */
export class TextTokens implements TextPosition {
  kind: "word" | "string" | "sign" | "end" = "end";
  /** Empty at the end. */
  token = "";
  line = 1;
  column = 1;
  readonly #text: string;
  readonly #place: Place;
  #at = 0;
  #lineStart = 0;

  constructor(text: string, place: Place) {
    this.#text = text;
    this.#place = place;
    this.next();
  }

  /** Goes on to the next token. */
  next(): void {
    this.#skipSpace();
    const start = this.#at;
    this.column = start - this.#lineStart + 1;
    const first = this.#text[start];
    WORD.lastIndex = start;
    if (first === undefined) this.kind = "end";
    else if (first === '"' || first === "'") {
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
    const first = this.#unescape();
    this.next();
    if (this.kind !== "string") return first;
    const all = new ByteWriter().bytes(first);
    for (; this.kind === "string"; this.next()) all.bytes(this.#unescape());
    return all.finish();
  }

  /** The token for a message: texts may be long. */
  describe(): string {
    if (this.kind === "end") return "the end of the text";
    return JSON.stringify(this.token.length > 40 ? `${this.token.slice(0, 40)}…` : this.token);
  }

  error(reason: string, at: TextPosition = this): TextFormatError {
    return new TextFormatError(reason, at, this.#place);
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    for (let end = this.#text.indexOf("\n", this.#at); end >= 0 && end < SPACE.lastIndex; ) {
      this.line++;
      this.#lineStart = end + 1;
      end = this.#text.indexOf("\n", end + 1);
    }
    this.#at = SPACE.lastIndex;
  }

  /** The offset behind a string's closing quote. A string ends on its line. */
  #stringEnd(quote: string): number {
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === quote) return at + 1;
      if (character === "\\" && this.#text[at + 1] !== "\n") at++;
      else if (character === "\n") break;
    }
    throw this.error("the string has no closing quote");
  }

  /** The bytes of the string that is the token. Its characters are UTF-8; escapes may make any bytes of it. */
  #unescape(): Uint8Array<ArrayBuffer> {
    const text = this.token.slice(1, -1);
    if (!text.includes("\\")) return encodeName(text);
    const bytes = new ByteWriter();
    let start = 0;
    for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", start)) {
      bytes.bytes(encodeName(text.slice(start, at)));
      start = at + this.#escape(text, at, bytes);
    }
    return bytes.bytes(encodeName(text.slice(start))).finish();
  }

  /** Writes what the escape at `at` stands for and returns its length. As in Python an unknown one stands for itself. */
  #escape(text: string, at: number, bytes: ByteWriter): number {
    const letter = text[at + 1] ?? "";
    const simple = SIMPLE[letter];
    if (simple !== undefined) {
      bytes.uint8(simple);
      return 2;
    }
    const form = FORMS[letter];
    const digits = form?.exec(text.slice(at + 1, at + 10))?.[0];
    if (digits === undefined) {
      if (form !== undefined) throw this.error(`\\${letter} without its digits in a string`);
      bytes.uint8(0x5c);
      return 1;
    }
    if (letter === "u" || letter === "U") this.#character(Number.parseInt(digits.slice(1), 16), bytes);
    else if (letter === "x") bytes.uint8(Number.parseInt(digits.slice(1), 16));
    else this.#octal(digits, bytes);
    return 1 + digits.length;
  }

  #octal(digits: string, bytes: ByteWriter): void {
    const byte = Number.parseInt(digits, 8);
    if (byte > 0xff) throw this.error(`\\${digits} is no byte`);
    bytes.uint8(byte);
  }

  #character(code: number, bytes: ByteWriter): void {
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      throw this.error(`U+${code.toString(16)} is no character`);
    bytes.bytes(encodeName(String.fromCodePoint(code)));
  }
}

const SIMPLE: Readonly<Record<string, number>> = {
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
};

const OCTAL = /^[0-7]{1,3}/;

/** Escapes with digits, by the letter that begins them. */
const FORMS: Readonly<Record<string, RegExp>> = {
  x: /^x[\da-fA-F]{1,2}/,
  u: /^u[\da-fA-F]{4}/,
  U: /^U[\da-fA-F]{8}/,
  ...Object.fromEntries(Array.from("01234567", (digit) => [digit, OCTAL])),
};
