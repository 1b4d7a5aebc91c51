// Random messages of any type, made from what its MessageType says: everything that a typed object can hold.

import { fc } from "@fast-check/vitest";
import * as messages from "../src/messages/index.ts";
import { propertiesOf } from "../src/properties.ts";
import type { EnumType, Field, MessageType, Scalar } from "../src/schema.ts";
import { field, joined, varint } from "./hex.ts";

const all: readonly (MessageType | EnumType)[] = Object.values(messages);

/** Every message that there is. */
export const MESSAGE_TYPES: readonly MessageType[] = all.filter((type) => "create" in type);

/** Every enum that there is. */
export const ENUM_TYPES: readonly EnumType[] = all.filter((type) => "numbers" in type);

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ maxLength: 4 });
const text = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.string({ maxLength: 3, unit: "binary" }),
  fc.constant("x".repeat(200)),
);

const SCALARS: Readonly<Record<Scalar, fc.Arbitrary<unknown>>> = {
  double: fc.double(),
  float: fc.float(),
  int32,
  int64,
  uint32,
  uint64,
  sint32: int32,
  sint64: int64,
  fixed32: uint32,
  fixed64: uint64,
  sfixed32: int32,
  sfixed64: int64,
  bool: fc.boolean(),
  string: text,
  bytes,
};

/** Records with numbers that no message has. */
const unknown = fc
  .array(fc.oneof(fc.constant(varint(4000, 300n)), fc.constant(field(4001, varint(1, 1)))), {
    minLength: 1,
    maxLength: 3,
  })
  .map((records) => joined(...records));

function arbitraryValue({ scalar, enumeration, message }: Field, depth: number): fc.Arbitrary<unknown> {
  if (scalar !== undefined) return SCALARS[scalar];
  if (enumeration?.closed) return fc.constantFrom(...enumeration.names.keys());
  return message === undefined ? int32 : fc.constant(undefined).chain(() => arbitraryMessage(message(), depth - 1));
}

/** Keys of a map are told apart by `Object.is`, as in a Map. */
function arbitraryField(each: Field, depth: number): fc.Arbitrary<unknown> {
  const value = arbitraryValue(each, depth);
  if (each.label === "repeated") return fc.array(value, { minLength: 1, maxLength: 3 });
  if (each.label !== "map") return value;
  const key = each.key === undefined ? fc.constant("") : SCALARS[each.key];
  return fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 4 }).map((entries) => new Map(entries));
}

/** A message with some of its fields, at most one of a oneof, whose messages are nested at most `depth` deep. */
export function arbitraryMessage<T extends object>(type: MessageType<T>, depth = 3): fc.Arbitrary<T> {
  const fields = type.fields.filter(({ message }) => depth > 0 || message === undefined);
  const one = (chosen: readonly Field[]) =>
    chosen.filter(
      ({ oneof }, index) => oneof === undefined || chosen.findIndex((each) => each.oneof === oneof) === index,
    );
  return fc
    .shuffledSubarray(fields, { maxLength: Math.min(4, fields.length) })
    .map(one)
    .chain((chosen) => {
      const values = fc.tuple(...chosen.map((each) => arbitraryField(each, depth)));
      return fc.tuple(values, fc.option(unknown, { freq: 9 })).map(([made, $unknown]) => {
        const message = type.create();
        const properties = propertiesOf(message);
        for (const [index, { property }] of chosen.entries()) properties[property] = made[index];
        if ($unknown !== null) properties.$unknown = $unknown;
        return message;
      });
    });
}
