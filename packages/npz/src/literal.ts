/**
 * The Python literals of `.npy` headers: strings, whole numbers, True, False, None, tuples, lists, dictionaries whose keys are strings.
 * What Python takes besides (other numbers, prefixes, comments, sums) is in no header that NumPy wrote.
 */

/** A value of a header. */
export type PythonLiteral =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "None" }
  | { readonly kind: "tuple" | "list"; readonly items: readonly PythonLiteral[] }
  | { readonly kind: "dict"; readonly items: ReadonlyMap<string, PythonLiteral> };

/** A header of NumPy is not deep: a structured dtype nests lists in tuples. */
const DEEPEST = 64;

const SPACE = /[ \t\n\r\f]*/y;
const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g;
const INT = /(?:0|[1-9]\d*)(?![\w.])/y;
/** Python 2 ends large numbers with an L. */
const INT_OF_PYTHON_2 = /(?:0|[1-9]\d*)L?(?![\w.])/y;
const WORD = /(?:True|False|None)\b/y;

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** The value of a text, by Python 2 or not. `error` makes what is thrown where it is none; `at` counts UTF-16 units. */
export function parseLiteral(
  text: string,
  python2: boolean,
  error: (reason: string, at: number) => Error,
): PythonLiteral {
  const parser = new Parser(text, python2, error);
  const value = parser.value();
  parser.end();
  return value;
}

class Parser {
  readonly #text: string;
  readonly #error: (reason: string, at: number) => Error;
  readonly #int: RegExp;
  #position = 0;
  #depth = 0;

  constructor(text: string, python2: boolean, error: (reason: string, at: number) => Error) {
    this.#text = text;
    this.#int = python2 ? INT_OF_PYTHON_2 : INT;
    this.#error = error;
  }

  value(): PythonLiteral {
    switch (this.#next()) {
      case "{":
        return { kind: "dict", items: this.#dict() };
      case "[":
        return { kind: "list", items: this.#items("[", "]").items };
      case "(": {
        const { items, commas } = this.#items("(", ")");
        const [only] = items;
        return only !== undefined && commas === 0 ? only : { kind: "tuple", items };
      }
      case "'":
      case '"':
        return { kind: "string", value: this.#string() };
    }
    const digits = this.#match(this.#int);
    if (digits !== undefined) return { kind: "int", value: Number(digits.replace("L", "")) };
    const word = this.#match(WORD);
    if (word === undefined) throw this.#wrong("a value is expected");
    return word === "None" ? { kind: "None" } : { kind: "bool", value: word === "True" };
  }

  end(): void {
    if (this.#next() !== "") throw this.#wrong("something follows the value");
  }

  #dict(): Map<string, PythonLiteral> {
    const items = new Map<string, PythonLiteral>();
    this.#enclosed("{", "}", () => {
      if (!/['"]/.test(this.#next())) throw this.#wrong("a key is expected");
      const key = this.#string();
      if (items.has(key)) throw this.#wrong(`the key ${JSON.stringify(key)} comes twice`);
      this.#take(":");
      items.set(key, this.value());
    });
    return items;
  }

  #items(open: string, close: string): { items: PythonLiteral[]; commas: number } {
    const items: PythonLiteral[] = [];
    const commas = this.#enclosed(open, close, () => items.push(this.value()));
    return { items, commas };
  }

  /** Calls `item` at each item and says how many commas there are; one may stand behind the last. */
  #enclosed(open: string, close: string, item: () => void): number {
    this.#take(open);
    if (++this.#depth > DEEPEST) throw this.#wrong(`nested deeper than ${DEEPEST}`);
    let commas = 0;
    while (this.#next() !== close) {
      item();
      if (this.#next() !== ",") break;
      this.#position++;
      commas++;
    }
    this.#take(close);
    this.#depth--;
    return commas;
  }

  #string(): string {
    const quoted = this.#match(STRING);
    if (quoted === undefined) throw this.#wrong("a string has no end");
    return quoted.slice(1, -1).replace(ESCAPE, (whole, x, u, U, simple) => {
      const code = x ?? u ?? U;
      const point = code === undefined ? undefined : Number.parseInt(code, 16);
      const character = point === undefined ? SIMPLE_ESCAPES.get(simple) : characterOf(point);
      if (character === undefined) throw this.#wrong(`unknown escape ${whole}`);
      return character;
    });
  }

  #next(): string {
    this.#match(SPACE);
    return this.#text.charAt(this.#position);
  }

  #take(character: string): void {
    if (this.#next() !== character) throw this.#wrong(`${JSON.stringify(character)} is expected`);
    this.#position++;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }

  #wrong(reason: string): Error {
    return this.#error(reason, this.#position);
  }
}

function characterOf(point: number): string | undefined {
  return point > 0x10ffff ? undefined : String.fromCodePoint(point);
}
