/** Words and numbers as people read them. */

/**
 * A name or a message in one line that a terminal can be trusted with: control and invisible characters are escaped, and so are the
 * lone surrogates that stand for the bytes of a name that is not UTF-8.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${hex(code, 2)}`;
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - 0xdc00, 2)}`;
    return code > 0xffff ? `\\u{${hex(code, 0)}}` : `\\u${hex(code, 4)}`;
  });
}

/** A byte or a code in hexadecimal. */
export function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** A whole number with its thousands set apart. `toLocaleString` takes longer to load than all else here. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 tensor`, `27 tensors`. */
export function counted(number: number, word: string): string {
  return `${grouped(number)} ${word}${number === 1 ? "" : "s"}`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes in the largest unit that leaves a number of one to three digits: `1.2 GB`. */
export function bytesText(bytes: number): string {
  let unit = 0;
  while (bytes >= 999.5 && unit < UNITS.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit > 0 && bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${UNITS[unit]}`;
}

/** Milliseconds: `12 ms`, `3.4 s`, `2 min 05 s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** A shape, as Python prints a list; `?` is a dimension of any size, and there may be any number of dimensions. */
export function shapeText(shape: readonly (number | null)[] | undefined): string {
  return shape === undefined ? "any shape" : `[${shape.map((size) => size ?? "?").join(", ")}]`;
}

/** How nearly all keys of object-based checkpoints end. */
const COMMON_END = ".ATTRIBUTES/VARIABLE_VALUE";

/**
 * A name in at most `width` characters: first without the end that many names share, then with its middle cut out. `share` is how much
 * of what is left is its end.
 */
export function shortened(name: string, width: number, share = 0.5): string {
  if (lengthOf(name) <= width) return name;
  const telling = name.endsWith(`/${COMMON_END}`) ? `${name.slice(0, -COMMON_END.length)}…` : name;
  const characters = [...telling];
  if (characters.length <= width) return telling;
  const kept = Math.max(width - 1, 2);
  const tail = Math.ceil(kept * share);
  return `${characters.slice(0, kept - tail).join("")}…${tail === 0 ? "" : characters.slice(-tail).join("")}`;
}

/** Characters of a text; a string counts those beyond U+FFFF twice. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}
