import { type Decimal, fixedDigits, shortestDigits, significantDigits } from "./decimal.ts";
import { aligned, type FormatSpec } from "./format-spec.ts";

/** A number being laid out. Only `digits` are grouped. */
interface Parts {
  readonly isNegative: boolean;
  readonly prefix: string;
  readonly digits: string;
  /** What comes behind the digits: the point and a fraction, an exponent, a percent sign. */
  readonly rest: string;
}

/** Digits between separators: three, of binary, octal and hexadecimal numbers four. */
function groupSize(type: string | undefined): number {
  return type !== undefined && "boxX".includes(type) ? 4 : 3;
}

/** The digits with separators, and with zeros in front until they are as wide as is wanted. */
function grouped(digits: string, separator: string | undefined, size: number, width: number): string {
  if (digits === "") return "";
  if (separator === undefined) return digits.padStart(width, "0");
  const lengthOf = (count: number) => count + Math.ceil(count / size) - 1;
  let count = digits.length;
  while (lengthOf(count) < width) count++;
  const all = digits.padStart(count, "0");
  const first = all.length % size || size;
  const groups = [all.slice(0, first)];
  for (let at = first; at < all.length; at += size) groups.push(all.slice(at, at + size));
  return groups.join(separator);
}

function laidOut({ isNegative, prefix, digits, rest }: Parts, spec: FormatSpec): string {
  const front = (isNegative ? "-" : spec.sign === "+" || spec.sign === " " ? spec.sign : "") + prefix;
  const { align, fill, grouping, type, width } = spec;
  const isFilledInside = align === "=";
  const wanted = isFilledInside && fill === "0" ? width - front.length - rest.length : 0;
  const number = grouped(digits, grouping, groupSize(type), wanted) + rest;
  if (!isFilledInside) return aligned(front + number, spec, ">");
  return front + fill.repeat(Math.max(0, width - front.length - [...number].length)) + number;
}

const INTEGER_RADIX: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16, d: 10, n: 10 };

/** An integer as Python lays it out. Throws a `TypeError` with Python's words for a spec that integers cannot have. */
export function formatInteger(value: bigint, spec: FormatSpec): string {
  const { type = "d", precision, grouping, isAlternate, isZeroPositive } = spec;
  if ("eEfFgG%".includes(type)) {
    const float = Number(value);
    if (!Number.isFinite(float)) throw new RangeError("int too large to convert to float");
    return formatFloat(float, spec);
  }
  if (precision !== undefined) throw new TypeError("Precision not allowed in integer format specifier");
  if (isZeroPositive)
    throw new TypeError("Negative zero coercion (z) not allowed in format specifier with integer format code");
  const radix = Object.hasOwn(INTEGER_RADIX, type) ? INTEGER_RADIX[type] : undefined;
  if (type === "c") return formatLetter(value, spec);
  if (radix === undefined) throw new TypeError(`Unknown format code '${type}' for object of type 'int'`);
  if (grouping !== undefined && (type === "n" || (grouping === "," && radix !== 10))) throw noGrouping(spec);
  const digits = (value < 0n ? -value : value).toString(radix);
  const prefix = isAlternate && radix !== 10 ? `0${type}` : "";
  const isNegative = value < 0n;
  return laidOut({ isNegative, prefix, digits: type === "X" ? digits.toUpperCase() : digits, rest: "" }, spec);
}

function formatLetter(value: bigint, spec: FormatSpec): string {
  if (spec.sign !== undefined) throw new TypeError("Sign not allowed with integer format specifier 'c'");
  if (spec.isAlternate) throw new TypeError("Alternate form (#) not allowed with integer format specifier 'c'");
  if (spec.grouping !== undefined) throw noGrouping(spec);
  if (value < 0n || value > 0x10ffffn) throw new TypeError("%c arg not in range(0x110000)");
  return laidOut({ isNegative: false, prefix: "", digits: "", rest: String.fromCodePoint(Number(value)) }, spec);
}

/** A float as Python lays it out. Throws a `TypeError` with Python's words for a spec that floats cannot have. */
export function formatFloat(value: number, spec: FormatSpec): string {
  const { type, grouping, isZeroPositive } = spec;
  if (type !== undefined && !"eEfFgGn%".includes(type)) {
    throw new TypeError(`Unknown format code '${type}' for object of type 'float'`);
  }
  if (type === "n" && grouping !== undefined) throw noGrouping(spec);
  const size = Math.abs(type === "%" ? value * 100 : value);
  const text = Number.isFinite(size) ? finite(size, spec) : Number.isNaN(size) ? "nan" : "inf";
  const isUpper = type !== undefined && "EFG".includes(type);
  const [, digits = "", rest = ""] = /^(\d*)(.*)$/s.exec(isUpper ? text.toUpperCase() : text) ?? [];
  const isZero = isZeroPositive && /^[0.]*(?:e.*)?$/.test(text);
  const isNegative = (value < 0 || Object.is(value, -0)) && !isZero;
  return laidOut({ isNegative, prefix: "", digits, rest: type === "%" ? `${rest}%` : rest }, spec);
}

/** Digits behind the point where the spec does not say how many. */
const PRECISION = 6;

function finite(size: number, { type, precision, isAlternate }: FormatSpec): string {
  switch (type?.toLowerCase()) {
    case "f":
    case "%":
      return plain(fixedDigits(size, precision ?? PRECISION), isAlternate);
    case "e":
      return exponential(significantDigits(size, (precision ?? PRECISION) + 1), isAlternate);
    case "g":
    case "n": {
      const count = Math.max(1, precision ?? PRECISION);
      const decimal = significantDigits(size, count);
      const isPlain = decimal.point > -4 && decimal.point <= count;
      return (isPlain ? plain : exponential)(isAlternate ? decimal : stripped(decimal), isAlternate);
    }
    default: {
      // as repr, or with a precision as g, but with a digit behind the point
      const count = Math.max(1, precision ?? 0);
      const decimal = precision === undefined ? shortestDigits(size) : significantDigits(size, count);
      const isPlain = decimal.point > -4 && decimal.point <= (precision === undefined ? 16 : count - 1);
      const digits = isAlternate && precision !== undefined ? decimal : stripped(decimal);
      return isPlain ? plain(digits, isAlternate, 1) : exponential(digits, isAlternate);
    }
  }
}

function stripped({ digits, point }: Decimal): Decimal {
  return { digits: digits.replace(/(?<=.)0+$/, ""), point };
}

function plain({ digits, point }: Decimal, isPointed: boolean, atLeast: number = 0): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  const fraction = ("0".repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point))).padEnd(atLeast, "0");
  return fraction === "" && !isPointed ? whole : `${whole}.${fraction}`;
}

function exponential({ digits, point }: Decimal, isPointed: boolean): string {
  const [first = "0"] = digits;
  const fraction = digits.slice(1);
  const exponent = point - 1;
  const mantissa = fraction === "" && !isPointed ? first : `${first}.${fraction}`;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function noGrouping({ grouping, type }: FormatSpec): TypeError {
  return new TypeError(`Cannot specify '${grouping}' with '${type}'.`);
}
