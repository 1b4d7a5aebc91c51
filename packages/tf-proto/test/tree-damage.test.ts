// Damaged and hostile bytes: an error that says where, or what decoding gives; never another error, and never other bytes.

import { CorruptError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import { encodeMessage } from "../src/encode.ts";
import { NodeDef, SignatureDef } from "../src/messages/index.ts";
import { propertiesOf } from "../src/properties.ts";
import type { MessageType } from "../src/schema.ts";
import { mapOrderOf } from "../src/tree/map-order-of.ts";
import { openTree } from "../src/tree/open-tree.ts";
import { indexRecords } from "../src/tree/record-index.ts";
import type { WireNode } from "../src/tree/wire-node.ts";
import { bytesOfHex, field, joined, varint } from "./hex.ts";
import { Kitchen, openNode, spelled } from "./tree-wire.ts";

const text = (number: number, value: string) => field(number, new TextEncoder().encode(value));

/** What a call gives, or the `CorruptError` that it throws. */
function attempt<R>(run: () => R): R | CorruptError {
  try {
    return run();
  } catch (error) {
    if (error instanceof CorruptError) return error;
    throw error;
  }
}

/** Reads a message without ever decoding it as a whole. */
function read(node: WireNode): object {
  const message = propertiesOf(node.type.create());
  for (const { property, label, message: held } of node.type.fields) {
    let value: unknown;
    if (held === undefined) value = node.value(property);
    else if (label === "map") value = new Map([...node.entries(property)].map(([key, child]) => [key, read(child)]));
    else if (label === "repeated") value = node.messages(property).map(read);
    else {
      const child = node.message(property);
      value = child === undefined ? undefined : read(child);
    }
    if (value !== undefined) message[property] = value;
  }
  return message;
}

function withoutUnknown(type: MessageType, message: object): object {
  const { $unknown, ...rest } = propertiesOf(message);
  for (const { property, label, message: held } of type.fields) {
    const value = rest[property];
    if (held === undefined || value === undefined) continue;
    const strip = (each: unknown) => (typeof each === "object" && each !== null ? withoutUnknown(held(), each) : each);
    if (label === "map" && value instanceof Map) {
      rest[property] = new Map([...value].map(([key, each]) => [key, strip(each)]));
    } else rest[property] = Array.isArray(value) ? value.map(strip) : strip(value);
  }
  return rest;
}

function checkDamaged(type: MessageType, bytes: Uint8Array): void {
  const decoded = attempt(() => decodeMessage(type, bytes));
  const root = openNode(type, bytes);
  const found = attempt(() => read(root));
  if (decoded instanceof CorruptError) expect(attempt(() => root.decode())).toBeInstanceOf(CorruptError);
  else expect(found).toStrictEqual(withoutUnknown(type, decoded));
  if (found instanceof CorruptError) {
    expect(found).toMatchObject({ code: "protobuf", file: "f.pb", offset: expect.any(Number) });
    expect(found.offset).toBeLessThanOrEqual(bytes.length);
  }
  attempt(() => indexRecords(type, bytes));
  mapOrderOf(type, bytes);
  expect(root.encode()).toBe(bytes);
  for (const { property, message } of type.fields) {
    const donor = propertiesOf(type.create())[property] ?? (message === undefined ? undefined : {});
    if (donor !== undefined) attempt(() => root.set(property, donor));
  }
  attempt(() => root.encode());
}

const SAMPLES: readonly (readonly [type: MessageType, message: object])[] = [
  [
    NodeDef,
    {
      name: "n",
      input: ["é", ""],
      attr: new Map<string, object>([
        ["T", { type: 1 }],
        ["l", { list: { i: [1n, -1n], f: [0.5], s: [Uint8Array.of(1)] } }],
      ]),
      experimentalDebugInfo: { originalNodeNames: ["a"] },
    },
  ],
  [
    SignatureDef,
    { inputs: new Map([["x", { name: "x:0", dtype: 1, tensorShape: { dim: [{ size: 2n }] } }]]), methodName: "m" },
  ],
  [
    Kitchen,
    {
      flag: true,
      big: -5n,
      ratio: 1.5,
      inner: {
        plain: [1, 2],
        byNumber: new Map([
          [1, "x"],
          [-1, "y"],
        ]),
      },
      byBig: new Map([[7n, { choiceInner: { maybe: 0 } }]]),
      numbers: [1, 300, -1],
      $unknown: joined(varint(30, 1), bytesOfHex("f3 01 08 01 f4 01")),
    },
  ],
];

describe.each(SAMPLES)("$name", (type, message) => {
  const sound = encodeMessage(type, message);

  test("cut at every length", () => {
    for (let length = 0; length <= sound.length; length++) checkDamaged(type, sound.slice(0, length));
  });

  test("every byte flipped, every bit of it and all", () => {
    for (let at = 0; at < sound.length; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const damaged = sound.slice();
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        checkDamaged(type, damaged);
      }
    }
  });
});

describe("where damage is", () => {
  const at = (bytes: Uint8Array, visit: (node: WireNode) => unknown) => {
    const error = attempt(() => visit(openNode(Kitchen, bytes)));
    return error instanceof CorruptError ? error.message : "no error";
  };

  test.each<readonly [message: string, bytes: Uint8Array, visit: (node: WireNode) => unknown]>([
    [
      "f.pb, byte 2: inner: not a valid protocol buffer message (a field is longer than the message around it)",
      bytesOfHex("3a 02 00"),
      (node) => node.has("flag"),
    ],
    [
      "f.pb, byte 8: list[1].inner.text: not a valid protocol buffer message (a field is longer than the message around it)",
      joined(field(8), bytesOfHex("42 06 | 3a 04 22 03 78 79")),
      (node) => node.messages("list")[1]?.message("inner")?.value("text"),
    ],
    [
      'f.pb, byte 10: by_text["k"].texts: not a valid protocol buffer message',
      field(12, text(1, "k"), field(2, bytesOfHex("4a 01 ff"))),
      (node) => node.entries("byText").get("k")?.value("texts"),
    ],
    [
      'f.pb, byte 12: by_text["k"].inner.texts',
      field(12, text(1, "k"), field(2, field(7, bytesOfHex("4a 01 ff")))),
      (node) => node.entries("byText").get("k")?.decode(),
    ],
    [
      "f.pb, byte 5: by_text.key: not a valid protocol buffer message",
      bytesOfHex("62 03 0a 01 ff"),
      (node) => node.entries("byText"),
    ],
    [
      "f.pb, byte 11: flag: not a valid protocol buffer message (a varint is longer than 64 bits)",
      bytesOfHex("08 ffffffffffffffffffff01"),
      (node) => node.has("flag"),
    ],
    [
      "f.pb, byte 0: test.Kitchen: not a valid protocol buffer message (a field has the number 0)",
      bytesOfHex("00 00"),
      (node) => node.has("flag"),
    ],
    [
      "f.pb, byte 2: test.Kitchen: not a valid protocol buffer message (there is no wire type 7)",
      bytesOfHex("f7 01"),
      (node) => node.has("flag"),
    ],
    [
      "f.pb, byte 1: flag: not a valid protocol buffer message (a group ends that has not begun)",
      bytesOfHex("0c"),
      (node) => node.has("flag"),
    ],
    ["(the message ends inside a group)", bytesOfHex("0b 08 01"), (node) => node.has("flag")],
    ["(a group ends that has not begun)", bytesOfHex("0b 14"), (node) => node.has("flag")],
  ])("%s", (message, bytes, visit) => expect(at(bytes, visit)).toContain(message));

  test("in the second of two messages that are merged", () => {
    const twice = joined(field(7, varint(2, 1)), field(7, bytesOfHex("22 05")), varint(2, 2), varint(2, 3));
    expect(at(twice, (node) => node.message("inner"))).toContain("byte 8: inner");
    const deeper = joined(field(7, field(7, varint(1, 1))), field(7, varint(1, 1), field(7, bytesOfHex("22 01 ff"))));
    expect(at(deeper, (node) => node.message("inner")?.message("inner")?.value("text"))).toContain(
      "byte 15: inner.inner.text",
    );
  });

  test("in an entry of a map, not in its value", () => {
    const bytes = field(8, field(12, text(1, "k"), bytesOfHex("12 05")));
    const read = attempt(() => openNode(Kitchen, bytes).messages("list")[0]?.entries("byText"));
    expect(String(read)).toContain("list[0].by_text: not a valid");
    expect(String(attempt(() => indexRecords(Kitchen, bytes)))).toContain("list[0].by_text.value: not a valid");
  });

  test("the index says the same", () => {
    const bytes = field(8, field(12, text(1, "k"), field(2, field(8), field(8, bytesOfHex("22 05")))));
    const error = attempt(() => indexRecords(Kitchen, bytes, { file: "f.pb", offset: 10 }));
    expect(String(error)).toContain(`f.pb, byte ${10 + bytes.length}: list[0].by_text["k"].list[1].text: not a valid`);
  });
});

describe("hostile bytes", () => {
  const lengths = [
    "7f",
    "ffff7f",
    "ffffffff07",
    "ffffffff0f",
    "ffffffffff01",
    "8080808008",
    "80808080808080808001",
    "808080808000",
  ];

  test.each(lengths)("a length of %s", (length) => {
    for (const before of ["0a", "3a", "62", "52", "f201"]) checkDamaged(Kitchen, bytesOfHex(`${before}${length}0801`));
  });

  test.each(["8080808000", "ffffffff0f", "ffffffff1f", "ffffffffff00", "808080808000"])("a tag of %s", (tag) => {
    checkDamaged(Kitchen, bytesOfHex(`${tag}0801`));
  });

  test("messages, entries and groups nested far too deep", () => {
    let messages = new Uint8Array(0);
    for (let depth = 0; depth < 2000; depth++) messages = field(depth % 2 === 0 ? 2 : 12, messages);
    const groups = new Uint8Array(1_000_000).fill(0x0b);
    for (const bytes of [messages, groups]) {
      expect(() => indexRecords(Kitchen, bytes)).toThrow(CorruptError);
      expect(mapOrderOf(Kitchen, bytes)).toBe("upb");
      expect(attempt(() => read(openNode(Kitchen, bytes)))).toBeInstanceOf(CorruptError);
    }
  });

  test("a hundred messages deep is fine, one more is not", () => {
    const nested = (depth: number) => {
      let bytes: Uint8Array = varint(1, 1);
      for (; depth > 0; depth--) bytes = field(7, bytes);
      return bytes;
    };
    expect(indexRecords(Kitchen, nested(100)).depths.at(-1)).toBe(100);
    expect(read(openNode(Kitchen, nested(100)))).toEqual(decodeMessage(Kitchen, nested(100)));
    for (const error of [
      attempt(() => indexRecords(Kitchen, nested(101))),
      attempt(() => read(openNode(Kitchen, nested(101)))),
    ]) {
      expect(String(error)).toMatch(/: (inner\.){12}…(\.inner){12}: .* \(messages are nested deeper than 100\)$/);
    }
  });

  test("damage elsewhere does not hinder an edit, and is kept", () => {
    const bytes = joined(field(7, bytesOfHex("22 05")), varint(2, 1), text(4, "a"), field(12, bytesOfHex("ff")));
    const kitchen = openTree(Kitchen, bytes);
    kitchen.set("count", 2);
    expect(kitchen.encode()).toEqual(
      joined(field(7, bytesOfHex("22 05")), varint(2, 2), text(4, "a"), field(12, bytesOfHex("ff"))),
    );
    kitchen.set("inner", { count: 3 });
    kitchen.clear("byText");
    expect(decodeMessage(Kitchen, kitchen.encode()).inner?.count).toBe(3);
  });
});

test("numbers in their longest spelling are fine", () => {
  const bytes = joined(spelled(16n, 4), spelled(5n, 9), spelled(58n, 4), spelled(2n, 4), varint(2, 1));
  expect(read(openNode(Kitchen, bytes))).toEqual(decodeMessage(Kitchen, bytes));
});
