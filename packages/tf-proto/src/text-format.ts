import type { Place } from "@modelbytes/bytes";
import { type TextPosition, TextTokens } from "./text-tokens.ts";

/**
 * The text format of protocol buffers, as Python's `text_format.Parse` reads it: the `checkpoint` state file, `.pbtxt` graphs.
 *
 *     model_checkpoint_path: "ckpt-3"        # a comment              a field is a name, a colon and a value
 *     paths: ["ckpt-2", 'ckpt' "-3"]                                  a list; strings side by side are one
 *     node { name: "w" op < type: FLOAT > }                           messages; a colon before them may be left out
 *     last: -1.5e3; count: 0x10, shared: true                         numbers, words; separators may stand between fields
 *     [type.googleapis.com/tensorflow.X] { }                          the name of an extension, or what an Any holds
 *
 * There is no schema here, so the result is what is written: text-values.ts says what a value is as an int64, a double, an enum.
 */

/** A field as it is written. A field that repeats comes again, or once as a list. */
export interface TextField extends TextPosition {
  /** The name, or the number in digits; for extensions and Any with its brackets. */
  readonly name: string;
  /** One value, or those of a list. */
  readonly values: readonly TextValue[];
  /** Whether the values are in `[ ]`, which only a repeated field may be. */
  readonly isList: boolean;
  /** Whether there is a colon, which only messages may do without. */
  readonly hasColon: boolean;
}

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

/** A message inside another, in `{ }` or `< >`. */
export interface TextMessage extends TextPosition {
  readonly kind: "message";
  readonly fields: readonly TextField[];
}

/** The value of a field, told apart by `kind`. */
export type TextValue = TextString | TextWord | TextMessage;

/**
 * Messages inside each other. Protocol buffers' binary readers stop at 100, so a deeper message could never have been stored; and
 * an answer is better than an overflow of the stack.
 */
export const MAX_TEXT_DEPTH = 100;

/** The fields of a message in text. Throws a `TextFormatError`, a `CorruptError` with line and column, where it is none. */
export function parseTextFormat(text: string, place: Place = {}): TextField[] {
  return new Parser(new TextTokens(text, place)).fields("", 0);
}

class Parser {
  readonly #tokens: TextTokens;

  constructor(tokens: TextTokens) {
    this.#tokens = tokens;
  }

  /** Fields up to and with the token `end`, which is empty for the end of the text. */
  fields(end: "" | "}" | ">", depth: number): TextField[] {
    const tokens = this.#tokens;
    if (depth > MAX_TEXT_DEPTH) throw tokens.error(`messages lie more than ${MAX_TEXT_DEPTH} deep in each other`);
    const fields: TextField[] = [];
    while (tokens.kind === "end" || tokens.token !== end) {
      if (tokens.kind === "end") {
        if (end === "") return fields;
        throw tokens.error(`the text ends where "${end}" is expected`);
      }
      fields.push(this.#field(depth));
      if (!tokens.skip(",")) tokens.skip(";");
    }
    tokens.next();
    return fields;
  }

  #field(depth: number): TextField {
    const tokens = this.#tokens;
    const { line, column } = tokens;
    const name = tokens.skip("[") ? this.#bracketedName() : this.#name();
    const hasColon = tokens.skip(":");
    const isMessage = tokens.token === "{" || tokens.token === "<";
    const isList = tokens.token === "[";
    if (!hasColon && !isMessage && !isList) throw tokens.error(`":" expected, not ${tokens.describe()}`);
    const values = isList ? this.#list(hasColon, depth) : [this.#value(depth)];
    return { name, values, isList, hasColon, line, column };
  }

  #name(): string {
    const name = this.#tokens.token;
    if (this.#tokens.kind !== "word" || !/^\w/.test(name)) {
      throw this.#tokens.error(`the name of a field expected, not ${this.#tokens.describe()}`);
    }
    this.#tokens.next();
    return name;
  }

  /** `[package.extension]` or `[host/package.Message]`, without the spaces that may be in it. */
  #bracketedName(): string {
    const tokens = this.#tokens;
    const { line, column } = tokens;
    let name = "";
    while (!tokens.skip("]")) {
      if (tokens.kind === "end" || tokens.kind === "string" || !/^[-\w.~!$&()*+,;=%/]+$/.test(tokens.token)) {
        throw tokens.error(`"]" expected, not ${tokens.describe()}`);
      }
      name += tokens.token;
      tokens.next();
    }
    const type = /^(?:(?!\/)(?:[^%]|%[\da-fA-F]{2})+\/)?[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*$/;
    if (!type.test(name)) throw tokens.error(`"[${name}]" names no extension and no type`, { line, column });
    return `[${name}]`;
  }

  #list(hasColon: boolean, depth: number): TextValue[] {
    const tokens = this.#tokens;
    const values: TextValue[] = [];
    tokens.next();
    if (tokens.skip("]")) return values;
    while (true) {
      const value = this.#value(depth);
      if (!hasColon && value.kind !== "message") throw tokens.error('":" expected before a list of scalars', value);
      values.push(value);
      if (tokens.skip("]")) return values;
      if (!tokens.skip(",")) throw tokens.error(`"," or "]" expected, not ${tokens.describe()}`);
    }
  }

  #value(depth: number): TextValue {
    const tokens = this.#tokens;
    const { line, column, kind, token } = tokens;
    if (kind === "string") return { kind, bytes: tokens.takeString(), line, column };
    if (kind === "word") {
      tokens.next();
      return { kind, text: token, line, column };
    }
    if (tokens.skip("{")) return { kind: "message", fields: this.fields("}", depth + 1), line, column };
    if (tokens.skip("<")) return { kind: "message", fields: this.fields(">", depth + 1), line, column };
    throw tokens.error(`a value expected, not ${tokens.describe()}`);
  }
}
