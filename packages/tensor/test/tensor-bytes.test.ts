import { fc, test } from "@fast-check/vitest";
import { DTYPES, type FixedDType, fromBytes, swapBytes, type Tensor, tensor, toBytes } from "@modelbytes/tensor";
import { describe, expect, expectTypeOf } from "vitest";

const FIXED = Object.values(DTYPES).flatMap((row) => ("view" in row ? [[row.name, row] as const] : []));

/** Bytes that a tensor of the dtype has: the bits of an element that carry nothing are zero. */
function anyBytes(dtype: FixedDType): fc.Arbitrary<Uint8Array> {
  const { itemsize, bits } = DTYPES[dtype];
  const byte = fc.nat({ max: bits < 8 ? 2 ** bits - 1 : 255 });
  return fc
    .nat({ max: 9 })
    .chain((count) => fc.array(byte, { minLength: count * itemsize, maxLength: count * itemsize }))
    .map((bytes) => Uint8Array.from(bytes));
}

/** The same bytes at an offset into larger memory, amid bytes that nothing may read or write. */
function placed(bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  const memory = new Uint8Array(offset + bytes.length + 8).fill(0xa5);
  memory.set(bytes, offset);
  return memory.subarray(offset, offset + bytes.length);
}

describe.each(FIXED)("%s", (dtype, { itemsize, unit, bits, entries }) => {
  const offsets = fc.nat({ max: 17 });

  test.prop([anyBytes(dtype), offsets])("bytes become a tensor and the same bytes again", (bytes, offset) => {
    const input = placed(bytes, offset);
    const memory = input.buffer.slice(0);
    const made = fromBytes(dtype, [bytes.length / itemsize], input);
    expect(made.dtype).toBe(dtype);
    expect(made.data).toHaveLength((bytes.length / itemsize) * entries);
    expect(Buffer.from(toBytes(made)).equals(bytes)).toBe(true);
    expect(new Uint8Array(input.buffer)).toEqual(new Uint8Array(memory));
  });

  test.prop([offsets])("memory is shared where it is aligned, and only there", (offset) => {
    const input = placed(new Uint8Array(2 * itemsize), offset);
    const made = fromBytes(dtype, [2], input);
    expect(made.data.buffer === input.buffer).toBe(bits >= 8 && offset % unit === 0);
    expect(toBytes(made).buffer === made.data.buffer).toBe(bits >= 8);
    if (made.data.buffer === input.buffer) expect(made.data.byteOffset).toBe(input.byteOffset);
  });

  test("a Node Buffer is not written to, whatever its alignment", () => {
    const input = Buffer.from(placed(new Uint8Array(2 * itemsize).fill(0xff), 1).buffer, 1, 2 * itemsize);
    fromBytes(dtype, [2], input);
    expect([...input]).toEqual(new Array(2 * itemsize).fill(0xff));
  });

  test("other lengths than the shape's are refused", () => {
    const shape = `${dtype} of shape [2, 1] takes ${2 * itemsize} bytes`;
    for (const length of [0, 2 * itemsize - 1, 2 * itemsize + 1]) {
      const input = new Uint8Array(64).subarray(0, length);
      expect(() => fromBytes(dtype, [2, 1], input)).toThrow(new RangeError(`${shape}, not ${length}`));
    }
    expect(() => fromBytes(dtype, [-2], new Uint8Array(0))).toThrow(
      new RangeError("[-2] is not the shape of a tensor"),
    );
  });
});

test("bytes are little-endian and row-major", () => {
  const bytes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  expect(fromBytes("int64", [2], bytes).data).toEqual(BigInt64Array.of(1n, -2n));
  expect(fromBytes("uint16", [2, 2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)).data).toEqual(
    Uint16Array.of(0x0201, 0x0403, 0x0605, 0x0807),
  );
  expect(fromBytes("complex64", [], Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0)).data).toEqual(
    Float32Array.of(1, -2),
  );
});

test("elements below eight bits are masked and sign-extended", () => {
  const bytes = Uint8Array.of(0x01, 0x0f, 0x08, 0x07, 0xf8, 0xa2);
  expect([...fromBytes("int4", [6], bytes).data]).toEqual([1, -1, -8, 7, -8, 2]);
  expect([...fromBytes("uint4", [6], bytes).data]).toEqual([1, 15, 8, 7, 8, 2]);
  expect([...fromBytes("int2", [6], bytes).data]).toEqual([1, -1, 0, -1, 0, -2]);
  expect([...fromBytes("uint2", [6], bytes).data]).toEqual([1, 3, 0, 3, 0, 2]);
  expect([...fromBytes("float4_e2m1fn", [6], bytes).data]).toEqual([1, 15, 8, 7, 8, 2]);
  expect([...toBytes(tensor("int4", [2], Int8Array.of(-8, 0x71)))]).toEqual([8, 1]);
});

test("NaN payloads and bools that are neither 0 nor 1 stay as they are", () => {
  const nans = Uint8Array.of(1, 0, 0x80, 0x7f, 0xff, 0xff, 0xff, 0xff);
  expect(toBytes(fromBytes("float32", [2], nans))).toEqual(nans);
  expect(toBytes(fromBytes("bool", [3], Uint8Array.of(0, 1, 2)))).toEqual(Uint8Array.of(0, 1, 2));
});

describe("swapBytes", () => {
  test.prop([fc.uint8Array({ maxLength: 40 }), fc.constantFrom(1, 2, 4, 8)])(
    "turns each unit around",
    (bytes, unit) => {
      const swapped = swapBytes(bytes.slice(), unit);
      const whole = bytes.length - (bytes.length % unit);
      const expected = bytes.map((byte, at) => {
        const start = at - (at % unit);
        return at < whole ? (bytes[start + unit - 1 - (at % unit)] ?? 0) : byte;
      });
      expect(swapped).toEqual(expected);
      expect(swapBytes(swapped, unit)).toEqual(bytes);
    },
  );

  test("works in place and gives the same array back", () => {
    const bytes = Uint8Array.of(0, 1, 2, 3).subarray(1, 3);
    expect(swapBytes(bytes, 2)).toBe(bytes);
    expect([...new Uint8Array(bytes.buffer)]).toEqual([0, 2, 1, 3]);
  });
});

test("the types keep the dtype", () => {
  expectTypeOf(fromBytes("float16", [], new Uint8Array(2))).toEqualTypeOf<Tensor<"float16">>();
  const dtype: FixedDType = DTYPES.int8.name;
  expectTypeOf(fromBytes<FixedDType>(dtype, [], new Uint8Array(1))).toEqualTypeOf<Tensor<FixedDType>>();
  // @ts-expect-error: strings have no bytes of a fixed length
  expect(() => fromBytes("string", [], new Uint8Array(0)).data).toThrow();
});
