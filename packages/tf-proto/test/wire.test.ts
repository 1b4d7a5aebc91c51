import { ByteWriter, CorruptError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { appendDelimited, appendInt64, END, type MessageReader, readMessage } from "../src/wire.ts";
import { bytesOfHex, field, hexOf, joined, varint, varints } from "./hex.ts";

const place = { file: "f", offset: 100, tensor: "t" };

/** 1 int64, 2 message of the same kind, 3 packed int32s, 4 bool, 6 fixed32; the fields in their order. */
function readAll(reader: MessageReader): unknown[] {
  const found: unknown[] = [];
  const list: number[] = [];
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x08) found.push(reader.int64());
    else if (tag === 0x12) found.push(reader.message(readAll));
    else if (tag === 0x1a) reader.int32s(list);
    else if (tag === 0x18) list.push(reader.int32());
    else if (tag === 0x20) found.push(reader.bool());
    else if (tag === 0x35) found.push(reader.fixed32());
    else if (tag === 0x3a) found.push(hexOf(reader.view()));
  }
  return list.length === 0 ? found : [...found, list];
}

const read = (...parts: readonly Uint8Array[]) => readMessage(readAll, joined(...parts), place);

test("messages inside others, and what comes behind them", () => {
  const inner = field(2, varint(1, 5), field(2), varint(1, 6));
  expect(read(varint(1, 9), inner, varint(1, 7))).toEqual([9, [5, [], 6], 7]);
});

test("fields that nobody asks for are passed, whatever they are", () => {
  const group = bytesOfHex("a306 0801 a306 a406 1201ff a406");
  const strange = joined(field(1, varint(1, 1)), bytesOfHex("3d00000000 3900000000 00000000"), varint(99, -1));
  expect(read(group, varint(1, 1), strange, varint(1, 2))).toEqual([1, 2]);
});

test("a message may be a part of the bytes, and is placed by where it begins", () => {
  const bytes = joined(varint(1, 3), varint(1, 4), varint(1, 5));
  expect(readMessage(readAll, bytes, place, 2, 4)).toEqual([4]);
  expect(() => readMessage(readAll, bytes, place, 2, 3)).toThrow(expect.objectContaining({ ...place, offset: 101 }));
});

describe("numbers", () => {
  test.each([
    0,
    1,
    127,
    128,
    300,
    2 ** 28 - 1,
    2 ** 28,
    2 ** 31,
    2 ** 35 - 1,
    2 ** 35,
    2 ** 53 - 1,
    -1,
    -(2 ** 31),
    -(2 ** 53) + 1,
  ])("the int64 %d, there and back", (value) => {
    const to = new ByteWriter();
    appendInt64(to.uint8(0x08), value);
    expect(hexOf(to.peek())).toBe(hexOf(varint(1, value)));
    expect(read(to.finish())).toEqual([value]);
  });

  test("of an int32 the low 32 bits count, alone or packed", () => {
    const values = [1, -1, 300, 2 ** 31, 2 ** 32 + 5];
    const expected = [1, -1, 300, -(2 ** 31), 5];
    expect(read(...values.map((value) => varint(3, value)))).toEqual([expected]);
    expect(read(varint(3, 7), field(3, varints(...values)), field(3), varint(3, 8))).toEqual([[7, ...expected, 8]]);
  });

  test("a bool is any but 0, also where only a high bit is set", () => {
    expect(read(varint(4, 0), varint(4, 1n << 63n), bytesOfHex("20 8000"))).toEqual([false, true, false]);
  });

  test("four bytes are unsigned", () => {
    expect(read(bytesOfHex("35 01000080"))).toEqual([0x80000001]);
  });

  test("delimited fields", () => {
    const to = new ByteWriter();
    appendDelimited(to, 0x3a, new Uint8Array(200).fill(0xab));
    expect(read(to.finish())).toEqual(["ab".repeat(200)]);
  });
});

describe("errors", () => {
  test.each<[string, Uint8Array, number, string]>([
    ["a number beyond 2^53", varint(1, 2n ** 53n), 109, "the number 9007199254740992 is beyond 2^53"],
    ["a number below −2^53", varint(1, -(2n ** 53n)), 111, "the number -9007199254740992 is beyond 2^53"],
    ["a cut tag", bytesOfHex("0801 80"), 103, "the message ends inside a field"],
    ["no value", bytesOfHex("08"), 101, "the message ends inside a field"],
    ["a cut varint", bytesOfHex("08 ff"), 102, "the message ends inside a field"],
    ["a varint of eleven bytes", bytesOfHex("08 ffffffffffffffffffff01"), 111, "a varint is longer than 64 bits"],
    ["a length beyond the end", bytesOfHex("1205 08"), 102, "a field is longer than the message around it"],
    ["a message longer than the one around it", bytesOfHex("1202 1201 0801"), 104, "a field is longer"],
    ["a value that leaves its message", bytesOfHex("1201 08 01"), 103, "the message ends inside a field"],
    ["four bytes that are three", bytesOfHex("35 000000"), 101, "a field is longer than the message around it"],
    ["field 0", bytesOfHex("0801 00"), 102, "a field has the number 0"],
    ["wire type 7", bytesOfHex("0f"), 101, "there is no wire type 7"],
    ["a group without an end", bytesOfHex("0b 0801"), 103, "the message ends inside a group"],
    ["packed numbers that end inside one", bytesOfHex("1a02 01ff"), 104, "packed numbers end inside a varint"],
    ["a packed varint of eleven bytes", field(3, bytesOfHex("ffffffffffffffffffff01")), 113, "longer than 64 bits"],
  ])("%s", (_, bytes, offset, reason) => {
    const run = () => read(bytes);
    expect(run).toThrow(CorruptError);
    expect(run).toThrow(
      expect.objectContaining({
        ...place,
        code: "protobuf",
        offset,
        reason: expect.stringMatching(/^not a valid protocol buffer message \(.*\)$/),
        message: expect.stringContaining(reason),
      }),
    );
  });

  test("what a reader throws itself goes through", () => {
    expect(() =>
      readMessage(
        () => {
          throw new TypeError("mine");
        },
        new Uint8Array(0),
        place,
      ),
    ).toThrow(TypeError);
  });
});
