import { formatFloat, formatInteger } from "./format-number.ts";
import { aligned, type FormatSpec, parseFormatSpec } from "./format-spec.ts";
import type { Conversion } from "./template.ts";

/**
 * A value of a field. A bigint is an integer of Python, a number a float, as all that Keras logs is; of `epoch` and `batch`, which
 * Keras counts, a whole number is an integer.
 */
export type CheckpointValue = number | bigint | string | boolean;

const COUNTED: ReadonlySet<string> = new Set(["epoch", "batch"]);

/** Whether Keras counts what a field is for. */
export function isCounted(field: string): boolean {
  return COUNTED.has(field);
}

/** The value of a field with integers told from floats: integers are bigints. */
export function pythonValue(field: string, value: CheckpointValue): CheckpointValue {
  return typeof value === "number" && isCounted(field) && Number.isInteger(value) ? BigInt(value) : value;
}

/** `format(value, spec)` of Python. Throws a `TypeError` with Python's words for a spec that the value cannot have. */
export function formatValue(value: CheckpointValue, spec: string): string {
  if (spec === "") return str(value);
  switch (typeof value) {
    case "string":
      return formatText(value, parseFormatSpec(spec, "<"));
    case "number":
      return formatFloat(value, parseFormatSpec(spec, ">"));
    default:
      return formatInteger(BigInt(value), parseFormatSpec(spec, ">"));
  }
}

function formatText(text: string, spec: FormatSpec): string {
  const { type, precision } = spec;
  if (type !== undefined && type !== "s") throw new TypeError(`Unknown format code '${type}' for object of type 'str'`);
  if (spec.grouping !== undefined) throw new TypeError(`Cannot specify '${spec.grouping}' with 's'.`);
  const [refused] = Object.entries({
    Sign: spec.sign !== undefined,
    "Negative zero coercion (z)": spec.isZeroPositive,
    "Alternate form (#)": spec.isAlternate,
    "'=' alignment": spec.align === "=",
  }).filter(([, isThere]) => isThere);
  if (refused !== undefined) throw new TypeError(`${refused[0]} not allowed in string format specifier`);
  return aligned(precision === undefined ? text : [...text].slice(0, precision).join(""), spec, "<");
}

/** What `!r`, `!s` or `!a` makes of a value. */
export function converted(value: CheckpointValue, conversion: Conversion): string {
  if (conversion === "s" || typeof value !== "string") return str(value);
  const text = repr(value);
  return conversion === "r" ? text : text.replace(/[^\x20-\x7e]/gu, escaped);
}

function str(value: CheckpointValue): string {
  switch (typeof value) {
    case "number":
      return formatFloat(value, parseFormatSpec("", ">"));
    case "boolean":
      return value ? "True" : "False";
    default:
      return String(value);
  }
}

/** Letters that Python does not show in the `repr` of a string: those that are none, and blanks that are not the one. */
const HIDDEN = /[^\P{C}]|[^\P{Z} ]/gu;

function repr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\\'"]/g, (letter) => (letter === "\\" || letter === quote ? `\\${letter}` : letter));
  return quote + inside.replace(HIDDEN, escaped) + quote;
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(letter: string): string {
  const code = letter.codePointAt(0) ?? 0;
  const hex = (digits: number) => code.toString(16).padStart(digits, "0");
  if (Object.hasOwn(SHORT, letter)) return SHORT[letter] ?? "";
  return code < 0x100 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}
