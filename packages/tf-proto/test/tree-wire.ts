// Messages as no writer writes them: fields in any order and any number of times, numbers in any spelling, packed or not, records
// that the schema does not know; and a type that has fields of every kind.

import { fc } from "@fast-check/vitest";
import {
  enumeration,
  type Field,
  field,
  type MessageType,
  map,
  member,
  message,
  optional,
  packed,
  repeated,
  type Scalar,
} from "../src/schema.ts";
import { TreeFile } from "../src/tree/tree-file.ts";
import { WireNode } from "../src/tree/wire-node.ts";
import { joined } from "./hex.ts";

/** A message with fields of every kind. */
export interface Kitchen {
  flag: boolean;
  count: number;
  big: bigint;
  text: string;
  raw: Uint8Array;
  ratio: number;
  inner?: Kitchen;
  list: Kitchen[];
  texts: string[];
  numbers: number[];
  plain: number[];
  byText: Map<string, Kitchen>;
  byNumber: Map<number, string>;
  byBig: Map<bigint, Kitchen>;
  choiceText?: string;
  choiceInner?: Kitchen;
  choiceNumber?: bigint;
  maybe?: number;
  moods: number[];
  choiceEmpty?: Kitchen;
  $unknown?: Uint8Array;
}

const Mood = enumeration("test.Mood", { CALM: 0, WILD: 1 });

export const Kitchen: MessageType<Kitchen> = message<Kitchen>(
  "test.Kitchen",
  () => ({
    flag: false,
    count: 0,
    big: 0n,
    text: "",
    raw: new Uint8Array(0),
    ratio: 0,
    list: [],
    texts: [],
    numbers: [],
    plain: [],
    byText: new Map(),
    byNumber: new Map(),
    byBig: new Map(),
    moods: [],
  }),
  () => [
    field(1, "flag", "bool"),
    field(2, "count", "int32"),
    field(3, "big", "sint64"),
    field(4, "text", "string"),
    field(5, "raw", "bytes"),
    field(6, "ratio", "float"),
    field(7, "inner", Kitchen),
    repeated(8, "list", Kitchen),
    repeated(9, "texts", "string"),
    packed(10, "numbers", "int32"),
    repeated(11, "plain", "fixed32"),
    map(12, "by_text", "string", Kitchen),
    map(13, "by_number", "int32", "string"),
    map(14, "by_big", "fixed64", Kitchen),
    member("choice", 15, "choice_text", "string"),
    member("choice", 16, "choice_inner", Kitchen),
    member("choice", 17, "choice_number", "int64"),
    optional(18, "maybe", "int32"),
    packed(19, "moods", Mood),
    member("choice", 20, "choice_empty", Kitchen),
  ],
);

/** The root of a tree, with names and values that the compiler does not check. */
export function openNode(type: MessageType, bytes: Uint8Array): WireNode {
  const file = new TreeFile(type, bytes, { file: "f.pb" });
  return new WireNode(file, type, file.span);
}

/** A varint, with bytes more than it needs. */
export function spelled(value: bigint, extra = 0): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  for (let index = 0; index < extra; index++) {
    bytes.push((bytes.pop() ?? 0) | 0x80, 0);
  }
  return Uint8Array.from(bytes);
}

function spellings(value: fc.Arbitrary<bigint>, longest: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc
    .tuple(value, fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(longest) }))
    .map(([number, extra]) => spelled(number, Math.min(extra, longest - spelled(number).length)));
}

const number64 = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, -1n, 300n, 2n ** 31n, 2n ** 63n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const varint = spellings(number64, 10);
const text = fc.constantFrom("", "x", "x_1", "x_2", "y", "é", "𝄞").map((each) => new TextEncoder().encode(each));
const fourBytes = fc.oneof(fc.constant(new Uint8Array(4)), fc.uint8Array({ minLength: 4, maxLength: 4 }));
const eightBytes = fc.oneof(fc.constant(new Uint8Array(8)), fc.uint8Array({ minLength: 8, maxLength: 8 }));

function tag(number: number, wireType: number): fc.Arbitrary<Uint8Array> {
  return spellings(fc.constant(BigInt(number * 8 + wireType)), 5);
}

function delimited(content: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return content.chain((bytes) =>
    spellings(fc.constant(BigInt(bytes.length)), 5).map((length) => joined(length, bytes)),
  );
}

function scalarValue(scalar: Scalar): fc.Arbitrary<Uint8Array> {
  switch (scalar) {
    case "string":
      return delimited(text);
    case "bytes":
      return delimited(fc.uint8Array({ maxLength: 3 }));
    case "float":
    case "fixed32":
    case "sfixed32":
      return fourBytes;
    case "double":
    case "fixed64":
    case "sfixed64":
      return eightBytes;
    default:
      return varint;
  }
}

function oneValue({ scalar, message: held }: Field, depth: number): fc.Arbitrary<Uint8Array> {
  if (held !== undefined) return delimited(arbitraryWire(held(), depth - 1));
  return scalar === undefined ? varint : scalarValue(scalar);
}

function record(each: Field, depth: number): fc.Arbitrary<Uint8Array> {
  const value = oneValue(each, depth);
  const plain = together(tag(each.number, each.wireType), value);
  if (each.label === "repeated" && each.wireType !== 2) {
    const many = delimited(fc.array(value, { maxLength: 3 }).map((parts) => joined(...parts)));
    return fc.oneof(plain, together(tag(each.number, 2), many));
  }
  if (each.label !== "map") return plain;
  const { key = "string" } = each;
  const keyRecord = together(tag(1, wireTypeOfKey(key)), scalarValue(key));
  const valueRecord = together(tag(2, each.wireType), value);
  const usual = fc.tuple(keyRecord, valueRecord);
  const odd = fc.array(fc.oneof(keyRecord, valueRecord, unknownRecord([1, 2])), { maxLength: 4 });
  const entry = fc.oneof({ weight: 3, arbitrary: usual }, { weight: 1, arbitrary: odd });
  return together(tag(each.number, 2), delimited(entry.map((parts) => joined(...parts))));
}

function wireTypeOfKey(key: Scalar): number {
  return key === "string" ? 2 : key === "fixed64" ? 1 : 0;
}

/** A record of a number that is not known, or of a known one with a wire type that is not the field's. */
function unknownRecord(known: readonly number[]): fc.Arbitrary<Uint8Array> {
  const number = fc.constantFrom(30, 500, 2 ** 29 - 1);
  const values: readonly (readonly [number, fc.Arbitrary<Uint8Array>])[] = [
    [0, varint],
    [1, eightBytes],
    [2, delimited(fc.uint8Array({ maxLength: 3 }))],
    [5, fourBytes],
  ];
  const plain = number.chain((each) =>
    fc.oneof(...values.map(([wireType, value]) => together(tag(each, wireType), value))),
  );
  const group = fc
    .tuple(fc.constantFrom(...known, 31), fc.array(plain, { maxLength: 2 }))
    .chain(([each, inside]) =>
      fc.tuple(tag(each, 3), tag(each, 4)).map(([begin, end]) => joined(begin, ...inside, end)),
    );
  return fc.oneof(plain, group);
}

/** A message of any type, whose messages are nested at most `depth` deep. */
export function arbitraryWire(type: MessageType, depth = 3): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const known = type.fields.filter(({ message: held }) => depth > 0 || held === undefined);
  const wrong = type.fields.filter(({ wireType }) => wireType !== 5);
  const records = [{ weight: 1, arbitrary: unknownRecord(type.fields.map(({ number }) => number)) }];
  if (known.length > 0) {
    records.push({ weight: 8, arbitrary: fc.constantFrom(...known).chain((each) => record(each, depth)) });
  }
  if (wrong.length > 0) {
    const arbitrary = fc.constantFrom(...wrong).chain(({ number }) => together(tag(number, 5), fourBytes));
    records.push({ weight: 1, arbitrary });
  }
  return fc.array(fc.oneof(...records), { maxLength: depth > 1 ? 8 : 4 }).map((parts) => joined(...parts));
}

function together(...parts: readonly fc.Arbitrary<Uint8Array>[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.tuple(...parts).map((each) => joined(...each));
}
