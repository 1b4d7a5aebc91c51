import { MAX_DEPTH } from "../field-path.ts";
import { quote, type TextPosition, type TextTokens } from "./tokens.ts";

/**
 * The text format of protocol buffers, as Python's `text_format.Parse` reads it: the `checkpoint` state file, `.pbtxt` graphs.
 *
 *     model_checkpoint_path: "ckpt-3"        # a comment              a field is a name, a colon and a value
 *     paths: ["ckpt-2", 'ckpt' "-3"]                                  a list; strings side by side are one
 *     node { name: "w" op < type: FLOAT > }                           messages; a colon before them may be left out
 *     last: -1.5e3; count: 0x10, shared: true                         numbers, words; separators may stand between fields
 *     [type.googleapis.com/tensorflow.X] { }                          what an Any holds, or the name of an extension
 *
 * These functions read what any message is made of; fields.ts reads it without a schema, parse-message.ts with one.
 */

/** A string: bytes that need not be UTF-8. */
export interface TextString extends TextPosition {
  readonly kind: "string";
  readonly bytes: Uint8Array;
}

/** A number, a boolean or an enum: which of them, only the schema tells. */
export interface TextWord extends TextPosition {
  readonly kind: "word";
  readonly text: string;
}

/** Messages inside each other: a deeper one could be stored as no bytes, and an error is better than an overflow of the stack. */
export const MAX_TEXT_DEPTH: number = MAX_DEPTH;

/** What ends a message: nothing but the end of the text ends the outermost one. */
export type Closing = "" | "}" | ">";

/** Calls `field` for each field up to and with the closing token. */
export function readFields(tokens: TextTokens, closing: Closing, depth: number, field: () => void): void {
  if (depth > MAX_TEXT_DEPTH) throw tokens.error(`messages lie more than ${MAX_TEXT_DEPTH} deep in each other`);
  while (tokens.kind === "end" || tokens.token !== closing) {
    if (tokens.kind !== "end") field();
    else if (closing === "") return;
    else throw tokens.error(`the text ends where "${closing}" is expected`);
  }
  tokens.next();
}

/** The name of a field, or its number in digits. */
export function readName(tokens: TextTokens): string {
  const name = tokens.token;
  if (tokens.kind !== "word" || !/^\w/.test(name)) {
    throw tokens.error(`the name of a field expected, not ${tokens.describe()}`);
  }
  tokens.next();
  return name;
}

/** `package.extension]` or `host/package.Message]`, without the bracket and the spaces that may be in it. */
export function readBracketedName(tokens: TextTokens): string {
  const { line, column } = tokens;
  let name = "";
  while (!tokens.skip("]")) {
    if (tokens.kind === "end" || tokens.kind === "string" || !/^[-\w.~!$&()*+,;=%/]+$/.test(tokens.token)) {
      throw tokens.error(`"]" expected, not ${tokens.describe()}`);
    }
    name += tokens.token;
    tokens.next();
  }
  if (isTypeUrl(name)) return name;
  throw tokens.error(`${quote(`[${name}]`)} names no extension and no type`, { line, column });
}

/** `package.Message`, or that after a host and a slash. */
function isTypeUrl(url: string): boolean {
  const slash = url.lastIndexOf("/");
  if (slash === 0 || /^\/|%(?![\da-fA-F]{2})/.test(url.slice(0, Math.max(slash, 0)))) return false;
  const names = url.slice(slash + 1).split(".");
  return names.every((name) => /^[a-zA-Z_]\w*$/.test(name));
}

/** Skips the colon, without which there can only be messages. Returns whether it was there. */
export function readColon(tokens: TextTokens, mayBeMissing: boolean): boolean {
  const isThere = tokens.skip(":");
  if (!isThere && !(mayBeMissing && ["{", "<", "["].includes(tokens.token))) {
    throw tokens.error(`":" expected, not ${tokens.describe()}`);
  }
  return isThere;
}

/** Calls `value` for each value of a list whose `[` is behind us. */
export function readList(tokens: TextTokens, value: () => void): void {
  if (tokens.skip("]")) return;
  value();
  while (!tokens.skip("]")) {
    if (!tokens.skip(",")) throw tokens.error(`"," or "]" expected, not ${tokens.describe()}`);
    value();
  }
}

/** What will close the message whose `{` or `<` comes next, or undefined if none begins. */
export function readOpening(tokens: TextTokens): Closing | undefined {
  if (tokens.skip("{")) return "}";
  return tokens.skip("<") ? ">" : undefined;
}

/** A string or a word. */
export function readScalar(tokens: TextTokens): TextString | TextWord {
  const { line, column, kind, token } = tokens;
  if (kind === "string") return { kind, bytes: tokens.takeString(), line, column };
  if (kind !== "word") throw tokens.error(`a value expected, not ${tokens.describe()}`);
  tokens.next();
  return { kind, text: token, line, column };
}

/** Skips the one sign that may stand between fields. */
export function readSeparator(tokens: TextTokens): void {
  if (!tokens.skip(",")) tokens.skip(";");
}
