/** A number above zero as decimal digits and the place of the point: 0.00125 is "125" and -2, as 0.[125] times ten to the -2. */
export interface Decimal {
  readonly digits: string;
  /** Digits in front of the point; negative for zeros behind it. */
  readonly point: number;
}

/**
 * A finite number from zero up with `places` digits behind the point, rounded as Python and C do: to the nearest, of two that are
 * equally near to the even one. Exact, unlike `toFixed`, which rounds 0.5 up.
 */
export function fixedDigits(value: number, places: number): Decimal {
  const digits = rounded(scaled(value, places))
    .toString()
    .padStart(places + 1, "0");
  return { digits, point: digits.length - places };
}

/** The same with `count` digits altogether, from one up, the first of them not zero; of zero all are. */
export function significantDigits(value: number, count: number): Decimal {
  if (value === 0) return { digits: "0".repeat(count), point: 1 };
  // of a number just below a power of ten, the fewest digits that tell it may be that power
  let { point } = shortestDigits(value);
  if (scaled(value, count - point).whole.toString().length < count) point--;
  const digits = rounded(scaled(value, count - point)).toString();
  return digits.length > count ? { digits: digits.slice(0, count), point: point + 1 } : { digits, point };
}

/** The fewest digits that give the number back, as `repr` has them. */
export function shortestDigits(value: number): Decimal {
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  return { digits: mantissa.replace(".", ""), point: Number(exponent) + 1 };
}

const VIEW = new DataView(new ArrayBuffer(8));

/** A whole number, and what is left behind its point: a fraction of two whole numbers. */
interface Scaled {
  readonly whole: bigint;
  readonly left: bigint;
  readonly of: bigint;
}

/** `value * 10 ** places`, exactly. */
function scaled(value: number, places: number): Scaled {
  VIEW.setFloat64(0, value);
  const bits = VIEW.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
  const twos = Math.max(exponent, 1) - 1075;
  const above = mantissa * 2n ** BigInt(Math.max(0, twos)) * 10n ** BigInt(Math.max(0, places));
  const of = 2n ** BigInt(Math.max(0, -twos)) * 10n ** BigInt(Math.max(0, -places));
  return { whole: above / of, left: above % of, of };
}

/** Half to even. */
function rounded({ whole, left, of }: Scaled): bigint {
  return 2n * left > of || (2n * left === of && whole % 2n === 1n) ? whole + 1n : whole;
}
