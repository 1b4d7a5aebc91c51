import { CHUNK_LENGTH, joined } from "../joined.ts";
import { sortEntries } from "../key.ts";
import { isPyDict, isPyList, isPyTuple, type PyDict, PyFloat, PyInt, type PyKey, type PyValue } from "../value.ts";
import { MAX_DEPTH } from "./parse.ts";

/** What `json.dumps` takes, with its defaults. */
export interface JsonOptions {
  /** Spaces, or the text itself, before each line and for each depth; `null`, the default, writes one line. */
  readonly indent?: number | string | null;
  /** Whether everything outside printable ASCII is escaped; `true` by default. */
  readonly ensureAscii?: boolean;
  /** Whether keys are sorted; `false` by default. */
  readonly sortKeys?: boolean;
  /** Between items, and between a key and its value: `", "` and `": "`, with an indent `","` and `": "`. */
  readonly separators?: readonly [item: string, key: string];
}

/**
 * A value as Python's `json.dumps` writes it, byte for byte. Numbers that were parsed keep their text; tuples are written as lists, keys
 * that are no strings as the strings that Python makes of them.
 *
 * @throws TypeError for what JSON has not: bytes, sets, tuples as keys, keys of several types that shall be sorted.
 * @throws RangeError for more than 1,000 lists and dicts in each other, so for a value that contains itself.
 */
export function stringifyJson(value: PyValue, options: JsonOptions = {}): string {
  return new JsonWriter(options).writeAll(value);
}

/** Texts that are remembered: keys and class names repeat thousands of times. */
const MEMO_LENGTH = 40;
const MEMO_ENTRIES = 10_000;

/** Keys as they are written after `before`: with it, quoted, and with their colon. */
interface Labels {
  readonly before: string;
  readonly texts: Map<string, string>;
}

class JsonWriter {
  readonly #indent: string | null;
  readonly #item: string;
  readonly #colon: string;
  readonly #ensureAscii: boolean;
  readonly #sortKeys: boolean;
  readonly #quoted = new Map<string, string>();
  readonly #labels = new Map<string, Labels>();
  readonly #chunks: string[] = [];
  #text = "";

  constructor({ indent = null, ensureAscii = true, sortKeys = false, separators }: JsonOptions) {
    this.#indent = typeof indent === "number" ? " ".repeat(Math.max(indent, 0)) : indent;
    const [item, colon] = separators ?? [this.#indent === null ? ", " : ",", ": "];
    this.#item = item;
    this.#colon = colon;
    this.#ensureAscii = ensureAscii;
    this.#sortKeys = sortKeys;
  }

  writeAll(value: PyValue): string {
    this.#write(value, 0);
    this.#chunks.push(this.#text);
    return this.#chunks.join("");
  }

  #write(value: PyValue, depth: number): void {
    if (typeof value === "string") this.#text += this.#quote(value);
    else if (value instanceof PyInt || value instanceof PyFloat) this.#text += value.text;
    else if (value === null) this.#text += "null";
    else if (value === true) this.#text += "true";
    else if (value === false) this.#text += "false";
    else if (isPyDict(value)) this.#writeDict(value, depth + 1);
    else if (isPyList(value)) this.#writeList(value, depth + 1);
    else if (isPyTuple(value)) this.#writeList(value.items, depth + 1);
    else throw new TypeError(`JSON has no ${value instanceof Uint8Array ? "bytes" : "sets"}`);
    if (this.#text.length > CHUNK_LENGTH) this.#endChunk();
  }

  #writeDict(dict: PyDict, depth: number): void {
    if (dict.size === 0) {
      this.#text += "{}";
      return;
    }
    const line = this.#line(depth);
    let labels = this.#labelsAfter(`{${line}`);
    let isFirst = true;
    for (const [key, value] of this.#sortKeys ? sorted(dict) : dict) {
      const name = typeof key === "string" ? key : keyText(key);
      this.#text += labels.texts.get(name) ?? this.#label(name, labels);
      this.#write(value, depth);
      if (isFirst) labels = this.#labelsAfter(this.#item + line);
      isFirst = false;
    }
    this.#text += `${this.#line(depth - 1)}}`;
  }

  #labelsAfter(before: string): Labels {
    const known = this.#labels.get(before);
    if (known !== undefined) return known;
    const labels: Labels = { before, texts: new Map() };
    this.#labels.set(before, labels);
    return labels;
  }

  #label(name: string, { before, texts }: Labels): string {
    const label = before + quoteJson(name, this.#ensureAscii) + this.#colon;
    if (name.length <= MEMO_LENGTH && texts.size < MEMO_ENTRIES) texts.set(name, label);
    return label;
  }

  #writeList(list: readonly PyValue[], depth: number): void {
    if (list.length === 0) {
      this.#text += "[]";
      return;
    }
    const line = this.#line(depth);
    let before = `[${line}`;
    for (const value of list) {
      this.#text += before;
      this.#write(value, depth);
      before = this.#item + line;
    }
    this.#text += `${this.#line(depth - 1)}]`;
  }

  /** The end of a line with the margin of the next, nothing when all is on one line. */
  #line(depth: number): string {
    if (depth > MAX_DEPTH)
      throw new RangeError(`more than ${MAX_DEPTH} lists and dicts in each other, or one in itself`);
    return this.#indent === null ? "" : `\n${this.#indent.repeat(depth)}`;
  }

  #quote(string: string): string {
    if (string.length > MEMO_LENGTH) return quoteJson(string, this.#ensureAscii);
    const known = this.#quoted.get(string);
    if (known !== undefined) return known;
    const quoted = quoteJson(string, this.#ensureAscii);
    if (this.#quoted.size < MEMO_ENTRIES) this.#quoted.set(string, quoted);
    return quoted;
  }

  #endChunk(): void {
    this.#chunks.push(joined(this.#text));
    this.#text = "";
  }
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A string in double quotes with the escapes of `json.dumps`: also DEL is escaped, astral characters are pairs. */
export function quoteJson(string: string, ensureAscii: boolean): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  const special = ensureAscii ? /["\\]|[^ -~]/g : /["\\\u0000-\u001f]/g;
  if (string.search(special) < 0) return `"${string}"`;
  return `"${string.replace(special, (unit) => SHORT_ESCAPES[unit] ?? `\\u${hex4(unit)}`)}"`;
}

function hex4(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, "0");
}

/** The string that `json.dumps` writes for a key that is none. */
function keyText(key: Exclude<PyKey, string>): string {
  if (key === null || typeof key === "boolean") return String(key);
  if (key instanceof PyInt || key instanceof PyFloat) return key.text;
  throw new TypeError(`a key of JSON is no ${isPyTuple(key) ? "tuple" : "bytes"}`);
}

function sorted(dict: PyDict): Iterable<readonly [PyKey, PyValue]> {
  const entries = sortEntries(dict);
  if (entries === undefined) throw new TypeError("Python does not sort keys of several types: write them unsorted");
  return entries;
}
