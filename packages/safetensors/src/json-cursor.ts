/**
 * Reads JSON value by value, as RFC 8259 has it. Unlike `JSON.parse` it shows keys that come twice, tells 2 from 2.0, refuses what is
 * no Unicode, and its depth is bounded, so that no header can exhaust the stack.
 */

/** The deepest nesting that the reference implementation takes. */
const DEEPEST = 127;

const SPACES = " \t\n\r";
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const LITERAL = /true|false|null/y;
const WHOLE = /^\d+$/;

/** A place in the UTF-8 of a JSON text, and the ways on from there. Every method reads a value and what space is before it. */
export class JsonCursor {
  /** UTF-16 units from the start of the text. */
  position = 0;
  readonly #text: string;
  readonly #error: (reason: string, offset: number, cause?: unknown) => Error;
  #depth = 0;

  /** `error` makes what is thrown for text that is not what was asked for; `offset` is in bytes from the start of the text. */
  constructor(bytes: Uint8Array, error: (reason: string, offset: number, cause?: unknown) => Error) {
    this.#error = error;
    try {
      this.#text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw error("it is not UTF-8", 0, cause);
    }
  }

  /** Bytes before the cursor, or before another position. */
  offset(position: number = this.position): number {
    return new TextEncoder().encode(this.#text.slice(0, position)).length;
  }

  /** An error at a position, by default where the cursor is. It is returned, not thrown. */
  error(reason: string, position?: number): Error {
    return this.#error(reason, this.offset(position));
  }

  /** The character that the next value begins with; `""` at the end. */
  next(): string {
    for (; ; this.position++) {
      const character = this.#text.charAt(this.position);
      if (character === "" || !SPACES.includes(character)) return character;
    }
  }

  /** An object. `member` is called at each of its values and has to read it. */
  object(member: (key: string) => void): void {
    this.#enclosed("{", "}", () => {
      if (this.next() !== '"') throw this.error("a key is expected");
      const key = this.string();
      this.#take(":");
      member(key);
    });
  }

  /** A list. `element` is called at each of its values and has to read it. */
  list(element: () => void): void {
    this.#enclosed("[", "]", element);
  }

  string(): string {
    if (this.next() !== '"') throw this.error("a string is expected");
    const start = this.position;
    const raw = this.#quoted();
    let value: string;
    try {
      value = JSON.parse(raw);
    } catch {
      throw this.error("a string has a control character or an unknown escape in it", start);
    }
    if (!value.isWellFormed()) throw this.error("a string has half a surrogate pair in it", start);
    return value;
  }

  number(): number {
    this.next();
    const digits = this.#match(NUMBER);
    if (digits === undefined) throw this.error("a number is expected");
    return Number(digits);
  }

  /** A whole number from 0 up, written without fraction and exponent. From 2^53 on it is not exact. */
  wholeNumber(): number {
    this.next();
    const start = this.position;
    const digits = this.#match(NUMBER);
    if (digits === undefined || !WHOLE.test(digits)) throw this.error("a whole number is expected", start);
    return Number(digits);
  }

  /** Whether the next value is `null`, which is then read. */
  null(): boolean {
    if (this.next() !== "n") return false;
    this.skip();
    return true;
  }

  /** Passes over any value. */
  skip(): void {
    const first = this.next();
    if (first === "{") this.object(() => this.skip());
    else if (first === "[") this.list(() => this.skip());
    else if (first === '"') this.string();
    else if ((this.#match(NUMBER) ?? this.#match(LITERAL)) === undefined) throw this.error("a value is expected");
  }

  /** The end of the text. */
  end(): void {
    if (this.next() !== "") throw this.error("something follows the value");
  }

  #enclosed(open: string, close: string, item: () => void): void {
    this.#take(open);
    if (++this.#depth > DEEPEST) throw this.error(`nested deeper than ${DEEPEST}`);
    if (this.next() !== close) {
      item();
      while (this.next() === ",") {
        this.position++;
        item();
      }
    }
    this.#take(close);
    this.#depth--;
  }

  #take(character: string): void {
    if (this.next() !== character) throw this.error(`${JSON.stringify(character)} is expected`);
    this.position++;
  }

  /** A string as it is written. A quote ends it unless it is escaped, so has an odd number of backslashes before it. */
  #quoted(): string {
    const start = this.position;
    for (let end = this.#text.indexOf('"', start + 1); end > 0; end = this.#text.indexOf('"', end + 1)) {
      let backslashes = 0;
      while (this.#text.charAt(end - 1 - backslashes) === "\\") backslashes++;
      if (backslashes % 2 > 0) continue;
      this.position = end + 1;
      return this.#text.slice(start, this.position);
    }
    throw this.error("a string has no end");
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }
}
