import type { Init } from "../encode.ts";

/**
 * What the type of a message says of its fields: which names a method of the tree may be called with, and what it gives or takes
 * for each.
 */

/** All fields: every property but the unknown records. */
export type FieldName<T> = Exclude<keyof T & string, "$unknown">;

/** Fields that hold one message. */
export type MessageName<T> = { [K in FieldName<T>]: IsMessage<Present<T[K]>> extends true ? K : never }[FieldName<T>];

/** Repeated fields. */
export type RepeatedName<T> = { [K in FieldName<T>]: T[K] extends List ? K : never }[FieldName<T>];

/** Repeated fields whose elements each have a record: messages, strings and bytes. Numbers are packed into one. */
export type ListName<T> = {
  [K in FieldName<T>]: T[K] extends readonly (infer E)[] ? (E extends string | object ? K : never) : never;
}[FieldName<T>];

/** Repeated fields of messages. */
export type MessageListName<T> = {
  [K in FieldName<T>]: T[K] extends readonly (infer E)[] ? (IsMessage<E> extends true ? K : never) : never;
}[FieldName<T>];

/** Maps. */
export type MapName<T> = { [K in FieldName<T>]: T[K] extends AnyMap ? K : never }[FieldName<T>];

/** Maps of messages. */
export type MessageMapName<T> = {
  [K in FieldName<T>]: T[K] extends ReadonlyMap<unknown, infer E> ? (IsMessage<E> extends true ? K : never) : never;
}[FieldName<T>];

/** The message in a field that holds one. */
export type MessageOf<T, K extends keyof T> = Extract<Present<T[K]>, object>;

/** An element of a repeated field. */
export type ElementOf<T, K extends keyof T> = T[K] extends readonly (infer E)[] ? E : never;

/** The message that is an element of a repeated field. */
export type ElementMessage<T, K extends keyof T> = Extract<ElementOf<T, K>, object>;

/** A key of a map. */
export type KeyOf<T, K extends keyof T> = T[K] extends ReadonlyMap<infer E, unknown> ? E : never;

/** A value of a map. */
export type EntryOf<T, K extends keyof T> = T[K] extends ReadonlyMap<unknown, infer E> ? E : never;

/** The message that is a value of a map. */
export type EntryMessage<T, K extends keyof T> = Extract<EntryOf<T, K>, object>;

/** What may be given as a value: of a message what is not its default, or its bytes, which are kept as they are. */
export type Given<V> =
  IsMessage<V> extends true
    ? Init<V> | Uint8Array
    : V extends ReadonlyMap<infer K, infer E>
      ? ReadonlyMap<K, Given<E>>
      : V extends readonly (infer E)[]
        ? readonly Given<E>[]
        : V;

type Present<V> = Exclude<V, undefined>;
type List = readonly unknown[];
type AnyMap = ReadonlyMap<unknown, unknown>;
/** Of a union, as of `boolean`, for all its members together. */
type IsMessage<V> = [V] extends [object] ? ([V] extends [Uint8Array | List | AnyMap] ? false : true) : false;
