import type { MessageType } from "../schema.ts";
import type {
  ElementMessage,
  ElementOf,
  EntryMessage,
  EntryOf,
  FieldName,
  Given,
  KeyOf,
  ListName,
  MapName,
  MessageListName,
  MessageMapName,
  MessageName,
  MessageOf,
  RepeatedName,
} from "./names.ts";

/**
 * A message in the bytes of a file: read where it is, edited in place, and everything that was not edited is written as it was,
 * byte for byte: order, unknown fields, packing, spelling of numbers, defaults that were written, fields that come twice.
 *
 * Nothing is decoded before it is asked for. Records of a message are found when the first of its fields is asked for, records of
 * the messages inside it when theirs are. So a `CorruptError` may come from any method but `set`'s kin on a fresh field; it names
 * the byte of the file and the field.
 *
 * Fields have the names of the typed object. What a field holds follows protocol buffers: of a scalar that comes twice the last
 * one counts, of a oneof the last member, of a map's key the last entry, and a message that comes twice is the two merged.
 *
 * Edits take effect at once, in this node and in all that were taken from the tree before. A node whose field was set, cleared or
 * removed is no longer in the tree: it can be read, but editing it is a `TypeError`. An edit that brings back the value that the
 * file has brings back the file's bytes; so an edit followed by its undo leaves no trace.
 *
 * Given bytes are kept and not copied: they must not change afterwards. The tree never writes to any.
 */
export interface WireMessage<T extends object> {
  /** What the message is. */
  readonly type: MessageType<T>;
  /** Where it is: `meta_graphs[0].graph_def`, and `""` for the outermost one. */
  readonly path: string;
  /** Of its first byte, in the file. Undefined if an edit has put it in. */
  readonly offset: number | undefined;
  /** Whether `encode` gives other bytes than the file has. */
  readonly changed: boolean;
  /** The order in which this file has the entries of maps, as `mapOrderOf` finds it; new entries go where it puts them. */
  readonly mapOrder: "upb" | "c++";

  /** Whether the typed object would have the field, or would have it with anything but its default. */
  has<K extends FieldName<T>>(name: K): boolean;

  /** The number of elements, or of keys. */
  count<K extends RepeatedName<T> | MapName<T>>(name: K): number;

  /** The field as the typed object has it. Only its records are decoded. Bytes are views of the file's. */
  value<K extends FieldName<T>>(name: K): T[K];

  /** The message in a field, undefined if there is none. One that comes twice in the file is one here, and an edit makes it one. */
  message<K extends MessageName<T>>(name: K): WireMessage<MessageOf<T, K>> | undefined;

  /** The messages in a repeated field. The array is the same until the field is edited. */
  messages<K extends MessageListName<T>>(name: K): readonly WireMessage<ElementMessage<T, K>>[];

  /** The messages in a map, in the order of the file. The map is the same until the field is edited. */
  entries<K extends MessageMapName<T>>(name: K): ReadonlyMap<KeyOf<T, K>, WireMessage<EntryMessage<T, K>>>;

  /** The whole message, decoded. */
  decode(): T;

  /**
   * Sets a field. The record keeps its place; one that is new goes behind the last field with a smaller number. The default of a
   * field whose presence is not tracked is not written. Setting a member of a oneof clears the others. Of a repeated field or a
   * map what stays the same keeps its bytes.
   */
  set<K extends FieldName<T>>(name: K, value: Given<Exclude<T[K], undefined>>): void;

  /** Removes a field. */
  clear<K extends FieldName<T>>(name: K): void;

  /** Adds an element behind the others. */
  append<K extends ListName<T>>(name: K, value: Given<ElementOf<T, K>>): void;

  /** Adds an element before the one at `index`, or behind them all. Throws a `RangeError` for any other index. */
  insert<K extends ListName<T>>(name: K, index: number, value: Given<ElementOf<T, K>>): void;

  /** Sets an element. Throws a `RangeError` if there is none. */
  replace<K extends ListName<T>>(name: K, index: number, value: Given<ElementOf<T, K>>): void;

  /** Removes an element. Throws a `RangeError` if there is none. */
  remove<K extends ListName<T>>(name: K, index: number): void;

  /** Sets the value of a key, in its entry or in a new one, which goes where `mapOrder` puts it. */
  setEntry<K extends MapName<T>>(name: K, key: KeyOf<T, K>, value: Given<EntryOf<T, K>>): void;

  /** Removes a key. False if there is none. */
  deleteEntry<K extends MapName<T>>(name: K, key: KeyOf<T, K>): boolean;

  /**
   * Gives an entry another key. The value keeps its bytes; the entry goes where `mapOrder` puts the new key. Throws a
   * `NotFoundError` if there is no entry `from`, a `RangeError` if there is one `to`.
   */
  renameEntry<K extends MapName<T>>(name: K, from: KeyOf<T, K>, to: KeyOf<T, K>): void;

  /** The bytes: the file's own, not a copy, if nothing changed. Throws a `RangeError` for 2 GiB and more. */
  encode(): Uint8Array;

  /** The same in pieces, most of which are the file's own bytes, for writing them one after another. */
  chunks(): Iterable<Uint8Array>;
}
