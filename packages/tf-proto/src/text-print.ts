/**
 * Values as Python's `text_format.MessageToString` writes them.
 *
 *     string    quoted; \n \t \r \" \' \\, other control characters and DEL as three octal digits, everything else as it is
 *     bytes     the same, and every byte from 0x80 up as three octal digits
 *     double    Python's repr: 5.0, 1e+16, 1.5e-07, inf, nan
 */

const NAMED: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  '"': '\\"',
  "'": "\\'",
  "\\": "\\\\",
};

/** A string, or the value of a field of bytes, in double quotes. */
export function stringifyTextString(value: string | Uint8Array): string {
  const text = typeof value === "string" ? value : Array.from(value, (byte) => String.fromCharCode(byte)).join("");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  const escaped = typeof value === "string" ? /[\x00-\x1f"'\\\x7f]/g : /[\x00-\x1f"'\\\x7f-\xff]/g;
  return `"${text.replace(escaped, (character) => NAMED[character] ?? octal(character))}"`;
}

function octal(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
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
