import { UnsupportedError } from "@modelbytes/bytes";
import type { CheckpointValues } from "./format.ts";
import { parseFormatSpec } from "./format-spec.ts";
import { type CheckpointValue, converted, formatValue, isCounted, pythonValue } from "./python-value.ts";
import { type Field, type Piece, parseTemplate } from "./template.ts";

/** Letters of the longest name that is matched. */
const MOST_LETTERS = 4096;
/** Values that are tried; those of a hundred letters and three fields take ten thousand. */
const MOST_TRIES = 50_000;

/**
 * The values that a template was filled with to give a name; `undefined` where there are none. Integers are bigints, those of `epoch`
 * and `batch` numbers. What has more than one meaning is read with as few letters for the first field as possible, then for the
 * second, and so on; as a number where it can be one.
 *
 * `formatCheckpointName` makes the same name of the values again; of digits that a spec has rounded away, nothing is known.
 *
 * Throws a `TypeError` for a template that is none, an `UnsupportedError` (`"template-field"`) for one whose specs have fields, or whose
 * fields look into their values, and a `RangeError` where a name can be taken apart in too many ways.
 */
export function matchCheckpointName(template: string, name: string): CheckpointValues | undefined {
  const pieces = parseTemplate(template);
  for (const piece of pieces) {
    if (
      typeof piece === "string" ||
      (!/[.[]/.test(piece.name) && piece.spec.length < 2 && typeof piece.spec[0] !== "object")
    )
      continue;
    throw new UnsupportedError("template-field", `names are not matched with the field {${piece.name}}`);
  }
  return name.length > MOST_LETTERS ? undefined : new Matching(pieces, name).from(0, 0, {});
}

class Matching {
  readonly #pieces: readonly Piece[];
  readonly #name: string;
  readonly #repeated: readonly string[];
  /** What has been tried in vain, so that a name is not taken apart in every possible way. */
  readonly #failed = new Set<string>();
  #tries = 0;

  constructor(pieces: readonly Piece[], name: string) {
    this.#pieces = pieces;
    this.#name = name;
    const names = pieces.flatMap((piece) => (typeof piece === "string" ? [] : [piece.name]));
    this.#repeated = [...new Set(names.filter((each, index) => names.indexOf(each) < index))];
  }

  /** The values of the pieces from `index` on in the letters from `at` on, with those that are known already. */
  from(index: number, at: number, known: CheckpointValues): CheckpointValues | undefined {
    const piece = this.#pieces[index];
    if (piece === undefined) return at === this.#name.length ? known : undefined;
    if (typeof piece === "string") {
      return this.#name.startsWith(piece, at) ? this.from(index + 1, at + piece.length, known) : undefined;
    }
    const situation = JSON.stringify([index, at, ...this.#repeated.map((name) => String(known[name]))]);
    if (this.#failed.has(situation)) return undefined;
    for (let end = at; end <= this.#name.length; end++) {
      if (++this.#tries > MOST_TRIES) throw new RangeError("the name fits the template in too many ways");
      for (const value of valuesOf(piece, this.#name.slice(at, end), known[piece.name])) {
        const rest = this.from(index + 1, end, { ...known, [piece.name]: value });
        if (rest !== undefined) return rest;
      }
    }
    this.#failed.add(situation);
    return undefined;
  }
}

/** The values that a field may have to be written so. */
function* valuesOf(field: Field, text: string, known: CheckpointValue | undefined): Generator<CheckpointValue> {
  const [spec = ""] = field.spec;
  if (typeof spec !== "string") return;
  for (const value of known === undefined ? candidates(field, text, spec) : [known]) {
    const given = pythonValue(field.name, value);
    if (written(given, field, spec) === text) yield value;
  }
}

function written(value: CheckpointValue, { conversion }: Field, spec: string): string | undefined {
  try {
    return formatValue(conversion === undefined ? value : converted(value, conversion), spec);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined; // such a value cannot have this spec
    throw error;
  }
}

/** Values that a text may stand for, the likeliest first; whether they are written so is seen later. */
function* candidates({ name, conversion }: Field, text: string, spec: string): Generator<CheckpointValue> {
  const { fill, type, grouping } = parseFormatSpec(spec, "<");
  const bare = trimmed(text, fill);
  const digits = grouping === undefined ? bare : bare.replaceAll(grouping, "");
  const kind = conversion === undefined ? type : undefined;
  if (kind === undefined || "bcdnoxX".includes(kind)) {
    const integer = integerOf(digits, kind);
    if (integer !== undefined) yield isCounted(name) ? Number(integer) : integer;
  }
  if (isCounted(name)) return;
  if (kind === undefined || "eEfFgGn%".includes(kind)) yield* floatsOf(digits);
  if (kind !== undefined && kind !== "s") return;
  if (conversion === "r" || conversion === "a") yield bare.slice(1, -1);
  yield bare;
  yield text;
}

/** Without what a field is filled with: in front, behind, and behind the sign. */
function trimmed(text: string, fill: string): string {
  const letters = [...text];
  const sign = letters[0] === "-" || letters[0] === "+" ? (letters.shift() ?? "") : "";
  const isFill = (letter: string | undefined) => letter === fill && !/[\d.]/.test(fill);
  while (isFill(letters[0])) letters.shift();
  while (isFill(letters.at(-1))) letters.pop();
  return sign + letters.join("");
}

const RADIX_PREFIX: Readonly<Record<string, string>> = { b: "0b", o: "0o", x: "0x", X: "0x" };

function integerOf(text: string, type: string | undefined): bigint | undefined {
  if (type === "c") return [...text].length === 1 ? BigInt(text.codePointAt(0) ?? 0) : undefined;
  const [, sign = "", digits] = /^([-+ ]?)(?:0[box])?([\da-f]+)$/i.exec(text) ?? [];
  const prefix = type === undefined ? "" : (RADIX_PREFIX[type] ?? "");
  if (digits === undefined) return undefined;
  try {
    const size = BigInt(prefix + digits);
    return sign === "-" ? -size : size;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // a digit that the radix has not
    throw error;
  }
}

function* floatsOf(text: string): Generator<number> {
  const [, sign = "", size = "", percent] = /^([-+ ]?)(\d[\d.]*(?:e[-+]\d+)?|inf|nan)(%?)$/i.exec(text) ?? [];
  if (size === "") return;
  const number = /^i/i.test(size) ? Infinity : Number(size); // of "nan", too
  if (Number.isNaN(number) && !/^n/i.test(size)) return;
  const value = sign === "-" ? -number : number;
  yield percent === "%" ? value / 100 : value;
}
