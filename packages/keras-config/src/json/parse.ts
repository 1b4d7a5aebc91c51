import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { MAX_DIGITS, PyFloat, PyInt, type PyKey, type PyValue } from "../value.ts";

/** How deep lists and dicts may nest: as deep as Python's `json.loads` goes with its usual stack. */
export const MAX_DEPTH = 1000;
const TOO_DEEP = `more than ${MAX_DEPTH} lists and dicts in each other`;

/**
 * The value of a JSON text, accepted and refused as Python's `json.loads` does: `NaN`, `Infinity` and `-Infinity` are floats, integers
 * may have any size, of a repeated key the last value counts in the first one's place, escapes may leave lone surrogates; no byte order
 * mark, no control characters in strings, nothing after the value. Bytes are UTF-8. `place.file` is named in errors.
 *
 * @throws CorruptError `json` for a text that is no JSON, with its line, column and byte; `utf-8` for bytes that are no UTF-8.
 * @throws UnsupportedError `too-deep` for more than 1,000 lists and dicts in each other, `too-large` for an integer of more than 4,300
 * digits; Python refuses both.
 */
export function parseJson(text: string | Uint8Array, place: Place = {}): PyValue {
  return new JsonReader(typeof text === "string" ? text : decodeText(text, place), place).readAll();
}

/** Bytes as text. A byte order mark stays, to be refused. */
export function decodeText(bytes: Uint8Array, place: Place): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CorruptError("utf-8", "the text is not UTF-8", { ...place, cause });
  }
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const LOWER_E = 0x65;
const CASE_BIT = 0x20;

/** The words by their first characters. */
const WORDS: ReadonlyMap<number, readonly [word: string, value: PyValue]> = new Map([
  [0x6e, ["null", null]],
  [0x74, ["true", true]],
  [0x66, ["false", false]],
  [0x4e, ["NaN", new PyFloat("NaN")]],
  [0x49, ["Infinity", new PyFloat("Infinity")]],
  [MINUS, ["-Infinity", new PyFloat("-Infinity")]],
]);

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Integers that nearly every configuration repeats: one object each is enough, as they never change. */
const SMALL_INTS: readonly PyInt[] = Array.from({ length: 1024 }, (_, value) => new PyInt(`${value}`));

/** Slots for short strings that were met before. A power of two. */
const MEMO_SLOTS = 1024;
const MEMO_LENGTH = 40;

class JsonReader {
  readonly #text: string;
  readonly #place: Place;
  /** Strings met before, by a cheap hash: keys and class names repeat thousands of times, and a known string has its hash already. */
  readonly #memo: string[] = Array.from({ length: MEMO_SLOTS }, () => "");
  #at = 0;

  constructor(text: string, place: Place) {
    this.#text = text;
    this.#place = place;
  }

  readAll(): PyValue {
    if (this.#text.startsWith("\uFEFF")) throw this.#wrong("a byte order mark, which JSON must not begin with");
    const value = this.#value(this.#next(), 0);
    if (!Number.isNaN(this.#next())) throw this.#wrong("more text after the value");
    return value;
  }

  /** Skips white space and gives the character there, NaN at the end. */
  #next(): number {
    let character = this.#text.charCodeAt(this.#at);
    while (character === SPACE || character === LINE_FEED || character === CARRIAGE_RETURN || character === TAB) {
      character = this.#text.charCodeAt(++this.#at);
    }
    return character;
  }

  /** The value that begins with `first`, which is at `#at`. */
  #value(first: number, depth: number): PyValue {
    if (first === QUOTE) return this.#string();
    if (first === BRACE) return this.#dict(depth + 1);
    if (first === BRACKET) return this.#list(depth + 1);
    if ((first >= ZERO && first <= NINE) || first === MINUS) return this.#number(first);
    return this.#word(first);
  }

  #dict(depth: number): PyValue {
    if (depth > MAX_DEPTH) throw this.#unsupported("too-deep", TOO_DEEP);
    const dict = new Map<PyKey, PyValue>();
    this.#at++;
    let character = this.#next();
    if (character === BRACE_END) {
      this.#at++;
      return dict;
    }
    for (;;) {
      if (character !== QUOTE) throw this.#wrong("a key in double quotes is missing");
      const key = this.#string();
      if (this.#next() !== COLON) throw this.#wrong("a colon is missing after a key");
      this.#at++;
      dict.set(key, this.#value(this.#next(), depth));
      character = this.#next();
      if (character === COMMA) {
        this.#at++;
        character = this.#next();
      } else if (character === BRACE_END) {
        this.#at++;
        return dict;
      } else throw this.#wrong("a comma or } is missing");
    }
  }

  #list(depth: number): PyValue {
    if (depth > MAX_DEPTH) throw this.#unsupported("too-deep", TOO_DEEP);
    const list: PyValue[] = [];
    this.#at++;
    let character = this.#next();
    if (character === BRACKET_END) {
      this.#at++;
      return list;
    }
    for (;;) {
      list.push(this.#value(character, depth));
      character = this.#next();
      if (character === COMMA) {
        this.#at++;
        character = this.#next();
      } else if (character === BRACKET_END) {
        this.#at++;
        return list;
      } else throw this.#wrong("a comma or ] is missing");
    }
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at + 1;
    let at = start;
    let hash = 0;
    for (;;) {
      const character = text.charCodeAt(at);
      if (character === QUOTE) break;
      if (character === BACKSLASH) return this.#escapedString(start, at);
      if (!(character >= SPACE)) throw this.#unended(at);
      hash = (Math.imul(hash, 31) + character) | 0;
      at++;
    }
    this.#at = at + 1;
    if (at - start > MEMO_LENGTH) return text.slice(start, at);
    const slot = (hash ^ (hash >>> 10)) & (MEMO_SLOTS - 1);
    const known = this.#memo[slot];
    if (known !== undefined && known.length === at - start && text.startsWith(known, start)) return known;
    const string = text.slice(start, at);
    this.#memo[slot] = string;
    return string;
  }

  /** A string that begins at `start` and has its first escape at `at`. */
  #escapedString(start: number, at: number): string {
    const text = this.#text;
    let string = text.slice(start, at);
    for (;;) {
      const run = at;
      let character = text.charCodeAt(at);
      while (character >= SPACE && character !== QUOTE && character !== BACKSLASH) character = text.charCodeAt(++at);
      string += text.slice(run, at);
      if (character === QUOTE) break;
      if (character !== BACKSLASH) throw this.#unended(at);
      const letter = text.charAt(at + 1);
      const simple = ESCAPES[letter];
      if (simple !== undefined) {
        string += simple;
        at += 2;
        continue;
      }
      const digits = text.slice(at + 2, at + 6);
      if (letter !== "u" || !/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#wrong("an escape that JSON has not", at);
      string += String.fromCharCode(Number.parseInt(digits, 16));
      at += 6;
    }
    this.#at = at + 1;
    return string;
  }

  #unended(at: number): CorruptError {
    const ended = at >= this.#text.length;
    return this.#wrong(ended ? "a string that does not end" : "a control character in a string", at);
  }

  #number(first: number): PyValue {
    const text = this.#text;
    const start = this.#at;
    let at = first === MINUS ? start + 1 : start;
    const whole = at;
    const leading = text.charCodeAt(at);
    if (!isDigit(leading)) return this.#word(first);
    at = leading === ZERO ? at + 1 : this.#digits(at);
    const wholeEnd = at;
    if (text.charCodeAt(at) === DOT && isDigit(text.charCodeAt(at + 1))) at = this.#digits(at + 1);
    if ((text.charCodeAt(at) | CASE_BIT) === LOWER_E) {
      const sign = text.charCodeAt(at + 1);
      const digits = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
      if (isDigit(text.charCodeAt(digits))) at = this.#digits(digits);
    }
    this.#at = at;
    if (at !== wholeEnd) return new PyFloat(text.slice(start, at));
    if (whole === start && at - start <= 3) {
      const small = SMALL_INTS[Number(text.slice(start, at))];
      if (small !== undefined) return small;
    }
    if (at - whole > MAX_DIGITS) throw this.#unsupported("too-large", `an integer of more than ${MAX_DIGITS} digits`);
    return new PyInt(text.slice(start, at));
  }

  /** The first position from `at` on that has no digit. */
  #digits(at: number): number {
    while (isDigit(this.#text.charCodeAt(at))) at++;
    return at;
  }

  #word(first: number): PyValue {
    const [word, value] = WORDS.get(first) ?? ["", null];
    if (word === "" || !this.#text.startsWith(word, this.#at)) throw this.#wrong("a value is missing");
    this.#at += word.length;
    return value;
  }

  #wrong(reason: string, at: number = this.#at): CorruptError {
    const { where, offset } = this.#position(at);
    return new CorruptError("json", `${where}: ${reason}`, { ...this.#place, offset });
  }

  #unsupported(code: "too-deep" | "too-large", reason: string): UnsupportedError {
    const { where, offset } = this.#position(this.#at);
    return new UnsupportedError(code, `${where}: ${reason}`, { ...this.#place, offset });
  }

  #position(at: number): { where: string; offset: number } {
    const before = this.#text.slice(0, at);
    const lineStart = before.lastIndexOf("\n") + 1;
    const line = before.split("\n").length;
    const offset = (this.#place.offset ?? 0) + new TextEncoder().encode(before).length;
    return { where: `line ${line}, column ${at - lineStart + 1}`, offset };
  }
}

function isDigit(character: number): boolean {
  return character >= ZERO && character <= NINE;
}
