import { fc, test } from "@fast-check/vitest";
import { compareBytes, decodeName, encodeName, sortNames } from "@modelbytes/bytes";
import { describe, expect } from "vitest";
import { PYTHON_NAMES } from "./python-names.ts";

/** Bytes that come close to UTF-8: its lead and continuation bytes far more often than chance has them. */
const nearlyUtf8 = fc
  .array(
    fc.constantFrom(0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5),
  )
  .map((bytes) => Uint8Array.from(bytes));

describe("names", () => {
  test.each(PYTHON_NAMES)("decode %s as Python's surrogateescape does", (hex, name) => {
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    expect(decodeName(bytes)).toBe(name);
    expect(encodeName(name)).toEqual(bytes);
  });

  test.prop([fc.oneof(fc.uint8Array({ maxLength: 300 }), nearlyUtf8)])(
    "any bytes come back from their name",
    (bytes) => {
      expect(encodeName(decodeName(bytes))).toEqual(bytes);
    },
  );

  test.prop([fc.string({ unit: "binary", maxLength: 300 })])("any text is its own name", (text) => {
    expect(decodeName(encodeName(text))).toBe(text);
  });

  test("of valid UTF-8 equal what Buffer decodes, also beyond 128 bytes and with a byte order mark", () => {
    const text = `\ufeff${"größer/😀/".repeat(50)}`;
    expect(decodeName(Buffer.from(text))).toBe(text);
    expect(decodeName(Buffer.from("a".repeat(1000)))).toBe("a".repeat(1000));
  });

  test.each(["\ud800", "a\udbff", "\udc7f", "\udd00", "\udfff"])(
    "with the lone surrogate of %j stand for no bytes",
    (name) => {
      expect(() => encodeName(name)).toThrow(RangeError);
    },
  );

  test("with escapes that make up a character have that character's bytes, as in Python", () => {
    expect(encodeName("\udcc3\udca9")).toEqual(encodeName("é"));
  });
});

describe("compareBytes", () => {
  test.prop([fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 })])("orders as Buffer.compare", (a, b) => {
    expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
  });

  test.prop([fc.uint8Array(), fc.uint8Array({ maxLength: 4 })])("puts a prefix first", (a, more) => {
    expect(Math.sign(compareBytes(a, Uint8Array.of(...a, ...more)))).toBe(more.length === 0 ? 0 : -1);
  });

  test("orders by unsigned bytes, not by UTF-16 code units", () => {
    const [late, early] = ["😀", "\uff61"].map((name) => encodeName(name));
    if (late === undefined || early === undefined) throw new TypeError();
    expect("😀" < "\uff61").toBe(true);
    expect(compareBytes(late, early)).toBeGreaterThan(0);
  });
});

describe("sortNames", () => {
  test.prop([fc.array(fc.uint8Array({ maxLength: 4 }))])("sorts as the bytes do", (all) => {
    const sorted = all.toSorted((a, b) => compareBytes(a, b)).map((bytes) => decodeName(bytes));
    expect(sortNames(all.map((bytes) => decodeName(bytes)))).toEqual(sorted);
  });

  test("a character beyond U+FFFF is behind one that UTF-16 puts behind it", () => {
    expect(sortNames(["😀", "\uff61", "a"])).toEqual(["a", "\uff61", "😀"]);
  });
});
