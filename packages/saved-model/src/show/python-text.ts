import { sortNames } from "@modelbytes/bytes";

/** What Python writes for plain values: `repr` of str, float, and lists and sets of str. */

/** What `str.isprintable` denies, but for the space: controls, formats, surrogates, private and unassigned characters, separators. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
]);

/** `repr` of a str: in single quotes, or in double ones if there are single ones inside and no double ones. */
export function reprString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let written = quote;
  for (const character of text) written += character === quote ? `\\${quote}` : escaped(character);
  return written + quote;
}

function escaped(character: string): string {
  const short = ESCAPES.get(character);
  if (short !== undefined) return short;
  if (character === " " || !UNPRINTABLE.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** `repr` of a float: the fewest digits that mean it, with an exponent from 1e16 on and below 1e-4. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0.0";
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 16) return Number.isInteger(value) ? `${value}.0` : `${value}`;
  if (value === 0) return "0.0";
  return `${digits}e${power < 0 ? "-" : "+"}${`${Math.abs(power)}`.padStart(2, "0")}`;
}

/** `repr` of a list of str. */
export function reprList(items: readonly string[]): string {
  return `[${items.map(reprString).join(", ")}]`;
}

/** `repr` of a set of str. Python's order changes from run to run; here it is that of code points. */
export function reprSet(items: Iterable<string>): string {
  const sorted = sortNames([...new Set(items)]);
  return sorted.length === 0 ? "set()" : `{${sorted.map(reprString).join(", ")}}`;
}
