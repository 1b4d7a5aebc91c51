/**
 * How a value is laid out, as Python's format specs say it:
 *
 *     [[FILL]ALIGN][SIGN][z][#][0][WIDTH][GROUPING][.PRECISION][TYPE]
 *      any   < > = ^  + - " "      digits  , or _     digits     one letter
 */
export interface FormatSpec {
  readonly fill: string;
  readonly align: "<" | ">" | "=" | "^" | undefined;
  readonly sign: "+" | "-" | " " | undefined;
  /** Whether a negative zero loses its sign. */
  readonly isZeroPositive: boolean;
  /** Prefixes of integers; of floats the point and the zeros behind it. */
  readonly isAlternate: boolean;
  readonly width: number;
  readonly grouping: "," | "_" | undefined;
  readonly precision: number | undefined;
  /** A letter or `%`; `undefined` where there is none. */
  readonly type: string | undefined;
}

/** Letters of a file name and its path; no system has longer ones. */
const MOST_LETTERS = 4096;

const SPEC =
  /^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<positive>z)?(?<alternate>#)?(?<rest>\d*)(?<grouping>[,_]*)(?:\.(?<precision>\d*))?(?<type>.*)$/su;

/**
 * Reads a format spec. `byDefault` is where values of this kind are put in a field that is wider than them.
 *
 * Throws a `TypeError` with Python's words for what is none, a `RangeError` for a width or a precision above 4096.
 */
export function parseFormatSpec(text: string, byDefault: "<" | ">"): FormatSpec {
  const groups = SPEC.exec(text)?.groups ?? {};
  const { fill, align, sign, positive, alternate, rest = "", grouping = "", precision, type = "" } = groups;
  if (grouping.length > 1) {
    const isOfOne = new Set(grouping).size === 1;
    throw new TypeError(
      isOfOne ? `Cannot specify '${grouping[0]}' with '${grouping[1]}'.` : "Cannot specify both ',' and '_'.",
    );
  }
  if (precision === "") throw new TypeError("Format specifier missing precision");
  if ([...type].length > 1) throw new TypeError(`Invalid format specifier '${text}'`);
  // a zero in front of the width fills with zeros, unless something else does
  const isZeroFilled = fill === undefined && rest.startsWith("0");
  return {
    fill: fill ?? (isZeroFilled ? "0" : " "),
    align: isAlign(align) ? align : isZeroFilled && byDefault === ">" ? "=" : undefined,
    sign: sign === "+" || sign === "-" || sign === " " ? sign : undefined,
    isZeroPositive: positive !== undefined,
    isAlternate: alternate !== undefined,
    width: length(rest, "width") ?? 0,
    grouping: grouping === "," || grouping === "_" ? grouping : undefined,
    precision: length(precision, "precision"),
    type: type === "" ? undefined : type,
  };
}

function isAlign(text: string | undefined): text is "<" | ">" | "=" | "^" {
  return text === "<" || text === ">" || text === "=" || text === "^";
}

function length(digits: string | undefined, what: string): number | undefined {
  if (digits === undefined || digits === "") return undefined;
  const number = Number(digits);
  if (number > MOST_LETTERS) throw new RangeError(`a ${what} of ${digits} is more than a name has letters`);
  return number;
}

/** A text in a field of its width: of strings, and of numbers unless they are filled behind their sign. */
export function aligned(text: string, { fill, align, width }: FormatSpec, byDefault: "<" | ">"): string {
  const missing = Math.max(0, width - [...text].length);
  switch (align ?? byDefault) {
    case "<":
      return text + fill.repeat(missing);
    case "^":
      return fill.repeat(Math.floor(missing / 2)) + text + fill.repeat(Math.ceil(missing / 2));
    default:
      return fill.repeat(missing) + text;
  }
}
