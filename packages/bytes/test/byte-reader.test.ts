import { fc, test } from "@fast-check/vitest";
import { ByteReader, ByteWriter, CorruptError, MAX_VARINT_BYTES, varintLength, writeVarint } from "@modelbytes/bytes";
import { describe, expect } from "vitest";
import { thrown } from "./thrown.ts";

const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 64 }).map(nearPower));
const count = fc.oneof(
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 53 }).map((bits) => Math.max(0, 2 ** bits - 1)),
);

function nearPower(bits: number): bigint {
  return bits === 64 ? 2n ** 64n - 1n : 2n ** BigInt(bits);
}

/** The definition, in BigInt: seven bits a byte, the lowest first. */
function oracle(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(value)]);
}

describe("varints", () => {
  test.prop([uint64])("of 64 bits are read as the definition has them", (value) => {
    const bytes = oracle(value);
    const reader = new ByteReader(bytes);
    expect(reader.varint64()).toBe(value);
    expect(reader.remaining).toBe(0);
    reader.position = 0;
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) expect(reader.varint()).toBe(Number(value));
    else expect(thrown(() => reader.varint())).toMatchObject({ code: "number-too-large", offset: 0 });
    reader.position = 0;
    if (value <= 0xffffffffn) expect(reader.varint32()).toBe(Number(value));
    else expect(thrown(() => reader.varint32())).toBeInstanceOf(CorruptError);
  });

  test.prop([count])("of 53 bits are written as the definition has them", (value) => {
    const expected = oracle(BigInt(value));
    expect(new ByteWriter().varint(value).finish()).toEqual(expected);
    expect(varintLength(value)).toBe(expected.length);
    const room = new Uint8Array(12).fill(0xee);
    expect(writeVarint(room, 2, value)).toBe(2 + expected.length);
    expect(room.subarray(2, 2 + expected.length)).toEqual(expected);
    expect(room[2 + expected.length]).toBe(0xee);
  });

  test("may be padded with zeros, up to ten bytes", () => {
    for (let length = 1; length <= MAX_VARINT_BYTES; length++) {
      const padded = new Uint8Array(length).fill(0x80);
      padded[0] = length === 1 ? 5 : 0x85;
      if (length > 1) padded[length - 1] = 0;
      for (const read of ["varint32", "varint", "varint64"] as const) {
        const reader = new ByteReader(padded);
        expect(Number(reader[read]())).toBe(5);
        expect(reader.position).toBe(length);
      }
    }
  });

  test.each([
    ["eleven bytes", [...new Uint8Array(10).fill(0x80), 0]],
    ["endless bytes", [...new Uint8Array(100).fill(0xff)]],
    ["65 bits", [...new Uint8Array(9).fill(0xff), 2]],
    ["65 bits of which only the last is set", [...new Uint8Array(9).fill(0x80), 2]],
  ])("of %s are corrupt", (_, bytes) => {
    const reader = new ByteReader(Uint8Array.from([0, ...bytes]), { file: "f", offset: 100 });
    for (const read of ["varint32", "varint", "varint64"] as const) {
      reader.position = 1;
      expect(thrown(() => reader[read]())).toMatchObject({
        name: "CorruptError",
        code: "varint",
        file: "f",
        offset: 101,
      });
      expect(reader.position).toBe(1);
    }
  });

  test("of 33 bits do not pass for 32", () => {
    const reader = new ByteReader(oracle(2n ** 32n), { offset: 7 });
    expect(thrown(() => reader.varint32())).toMatchObject({ code: "varint", offset: 7 });
    expect(reader.position).toBe(0);
  });
});

describe("ByteReader", () => {
  const whole = new ByteWriter()
    .uint8(200)
    .uint32(0xdeadbeef)
    .uint64(2 ** 53 - 1)
    .varint(300)
    .varint(2 ** 52)
    .finish();
  const reads = (reader: ByteReader): unknown[] => {
    const values: unknown[] = [reader.uint8(), reader.uint32(), reader.uint64(), reader.varint32(), reader.varint()];
    reader.position -= 8;
    return [...values, reader.varint64(), reader.remaining];
  };

  test("reads what ByteWriter wrote", () => {
    expect(reads(new ByteReader(whole))).toEqual([200, 0xdeadbeef, 2 ** 53 - 1, 300, 2 ** 52, 2n ** 52n, 0]);
  });

  test("fails at every truncation, where the field that is cut begins, and stays there", () => {
    const starts = [0, 1, 5, 13, 15, whole.length];
    for (let length = 0; length < whole.length; length++) {
      const reader = new ByteReader(whole.slice(0, length), { file: "model.index", offset: 1000, tensor: "w" });
      const start = starts.findLast((start) => start <= length) ?? -1;
      const place = { file: "model.index", offset: 1000 + start, tensor: "w" };
      expect(thrown(() => reads(reader))).toMatchObject({ name: "CorruptError", code: "truncated", ...place });
      expect(reader.position).toBe(start);
    }
  });

  test("gives views of the bytes themselves, also of a part of a larger buffer", () => {
    const bytes = Uint8Array.of(9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9).subarray(2, 10);
    const reader = new ByteReader(bytes);
    expect(reader.uint32()).toBe(0x04030201);
    const view = reader.view(2);
    expect(view).toEqual(Uint8Array.of(5, 6));
    expect(view.buffer).toBe(bytes.buffer);
    reader.skip(2);
    expect(reader.remaining).toBe(0);
    expect(reader.view(0)).toHaveLength(0);
    for (const read of [() => reader.uint8(), () => reader.uint32(), () => reader.uint64(), () => reader.view(1)]) {
      expect(thrown(read)).toMatchObject({ code: "truncated", offset: 8 });
    }
  });

  test("never goes backwards", () => {
    const reader = new ByteReader(new Uint8Array(8));
    reader.skip(4);
    for (const move of [(by: number) => reader.skip(by), (by: number) => reader.view(by)]) {
      expect(thrown(() => move(-1))).toMatchObject({ code: "truncated", offset: 4 });
      for (const by of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) expect(() => move(by)).toThrow(RangeError);
    }
    expect(reader.position).toBe(4);
  });

  test("refuses a number of 64 bits that JavaScript cannot hold", () => {
    const reader = new ByteReader(Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0));
    expect(thrown(() => reader.uint64())).toMatchObject({ code: "number-too-large", offset: 0 });
    expect(reader.position).toBe(0);
  });

  test("places an error of its caller's", () => {
    const reader = new ByteReader(new Uint8Array(8), { file: "a", offset: 16 });
    reader.skip(4);
    expect(reader.corrupt("block", "it is bad").message).toBe("a, byte 20: it is bad");
    expect(reader.corrupt("block", "it is bad", 1).offset).toBe(17);
  });
});
