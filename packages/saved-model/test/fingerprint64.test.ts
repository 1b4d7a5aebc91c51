import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { fingerprint64, joinFingerprints } from "../src/fingerprint64.ts";
import { type Mixed, mixBlocks } from "../src/fingerprint64-blocks.ts";
import { EXPECTED } from "./fingerprint-fixtures.ts";

/** The bytes that fingerprints.py takes for a length. */
function sample(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at * at * 31 + Math.floor(at / 7) + length);
}

describe("Fingerprint64", () => {
  test.each([
    ["", 0x9ae16a3b2f90404fn],
    ["a", 0xb3454265b6df75e3n],
    ["hello", 0xb48be5a931380ce8n],
  ])("%j", (text, hash) => expect(fingerprint64(Buffer.from(text))).toBe(hash));

  test("every length at which the formula changes is as in TensorFlow", () => {
    const hashes = Object.entries(EXPECTED.hashes);
    expect(hashes.length).toBeGreaterThan(130);
    for (const [length, hash] of hashes) {
      expect(String(fingerprint64(sample(Number(length)))), length).toBe(hash);
    }
  });

  test("a view into the middle of a buffer hashes as a copy, and is not written to", () => {
    const buffer = sample(300);
    const before = buffer.slice();
    for (const end of [13, 21, 40, 70, 210]) {
      expect(fingerprint64(buffer.subarray(9, end))).toBe(fingerprint64(buffer.slice(9, end)));
    }
    expect(buffer).toEqual(before);
  });

  test("joining depends on the order and on every bit", () => {
    expect(joinFingerprints(0n, 0n)).not.toBe(0n);
    expect(joinFingerprints(1n, 2n)).not.toBe(joinFingerprints(2n, 1n));
    const all = Array.from({ length: 64 }, (_, bit) => [
      joinFingerprints(1n << BigInt(bit), 0n),
      joinFingerprints(0n, 1n << BigInt(bit)),
    ]);
    expect(new Set(all.flat()).size).toBe(128);
  });
});

describe("the loop over blocks", () => {
  const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const start = fc.record<Mixed>({ x: number, y: number, z: number, v0: number, v1: number, w0: number, w1: number });
  const blocks = fc.nat(4).chain((count) => fc.uint8Array({ minLength: 64 * count, maxLength: 64 * count }));

  property.prop([start, blocks])("is what bigints say", (mixed, bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(mixBlocks(view, bytes.length, mixed)).toEqual(mixByBigInts(view, mixed));
  });
});

/** The same loop as the definition has it. */
function mixByBigInts(view: DataView, start: Mixed): Mixed {
  const k = 0xb492b66fbe98f273n;
  const u64 = (value: bigint) => BigInt.asUintN(64, value);
  const rotate = (value: bigint, by: bigint) => (u64(value) >> by) | u64(value << (64n - by));
  let { x, y, z, v0, v1, w0, w1 } = start;
  for (let at = 0; at < view.byteLength; at += 64) {
    const f = (word: number) => view.getBigUint64(at + 8 * word, true);
    const weak = (word: number, a: bigint, b: bigint): [bigint, bigint] => {
      const first = a + f(word);
      const sum = first + f(word + 1) + f(word + 2);
      return [u64(sum + f(word + 3)), u64(rotate(b + first + f(word + 3), 21n) + rotate(sum, 44n) + first)];
    };
    x = u64(rotate(x + y + v0 + f(1), 37n) * k) ^ w1;
    y = u64(rotate(y + v1 + f(6), 42n) * k + v0 + f(5));
    z = u64(rotate(z + w0, 33n) * k);
    [v0, v1] = weak(0, v1 * k, x + w0);
    [w0, w1] = weak(4, z + w1, y + f(2));
    [x, z] = [z, x];
  }
  return { x, y, z, v0, v1, w0, w1 };
}
