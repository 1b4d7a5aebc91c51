// Scalars as PyYAML writes them: which style a text may have, and each style with its folding.

import type { LineWriter } from "./line-writer.ts";
import { plainType } from "./resolver.ts";

/** Plain, in single or double quotes, or as a literal block. */
export type ScalarStyle = "" | "'" | '"' | "|";

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: YAML's white space has NUL in it
/** What makes a text something else than a plain scalar: indicators at its beginning, `: ` and ` #` within. */
const BLOCK_INDICATORS =
  /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[-?](?:[\0 \t\r\n\x85\u2028\u2029]|$))|:(?:[\0 \t\r\n\x85\u2028\u2029]|$)|[\0 \t\r\n\x85\u2028\u2029]#/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above
/** What ends or splits a plain scalar between brackets. */
const FLOW_INDICATORS = /[,?[\]{}:]/;
/** What only double quotes can hold: all but printable ASCII and line feeds. */
const SPECIAL = /[^\n -~]/;
const BREAK = /[\n\x85\u2028\u2029]/;
const AROUND_BREAK = / [\n\x85\u2028\u2029]|[\n\x85\u2028\u2029] /;
const OUTER_SPACE = /^ | $/;
/** A text for which nothing of the above holds. */
const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a text may be a key without `? ` before it, as far as its lines go. */
export function fitsSimpleKey(text: string): boolean {
  return text !== "" && !BREAK.test(text);
}

/** The style of a string, between brackets or not, as a simple key or not. */
export function stringStyle(text: string, inFlow: boolean, asSimpleKey: boolean): ScalarStyle {
  if (isPlain(text, inFlow) && plainType(text) === "str") return "";
  const isQuotable = !SPECIAL.test(text) && !AROUND_BREAK.test(text);
  return isQuotable && !(asSimpleKey && BREAK.test(text)) ? "'" : '"';
}

/** Whether a text needs no quotes to be one scalar. */
function isPlain(text: string, inFlow: boolean): boolean {
  if (WORD.test(text)) return true;
  if (SPECIAL.test(text) || BREAK.test(text) || OUTER_SPACE.test(text) || BLOCK_INDICATORS.test(text)) return false;
  return !inFlow || !FLOW_INDICATORS.test(text);
}

/** Writes a text in a style; `split` says whether its lines may be folded. */
export function writeScalar(out: LineWriter, text: string, style: ScalarStyle, split: boolean): void {
  if (style === "") writePlain(out, text, split);
  else if (style === "'") writeSingleQuoted(out, text, split);
  else if (style === '"') writeDoubleQuoted(out, text, split);
  else writeLiteral(out, text);
}

/** One line with nothing in it but printable ASCII, folded at single spaces beyond the width. */
function writePlain(out: LineWriter, text: string, split: boolean): void {
  if (!out.whitespace) out.write(" ");
  out.endSpace();
  if (!split || out.column + text.length <= out.width) {
    out.write(text);
    return;
  }
  for (const [run] of text.matchAll(/ +|[^ ]+/g)) {
    if (run === " " && out.column > out.width) {
      out.writeIndent();
      out.endSpace();
    } else out.write(run);
  }
}

/** Printable ASCII and line feeds: a quote is doubled, n line feeds are n + 1 line breaks. */
function writeSingleQuoted(out: LineWriter, text: string, split: boolean): void {
  out.writeIndicator("'", true);
  for (const { 0: run, index } of text.matchAll(/ +|\n+|'|[^ \n']+/g)) {
    if (run === "'") out.write("''");
    else if (run.startsWith("\n")) {
      for (let count = 0; count <= run.length; count++) out.breakLine();
      out.writeIndent();
    } else if (run === " " && split && out.column > out.width && index > 0 && index + 1 < text.length) {
      out.writeIndent();
    } else out.write(run);
  }
  out.writeIndicator("'", false);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\x85": "N",
  "\xa0": "_",
  "\u2028": "L",
  "\u2029": "P",
};

/** A character as it stands in double quotes. */
function escapeCharacter(character: string): string {
  const short = ESCAPES[character];
  if (short !== undefined) return `\\${short}`;
  if (character >= " " && character <= "~" && character.length === 1) return character;
  const code = character.codePointAt(0) ?? 0;
  const [letter, digits] = code <= 0xff ? ["x", 2] : code <= 0xffff ? ["u", 4] : ["U", 8];
  return `\\${letter}${code.toString(16).toUpperCase().padStart(digits, "0")}`;
}

/** Any text: the line is folded, with a backslash, before a space or after an escape that goes beyond the width. */
function writeDoubleQuoted(out: LineWriter, text: string, split: boolean): void {
  out.writeIndicator('"', true);
  const characters = Array.from(text);
  let pending = ""; // characters that need no escape and are not written yet
  for (const [index, character] of characters.entries()) {
    const escaped = escapeCharacter(character);
    const plain = escaped === character;
    if (!plain) {
      out.write(pending + escaped);
      pending = "";
    }
    const inside = index > 0 && index < characters.length - 1;
    const breakable = character === " " || pending === "";
    const reached = out.column + (plain ? pending.length : -1);
    if (split && inside && breakable && reached > out.width) {
      out.write(`${pending}\\`);
      pending = "";
      out.writeIndent();
      out.endSpace();
      if ((plain ? character : characters[index + 1]) === " ") out.write("\\");
    }
    if (plain) pending += character;
  }
  out.write(pending);
  out.writeIndicator('"', false);
}

/** Lines as they are, each at the margin; the header says what comes at the end. */
function writeLiteral(out: LineWriter, text: string): void {
  const lines = text.replace(/\n$/, "").split("\n");
  out.writeIndicator(text.endsWith("\n") ? "|" : "|-", true);
  out.breakLine();
  for (const line of lines) {
    out.writeIndent();
    out.write(line);
    out.breakLine();
  }
}
