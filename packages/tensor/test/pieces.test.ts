// Bytes in pieces that may be cut anywhere, as elements again.

import { fc, test as property } from "@fast-check/vitest";
import { cast, castPieces, DTYPES, fromBytes, fromNumbers, isFloat, toBytes, wholeElements } from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";

const FLOATS = Object.values(DTYPES).flatMap(({ name }) => (isFloat(name) ? [name] : []));

/** The bytes cut at any places, also in the middle of elements, with empty pieces between. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

async function joined(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const copies: Uint8Array[] = [];
  for await (const piece of pieces) copies.push(piece.slice());
  return Buffer.concat(copies);
}

const cuts = fc.array(fc.nat(), { maxLength: 8 });

describe("wholeElements", () => {
  property.prop([
    fc.uint8Array({ maxLength: 200 }),
    cuts,
    fc.integer({ min: 1, max: 16 }),
    fc.integer({ min: 1, max: 9 }),
  ])("gives all bytes, in pieces of as many elements as were asked for", async (bytes, places, itemsize, count) => {
    const whole = bytes.subarray(0, bytes.length - (bytes.length % itemsize));
    const lengths: number[] = [];
    const found: Uint8Array[] = [];
    for await (const piece of wholeElements(cut(whole, places), itemsize, count)) {
      expect(piece.byteOffset % 16).toBe(0);
      lengths.push(piece.length);
      found.push(piece.slice());
    }
    expect(Buffer.concat(found)).toEqual(Buffer.from(whole));
    const last = lengths.pop() ?? itemsize;
    expect(lengths.every((length) => length === count * itemsize)).toBe(true);
    expect(last % itemsize === 0 && last > 0 && last <= count * itemsize).toBe(true);
  });

  test("refuses bytes that make up no element", async () => {
    await expect(joined(wholeElements([new Uint8Array(6)], 4))).rejects.toThrow(
      new RangeError("the pieces end inside an element of 4 bytes"),
    );
  });
});

describe("castPieces", () => {
  property.prop([
    fc.constantFrom(...FLOATS),
    fc.constantFrom(...FLOATS),
    fc.array(fc.float(), { maxLength: 40 }),
    cuts,
  ])("gives what cast gives, and again", async (from, to, numbers, places) => {
    const tensor = fromNumbers(from, [numbers.length], numbers);
    const inPieces = { dtype: from, shape: tensor.shape, pieces: cut(toBytes(tensor), places) };
    const found = castPieces(inPieces, to);
    expect([found.dtype, found.shape]).toEqual([to, [numbers.length]]);
    for (let time = 0; time < 2; time++) {
      const bytes = new Uint8Array(await joined(found.pieces));
      expect(fromBytes(to, found.shape, bytes)).toEqual(cast(tensor, to));
    }
  });

  test("refuses what is no float, once it is read", async () => {
    const pieces = castPieces({ dtype: "int32", shape: [1], pieces: [new Uint8Array(4)] }, "float16").pieces;
    await expect(joined(pieces)).rejects.toThrow(TypeError);
  });
});
