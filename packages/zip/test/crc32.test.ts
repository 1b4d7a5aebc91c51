import { fc, test } from "@fast-check/vitest";
import { crc32 } from "@modelbytes/zip";
import { expect } from "vitest";

/** Bit by bit, as the definition has it. */
function reference(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test("the check value of the polynomial", () => {
  expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
  expect(crc32(new Uint8Array(0), 7)).toBe(7);
});

test.prop([fc.uint8Array({ maxLength: 100 }), fc.nat(20), fc.nat(100)])(
  "of any bytes at any alignment, whole and in two parts",
  (bytes, shift, cut) => {
    const room = new Uint8Array(shift + bytes.length);
    room.set(bytes, shift);
    const placed = room.subarray(shift);
    expect(crc32(placed)).toBe(reference(bytes));
    expect(crc32(placed.subarray(cut), crc32(placed.subarray(0, cut)))).toBe(reference(bytes));
  },
);
