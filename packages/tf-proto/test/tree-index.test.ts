// The flat index of all records, and the order of maps that a file shows.

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { encodeMessage } from "../src/encode.ts";
import { NodeDef, SavedModel } from "../src/messages/index.ts";
import type { MessageType } from "../src/schema.ts";
import { mapOrderOf } from "../src/tree/map-order-of.ts";
import { openTree } from "../src/tree/open-tree.ts";
import { indexRecords } from "../src/tree/record-index.ts";
import { bytesOfHex, field, joined, varint } from "./hex.ts";
import { arbitraryMessage } from "./random-message.ts";
import { arbitraryWire, Kitchen } from "./tree-wire.ts";

describe("indexRecords", () => {
  test("of a small message", () => {
    const bytes = joined(
      field(1, new Uint8Array([120])),
      field(5, field(1, new Uint8Array([107])), field(2, varint(6, 1))),
      bytesOfHex("f301 f401"),
    );
    const { count, tags, starts, valueStarts, ends, parents, depths } = indexRecords(NodeDef, bytes);
    expect(count).toBe(6);
    expect([...tags]).toEqual([0x0a, 0x2a, 0x0a, 0x12, 0x30, 0xf3]);
    expect([...starts]).toEqual([0, 3, 5, 8, 10, 12]);
    expect([...valueStarts]).toEqual([2, 5, 7, 10, 11, 14]);
    expect([...ends]).toEqual([3, 12, 8, 12, 12, 16]);
    expect([...parents]).toEqual([-1, -1, 1, 1, 3, -1]);
    expect([...depths]).toEqual([0, 0, 1, 1, 2, 0]);
  });

  test.prop([arbitraryWire(Kitchen)])("records are side by side in the message around them", (bytes) => {
    const { count, starts, valueStarts, ends, parents, depths } = indexRecords(Kitchen, bytes);
    const at = new Map([[-1, 0]]);
    for (let record = 0; record < count; record++) {
      const parent = parents[record] ?? 0;
      expect(starts[record]).toBe(at.get(parent));
      at.set(parent, ends[record] ?? 0);
      at.set(record, valueStarts[record] ?? 0);
      expect(depths[record]).toBe(parent < 0 ? 0 : (depths[parent] ?? 0) + 1);
    }
    expect(at.get(-1)).toBe(bytes.length);
  });
});

describe("mapOrderOf", () => {
  const entries = (number: number, ...keys: readonly Uint8Array[]) => joined(...keys.map((key) => field(number, key)));
  const texts = (...keys: readonly string[]) =>
    entries(12, ...keys.map((key) => field(1, new TextEncoder().encode(key))));
  const numbers = (...keys: readonly number[]) => entries(13, ...keys.map((key) => varint(1, key)));

  test.each<readonly ["upb" | "c++", string, Uint8Array]>([
    ["upb", "nothing", new Uint8Array(0)],
    ["upb", "no pair that tells", joined(texts("a", "b", "c"), numbers(1))],
    ["upb", "a longer text first", texts("a", "x_1", "x")],
    ["c++", "a shorter text first", texts("a", "x", "x_1")],
    ["upb", "numbers that descend", numbers(7, 1, -1)],
    ["c++", "numbers that ascend", numbers(-1, 1, 7)],
    ["upb", "both", joined(numbers(1, 2), texts("x_1", "x"))],
    ["c++", "deep inside", field(8, field(12, field(2, field(7, numbers(1, 2)))))],
    ["c++", "not from one map to another", joined(field(8, numbers(2)), field(8, numbers(1)), numbers(1, 2))],
    ["c++", "before damage", joined(numbers(1, 2), bytesOfHex("ff"), numbers(2, 1))],
    ["upb", "the same key twice", numbers(1, 1)],
  ])("%s: %s", (order, _, bytes) => expect(mapOrderOf(Kitchen, bytes)).toBe(order));

  const ROUNDS: readonly (readonly [MessageType, "upb" | "c++"])[] = [
    [Kitchen, "upb"],
    [Kitchen, "c++"],
  ];
  test.each(ROUNDS)("%o in the order %s is not taken for the other", (type, order) => {
    fc.assert(
      fc.property(arbitraryMessage(type), (message) => {
        const found = mapOrderOf(type, encodeMessage(type, message, { mapOrder: order }));
        expect(found === order || found === "upb").toBe(true);
      }),
    );
  });

  test("is that of the file as it was", () => {
    const tree = openTree(Kitchen, numbers(1, 2));
    tree.deleteEntry("byNumber", 1);
    expect(tree.mapOrder).toBe("c++");
    expect(openTree(SavedModel, new Uint8Array(0)).mapOrder).toBe("upb");
  });
});
