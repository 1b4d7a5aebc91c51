import type { Place } from "@modelbytes/bytes";
import {
  type Closing,
  readBracketedName,
  readColon,
  readFields,
  readList,
  readName,
  readOpening,
  readScalar,
  readSeparator,
  type TextString,
  type TextWord,
} from "./syntax.ts";
import { type TextPosition, TextTokens } from "./tokens.ts";

/**
 * A text without a schema. The result is what is written: values.ts says what a value is as an int64, a double, an enum.
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

/** A message inside another, in `{ }` or `< >`. */
export interface TextMessage extends TextPosition {
  readonly kind: "message";
  readonly fields: readonly TextField[];
}

/** The value of a field, told apart by `kind`. */
export type TextValue = TextString | TextWord | TextMessage;

/** The fields of a message in text. Throws a `TextFormatError`, a `CorruptError` with line and column, where it is none. */
export function parseTextFormat(text: string, place: Place = {}): TextField[] {
  return textFields(new TextTokens(text, place), "", 0);
}

function textFields(tokens: TextTokens, closing: Closing, depth: number): TextField[] {
  const fields: TextField[] = [];
  readFields(tokens, closing, depth, () => {
    fields.push(textField(tokens, depth));
    readSeparator(tokens);
  });
  return fields;
}

function textField(tokens: TextTokens, depth: number): TextField {
  const { line, column } = tokens;
  const name = tokens.skip("[") ? `[${readBracketedName(tokens)}]` : readName(tokens);
  const hasColon = readColon(tokens, true);
  const isList = tokens.skip("[");
  const values: TextValue[] = [];
  if (!isList) values.push(textValue(tokens, depth));
  else
    readList(tokens, () => {
      const value = textValue(tokens, depth);
      if (!hasColon && value.kind !== "message") throw tokens.error('":" expected before a list of scalars', value);
      values.push(value);
    });
  return { name, values, isList, hasColon, line, column };
}

function textValue(tokens: TextTokens, depth: number): TextValue {
  const { line, column } = tokens;
  const closing = readOpening(tokens);
  if (closing === undefined) return readScalar(tokens);
  return { kind: "message", fields: textFields(tokens, closing, depth + 1), line, column };
}
