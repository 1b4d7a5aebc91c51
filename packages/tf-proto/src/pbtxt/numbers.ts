/**
 * Numbers as Python's `text_format` reads and writes them:
 *
 *     integer   5  -5  0x1F  0o17  0b11  1_000  010 (octal, as in C)                  written in decimal
 *     float     5  5.0  .5  1.5e-07  1.5f  inf  -infinity  nan                        written as Python's repr
 */

/** Python takes no integer of more digits, and a longer float says nothing more. A pattern could overflow the stack on it. */
const MOST_CHARACTERS = 4300;

/** What Python's `int(text, 0)` takes. */
const INTEGER = /^([+-]?)(0x(?:_?[\da-f])+|0o(?:_?[0-7])+|0b(?:_?[01])+|[1-9](?:_?\d)*|0(?:_?0)*)$/i;
const C_OCTAL = /^(-?)0([0-7]+)$/;

/** A whole number, or undefined for what is none. */
export function parseInteger(text: string): bigint | undefined {
  const octal = text.length <= MOST_CHARACTERS ? C_OCTAL.exec(text) : null;
  return octal === null ? parsePythonInteger(text) : signed(octal[1], `0o${octal[2]}`);
}

/** A whole number without C's octal ones: Python takes no `010` for an enum. */
export function parsePythonInteger(text: string): bigint | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  return digits === undefined ? undefined : signed(sign, digits.replaceAll("_", ""));
}

function signed(sign: string | undefined, digits: string): bigint {
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}

const INFINITY = /^[+-]?(?:inf|infinityf*)$|^-?inff$/i;
const NAN = /^[+-]?nanf*$/i;
const FLOAT = /^([+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?)f*$/i;

/** A number, or undefined for what is none: neither octal nor hexadecimal ones are. The sign of a NaN is lost. */
export function parseDouble(text: string): number | undefined {
  if (text.length > MOST_CHARACTERS || /^-?0\d/.test(text)) return undefined;
  if (INFINITY.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (NAN.test(text)) return Number.NaN;
  const digits = FLOAT.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits.replaceAll("_", ""));
}

/** From here up, and below the other, Python writes an exponent; JavaScript's limits are 1e21 and 1e-6. */
const LARGEST_PLAIN = 1e16;
const SMALLEST_PLAIN = 1e-4;

/** A double: the shortest digits that give it back, in Python's form. */
export function stringifyTextDouble(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const magnitude = Math.abs(value);
  if (magnitude >= LARGEST_PLAIN || magnitude < SMALLEST_PLAIN) {
    return value.toExponential().replace(/([+-])(\d)$/, "$10$2");
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Digits behind the first one: every float has between six and nine that count. */
const FEWEST_DECIMALS = 5;
const MOST_DECIMALS = 8;

/** A float: of as few digits, from six up, as give the same float again. */
export function stringifyTextFloat(value: number): string {
  const float = Math.fround(value);
  let rounded = float;
  for (let decimals = FEWEST_DECIMALS; decimals <= MOST_DECIMALS && Number.isFinite(float) && float !== 0; decimals++) {
    rounded = roundHalfEven(float, decimals);
    if (Math.fround(rounded) === float) break;
  }
  return stringifyTextDouble(rounded);
}

/** So many more decimals show whether a float is exactly half-way between two shorter numbers. */
const ENOUGH_DECIMALS = 20;

/** `value` with so many decimals in its exponential form. JavaScript rounds halves up, Python to the even digit. */
function roundHalfEven(value: number, decimals: number): number {
  const half = /^(-?\d\.\d*[02468])5(e.+)$/.exec(value.toExponential(decimals + 1));
  if (half !== null) {
    const [, even, exponent] = half;
    const exact = `${even}${"5".padEnd(ENOUGH_DECIMALS, "0")}${exponent}`;
    if (value.toExponential(decimals + ENOUGH_DECIMALS) === exact) return Number(`${even}${exponent}`);
  }
  return Number(value.toExponential(decimals));
}
