import { fc, test as property } from "@fast-check/vitest";
import { ByteReader, ByteWriter, compareBytes, decodeName, encodeName } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { parsePartitionKey, partitionKey, readSigned, writeSigned } from "../src/partition-key.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const signed = (value: number | bigint) => {
  const to = new ByteWriter();
  writeSigned(to, value);
  return to.finish();
};

describe("OrderedCode", () => {
  test.each<[number | bigint, string]>([
    [0, "80"],
    [1, "81"],
    [63, "bf"],
    [-1, "7f"],
    [-64, "40"],
    [64, "c040"],
    [-65, "3fbf"],
    [8191, "dfff"],
    [8192, "e02000"],
    [1_048_576, "f0100000"],
    [2 ** 31 - 1, "f87fffffff"],
    [2n ** 55n, "ff8080000000000000"],
    [2n ** 63n - 1n, "ffc07fffffffffffffff"],
  ])("%s is %s", (value, expected) => expect(hex(signed(value))).toBe(expected));

  property.prop([fc.maxSafeInteger()])("reads back what it wrote", (value) => {
    const bytes = signed(value);
    const reader = new ByteReader(bytes);
    expect([readSigned(reader), reader.remaining]).toEqual([value, 0]);
  });

  property.prop([fc.maxSafeInteger(), fc.maxSafeInteger()])("sorts as the numbers do", (a, b) => {
    expect(Math.sign(compareBytes(signed(a), signed(b)))).toBe(Math.sign(a - b));
  });
});

describe("the key of a partition", () => {
  test.each<[string, Parameters<typeof partitionKey>[1], string]>([
    ["foo", [null, { start: 0, length: 1 }], "00666f6f00010102807f8081"],
    ["foo", [null, { start: 1, length: 9 }], "00666f6f00010102807f8189"],
    ["v\0w", [{ start: 127, length: 8192 }, null], "007600ff7700010102c07fe02000807f"],
    ["s", [], "0073000100"],
  ])("of %j", (name, slice, expected) => expect(hex(partitionKey(name, slice))).toBe(expected));

  const extent = fc.option(fc.record({ start: fc.maxSafeNat(), length: fc.maxSafeNat() }));
  const name = fc.uint8Array({ maxLength: 20 });
  property.prop([name, fc.array(extent, { maxLength: 300 })])("is parsed to what it was made of", (bytes, slice) => {
    expect(parsePartitionKey(partitionKey(decodeName(bytes), slice))).toEqual({ name: bytes, slice });
  });

  property.prop([fc.uint8Array({ maxLength: 30 })])("of any bytes: parsed and made again, or none", (bytes) => {
    const parsed = parsePartitionKey(bytes);
    if (parsed !== undefined && parsed.name.length > 0) expect(parsed.slice.length).toBeLessThanOrEqual(bytes.length);
    expect(parsePartitionKey(encodeName("plain name"))).toBeUndefined();
  });
});
