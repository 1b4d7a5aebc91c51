import { fromNumbers, type SmallFloatDType, toNumbers } from "@modelbytes/tensor";

/** Digits that tell every float32 from its neighbours; the smaller floats need fewer. */
const MOST_DIGITS = 9;

/** What `toExponential` can give: the exact value where it has no more digits, and no tie where it has. */
const MOST_DECIMALS = 100;

/** How a value of a dtype comes out of a number that is near it. */
type Round = (value: number) => number;

/** A float64 with the fewest digits that give it again. */
export function float64Text(value: number): string {
  return asFloat(value, String);
}

/** A float32 with the fewest digits that give it again, as a float32. */
export function float32Text(value: number): string {
  return asFloat(value, (finite) => shortest(finite, Math.fround));
}

/** A small float with the fewest digits that give it again, in its own dtype. */
export function smallFloatText(dtype: SmallFloatDType, value: number): string {
  return asFloat(value, (finite) => shortest(finite, (near) => toNumbers(fromNumbers(dtype, [1], [near]))[0] ?? near));
}

/** Python's words for what is no number, and a mark that it is no whole number. */
function asFloat(value: number, digits: (finite: number) => string): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  const text = Object.is(value, -0) ? "-0" : digits(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function shortest(value: number, round: Round): string {
  for (let digits = 1; digits < MOST_DIGITS; digits++) {
    const near = rounded(value, digits);
    if (round(near) === value) return String(near);
  }
  return String(rounded(value, MOST_DIGITS));
}

/** `toPrecision`, but where two numbers of so many digits are equally near, the even one, as numpy and Python have it. */
function rounded(value: number, digits: number): number {
  const [, mantissa = "", exponent = ""] = /^-?([\d.]+)(e.*)$/.exec(value.toExponential(MOST_DECIMALS)) ?? [];
  const exact = mantissa.replace(".", "");
  const isTie = /^50*$/.test(exact.slice(digits)) && Number(exact[digits - 1]) % 2 === 0;
  if (!isTie) return Number(value.toPrecision(digits));
  const even = Number(`${exact[0]}.${exact.slice(1, digits)}${exponent}`);
  return value < 0 ? -even : even;
}
