/**
 * A text with fields as `str.format` of Python reads it:
 *
 *     cp-{epoch:04d}-{val_loss:.2f}.weights.h5
 *        {NAME!CONVERSION:SPEC}        SPEC may have fields itself: {epoch:{width}d}
 *        {{ and }} are braces
 */
export type Piece = string | Field;

/** A place for a value. */
export interface Field {
  readonly name: string;
  /** `r`, `s` or `a`: the value's `repr`, `str` or `ascii` is taken; without one the value itself. */
  readonly conversion: Conversion | undefined;
  readonly spec: readonly Piece[];
}

export type Conversion = "r" | "s" | "a";

/** Fields in a spec may not have specs with fields. */
const DEEPEST = 2;

/** The pieces of a template. Throws a `TypeError` with Python's words for what is none. */
export function parseTemplate(text: string): Piece[] {
  return parse(text, 1);
}

function parse(text: string, depth: number): Piece[] {
  if (depth > DEEPEST) throw new TypeError("Max string recursion exceeded");
  const pieces: Piece[] = [];
  let literal = "";
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter !== "{" && letter !== "}") {
      literal += letter;
    } else if (text[at + 1] === letter) {
      literal += letter;
      at++;
    } else if (letter === "}") {
      throw new TypeError("Single '}' encountered in format string");
    } else {
      if (literal !== "") pieces.push(literal);
      literal = "";
      const { field, end } = parseField(text, at + 1, depth);
      pieces.push(field);
      at = end;
    }
  }
  if (literal !== "") pieces.push(literal);
  return pieces;
}

/** The field that begins behind a brace, and where the brace is that closes it. */
function parseField(text: string, start: number, depth: number): { readonly field: Field; readonly end: number } {
  if (start >= text.length) throw new TypeError("Single '{' encountered in format string");
  let at = endOfName(text, start);
  const name = text.slice(start, at);
  let conversion: Conversion | undefined;
  if (text[at] === "!") {
    conversion = parseConversion(text[at + 1]);
    at += 2;
    if (text[at] !== ":" && text[at] !== "}") throw new TypeError("expected ':' after conversion specifier");
  }
  if (text[at] === "}") return { field: { name, conversion, spec: [] }, end: at };
  const end = endOfSpec(text, at + 1);
  return { field: { name, conversion, spec: parse(text.slice(at + 1, end), depth + 1) }, end };
}

/** Names may have an index, in which braces, colons and exclamation marks mean nothing. */
function endOfName(text: string, start: number): number {
  let isInIndex = false;
  for (let at = start; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter === "{") throw new TypeError("unexpected '{' in field name");
    if (letter === "[") isInIndex = true;
    else if (letter === "]") isInIndex = false;
    else if (!isInIndex && "}:!".includes(letter)) return at;
  }
  throw new TypeError("expected '}' before end of string");
}

function endOfSpec(text: string, start: number): number {
  let open = 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "{") open++;
    else if (text[at] === "}") open--;
    if (open === 0) return at;
  }
  throw new TypeError("unmatched '{' in format spec");
}

function parseConversion(letter: string | undefined): Conversion {
  if (letter === "r" || letter === "s" || letter === "a") return letter;
  if (letter === undefined) throw new TypeError("end of string while looking for conversion specifier");
  throw new TypeError(`Unknown conversion specifier ${letter}`);
}
