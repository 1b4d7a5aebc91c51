import type { Span } from "./span.ts";

/** A record that an edit has put in, or one of the file that it has moved. */
export interface NewRecord extends Span {
  readonly tag: number;
  readonly valueStart: number;
  /** The message's own record that it is, if it is one. */
  readonly own: number | undefined;
  /** Whether its value was given as bytes, so that only the same bytes are the same value. */
  readonly exact: boolean;
}

/** A record of an edited field: one of the message's own, by its index, in its old place; or a new one. */
export type Item = number | NewRecord;

/** What a record's value is called: records of the same value share a name. */
export type Names = (item: Item) => readonly string[];

/** Whether an item is one of the message's own records. */
export function isOwn(item: Item | undefined): item is number {
  return typeof item === "number";
}
