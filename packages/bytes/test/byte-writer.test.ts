import { fc, test } from "@fast-check/vitest";
import { ByteWriter } from "@modelbytes/bytes";
import { describe, expect } from "vitest";

describe("ByteWriter", () => {
  test.prop([fc.array(fc.uint8Array({ maxLength: 400 }))])("joins pieces of any length", (pieces) => {
    const writer = new ByteWriter();
    for (const piece of pieces) writer.bytes(piece);
    const expected = pieces.flatMap((piece) => [...piece]);
    expect(writer.length).toBe(expected.length);
    expect([...writer.peek()]).toEqual(expected);
    expect([...writer.finish()]).toEqual(expected);
  });

  test("writes numbers little-endian", () => {
    const bytes = new ByteWriter()
      .uint8(255)
      .uint32(0x04030201)
      .uint64(2 ** 40 + 5)
      .varint(300)
      .finish();
    expect([...bytes]).toEqual([255, 1, 2, 3, 4, 5, 0, 0, 0, 0, 1, 0, 0, 0xac, 2]);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])("refuses %d in every field", (value) => {
    const writer = new ByteWriter().uint8(7);
    for (const write of ["uint8", "uint32", "uint64", "varint", "zeros"] as const) {
      expect(() => writer[write](value)).toThrow(RangeError);
    }
    expect([...writer.finish()]).toEqual([7]);
  });

  test("refuses numbers that do not fit", () => {
    expect(() => new ByteWriter().uint8(256)).toThrow(RangeError);
    expect(() => new ByteWriter().uint32(2 ** 32)).toThrow(RangeError);
  });

  test("starts again after clear, without old bytes among the zeros", () => {
    const writer = new ByteWriter().bytes(new Uint8Array(1000).fill(0xff));
    const first = writer.finish();
    writer.clear();
    expect(writer.length).toBe(0);
    expect([...writer.zeros(3).finish()]).toEqual([0, 0, 0]);
    expect(first).toEqual(new Uint8Array(1000).fill(0xff));
  });

  test("peeks from an offset and hands over memory of its own", () => {
    const writer = new ByteWriter().bytes(Uint8Array.of(1, 2, 3));
    expect([...writer.peek(1)]).toEqual([2, 3]);
    const bytes = writer.finish();
    bytes.fill(9);
    expect([...writer.finish()]).toEqual([1, 2, 3]);
    expect(bytes.buffer.byteLength).toBe(3);
  });

  test("takes its own peek, also where it has to grow", () => {
    const writer = new ByteWriter().bytes(Uint8Array.from({ length: 200 }, (_, index) => index));
    const once = writer.finish();
    expect(writer.bytes(writer.peek()).finish()).toEqual(Uint8Array.of(...once, ...once));
  });
});
