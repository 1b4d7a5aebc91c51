import { fc, test as property } from "@fast-check/vitest";
import { ByteWriter, CorruptError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { crc32c, mask } from "../src/crc32c/crc32c.ts";
import type { BundleEntry } from "../src/entry.ts";
import { decodePayload } from "../src/payload.ts";
import { checkOf, type Piece } from "../src/payload-check.ts";

const place = { file: "shard", offset: 1000, tensor: "t" };

/** Strings as section by section of the format says, written the slow way. */
function encodeStrings(elements: readonly Uint8Array[], bigEndian: boolean): [Uint8Array<ArrayBuffer>, number] {
  const to = new ByteWriter();
  const counted = new DataView(new ArrayBuffer(4 * elements.length));
  for (const [at, element] of elements.entries()) {
    to.varint(element.length);
    counted.setUint32(4 * at, element.length, !bigEndian);
  }
  const stored = new DataView(new ArrayBuffer(4));
  const lengths = crc32c(new Uint8Array(counted.buffer));
  stored.setUint32(0, mask(lengths), !bigEndian);
  to.bytes(new Uint8Array(stored.buffer));
  let crc = crc32c(new Uint8Array(stored.buffer), lengths);
  for (const element of elements) {
    to.bytes(element);
    crc = crc32c(element, crc);
  }
  return [to.finish(), crc];
}

function encodeVariants(elements: readonly Uint8Array[]): [Uint8Array<ArrayBuffer>, number] {
  const to = new ByteWriter();
  let crc = 0;
  for (const element of elements) {
    crc = crc32c(element, crc32c(new Uint8Array(BigUint64Array.of(BigInt(element.length)).buffer), crc));
    const stored = new ByteWriter().uint32(mask(crc)).finish();
    to.varint(element.length).bytes(element).bytes(stored);
    crc = crc32c(stored, crc);
  }
  return [to.finish(), crc];
}

const elements = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 40 });
const cases = fc.oneof(
  fc.tuple(elements, fc.boolean()).map(([data, bigEndian]) => ({ dtype: "string" as const, data, bigEndian })),
  elements.map((data) => ({ dtype: "variant" as const, data, bigEndian: false })),
);

function stored({ dtype, data, bigEndian }: { dtype: "string" | "variant"; data: Uint8Array[]; bigEndian: boolean }) {
  const [bytes, crc] = dtype === "string" ? encodeStrings(data, bigEndian) : encodeVariants(data);
  const entry: BundleEntry = {
    dtype,
    shape: [data.length],
    shardId: 0,
    offset: 0,
    size: bytes.length,
    byteLength: bytes.length,
    crc32c: crc,
  };
  return { entry, bytes };
}

/** Feeds the bytes to the check in pieces cut at `cuts`; the error, if there is one. */
function checkInPieces(
  entry: BundleEntry,
  bigEndian: boolean,
  bytes: Uint8Array,
  cuts: readonly number[],
): CorruptError | undefined {
  const check = checkOf(entry, bigEndian, place);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  try {
    let start = 0;
    for (const end of ends) {
      const piece: Piece = { bytes, crc32c: (from, to, previous) => crc32c(bytes.subarray(from, to), previous) };
      check.push(piece, start, end);
      start = end;
    }
    check.finish();
    return undefined;
  } catch (error) {
    if (error instanceof CorruptError) return error;
    throw error;
  }
}

describe("strings and variants", () => {
  property.prop([cases])("decode to their elements", (example) => {
    const { entry, bytes } = stored(example);
    const tensor = decodePayload(entry, bytes, { bigEndian: example.bigEndian, checksum: true }, place);
    expect(tensor.data).toEqual(example.data);
  });

  property.prop([cases, fc.array(fc.nat(), { maxLength: 5 })])("pass the check in any pieces", (example, cuts) => {
    const { entry, bytes } = stored(example);
    expect(checkInPieces(entry, example.bigEndian, bytes, cuts)).toBeUndefined();
  });

  property.prop([cases, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.array(fc.nat(), { maxLength: 5 })])(
    "with a byte flipped: refused by both, with the same code",
    (example, at, xor, cuts) => {
      const { entry, bytes } = stored(example);
      fc.pre(bytes.length > 0);
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ xor;
      const decode = () => decodePayload(entry, bytes, { bigEndian: example.bigEndian, checksum: true }, place);
      expect(decode).toThrow(CorruptError);
      expect(checkInPieces(entry, example.bigEndian, bytes, cuts)).toBeInstanceOf(CorruptError);
    },
  );

  test("a string of more than 4 GiB counts its length in eight bytes", () => {
    const lengths = new ByteWriter().varint(2 ** 32).varint(3);
    const counted = new ByteWriter()
      .uint64(2 ** 32)
      .uint32(3)
      .finish();
    const checksum = new ByteWriter().uint32(mask(crc32c(counted))).finish();
    const head = lengths.bytes(checksum).finish();
    const entry: BundleEntry = {
      dtype: "string",
      shape: [2],
      shardId: 0,
      offset: 0,
      size: head.length + 2 ** 32 + 3,
      byteLength: head.length + 2 ** 32 + 3,
      crc32c: 0,
    };
    const check = checkOf(entry, false, place);
    const piece = { bytes: head, crc32c: () => 0 };
    expect(() => check.push(piece, 0, head.length)).not.toThrow();
    head[head.length - 1] = 0;
    expect(() => checkOf(entry, false, place).push(piece, 0, head.length)).toThrow(
      /lengths of the strings are damaged/,
    );
  });

  test("the errors name the byte in the file", () => {
    const { entry, bytes } = stored({
      dtype: "variant",
      data: [new Uint8Array(3), new Uint8Array(5)],
      bigEndian: false,
    });
    bytes[10] = 0xff;
    const options = { bigEndian: false, checksum: true };
    expect(() => decodePayload(entry, bytes, options, place)).toThrow(
      expect.objectContaining({ offset: 1014, tensor: "t" }),
    );
    expect(checkInPieces(entry, false, bytes, [9, 12])).toMatchObject({ code: "variant-checksum", offset: 1014 });
  });
});
