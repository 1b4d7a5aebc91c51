/**
 * The text of a float as Python's `repr` and `json.dumps` write it: the shortest digits that give the float back, as in JavaScript,
 * laid out differently: always with a fraction, an exponent below 1e-4 and from 1e16 on, and two digits at least in the exponent.
 * What is no number is called as in Python's JSON: `NaN`, `Infinity`, `-Infinity`.
 */
export function reprFloat(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e16 || size < 1e-4) {
    if (value === 0) return Object.is(value, 0) ? "0.0" : "-0.0";
    const text = value.toExponential();
    return /e[+-]\d$/.test(text) ? `${text.slice(0, -1)}0${text.slice(-1)}` : text; // also Infinity
  }
  const text = String(value);
  return Number.isInteger(value) ? `${text}.0` : text;
}
