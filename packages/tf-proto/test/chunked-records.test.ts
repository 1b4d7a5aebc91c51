import { createHash } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { CorruptError, ModelbytesError, UnsupportedError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { highwayHash64 } from "../src/chunked/highway-hash.ts";
import { type Decompressors, readRecords } from "../src/chunked/index.ts";
import { encodeMessage } from "../src/encode.ts";
import { ChunkMetadata } from "../src/messages/chunk.ts";
import { EXPECTED, fixture } from "./chunked-fixtures.ts";
import { BROTLI, NODE_DECOMPRESSORS, NONE, RecordsWriter, simple, sized } from "./records-writer.ts";

const EMPTY = new Uint8Array(0);

/** Decompresses the very parts that are in a fixture. */
function recorded(name: string): Decompressors {
  const parts = new Map(EXPECTED.parts[name]?.map(([data, compressed]) => [compressed, data]));
  return { [name]: (bytes: Uint8Array) => Buffer.from(parts.get(Buffer.from(bytes).toString("hex")) ?? "", "hex") };
}

const DECOMPRESSORS = { ...NODE_DECOMPRESSORS, ...recorded("snappy"), ...recorded("zstd") };

function errorOf(run: () => unknown): ModelbytesError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ModelbytesError) return error;
    throw error;
  }
  return undefined;
}

describe("HighwayHash-64 with riegeli's key", () => {
  const hash = (hex: string) => highwayHash64(Buffer.from(hex, "hex")).toString(16);

  test("the hashes in the signature, which is the same in all files", () => {
    expect(hash("")).toBe("72c3b1e9c0139fe1");
    expect(hash("00000000000000004000000000000000")).toBe("3f4a880dd170af83");
    expect(hash(`${"00".repeat(8)}e19f13c0e9b1c37273${"00".repeat(15)}`)).toBe("a9e18792" + "3cc2ba91");
  });
});

describe("readRecords", () => {
  test.each(Object.entries(EXPECTED.files))("%s, which TensorFlow has read", (name, { records }) => {
    const read = readRecords(fixture(name), DECOMPRESSORS);
    expect(read.map(({ position, bytes }) => [position, bytes.length])).toEqual(records);
  });

  test("a file of which the first block ends anywhere in a chunk is the one that TensorFlow has read", () => {
    const message = fixture("model.pb");
    for (const [padding, sha256] of Object.entries(EXPECTED.boundaries)) {
      const writer = new RecordsWriter();
      writer.chunk("p", new Uint8Array(Number(padding)));
      const [offset = 0] = writer.write([message]);
      const metadata = encodeMessage(ChunkMetadata, {
        version: { splitterVersion: 1 },
        chunks: [{ type: 1, size: BigInt(message.length), offset: BigInt(offset) }],
        message: { chunkIndex: 0n },
      });
      const positions = [offset, ...writer.write([metadata])];
      const file = writer.finish();
      expect(createHash("sha256").update(file).digest("hex"), padding).toBe(sha256);
      expect(readRecords(file)).toEqual([message, metadata].map((bytes, at) => ({ position: positions[at], bytes })));
    }
  });

  property.prop([
    fc.array(fc.tuple(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), fc.constantFrom(NONE, BROTLI)), {
      maxLength: 6,
    }),
    fc.integer({ min: 65_000, max: 66_000 }),
  ])("gives back what was written", (chunks, padding) => {
    const writer = new RecordsWriter();
    writer.chunk("p", new Uint8Array(padding));
    const written = chunks.flatMap(([records, compression]) => {
      const positions = writer.write(records, compression);
      return records.map((bytes, at) => ({ position: positions[at], bytes }));
    });
    const read = readRecords(writer.finish(), NODE_DECOMPRESSORS);
    expect(read.map(({ position, bytes }) => ({ position, bytes: new Uint8Array(bytes) }))).toEqual(written);
  });

  test("records of no bytes: the chunk is padded so that each has a position", () => {
    const writer = new RecordsWriter();
    const first = writer.write(Array<Uint8Array>(100_000).fill(EMPTY), BROTLI);
    const [next] = writer.write([EMPTY]);
    expect(next).toBe(64 + 100_000);
    const read = readRecords(writer.finish(), NODE_DECOMPRESSORS);
    expect(read.map(({ position }) => position)).toEqual([...first, next]);
  });

  test("what is not compressed is a view of the file, and that is not written to", () => {
    const file = fixture("as-split.cpb");
    const before = file.slice();
    expect(readRecords(file).every(({ bytes }) => bytes.buffer === file.buffer)).toBe(true);
    expect(file).toEqual(before);
  });
});

describe("damage", () => {
  test.each(["uncut.cpb", "grouped.cpb", "brotli.cpb"])("every byte of %s flipped is noticed", (name) => {
    const file = fixture(name);
    for (let at = 0; at < file.length; at++) {
      for (const bits of [1, 0x80, 0xff]) {
        const damaged = file.slice();
        damaged[at] = (file[at] ?? 0) ^ bits;
        const error = errorOf(() => readRecords(damaged, DECOMPRESSORS, { file: name }));
        expect(error, `${at}`).toBeInstanceOf(CorruptError);
        expect(error?.file).toBe(name);
        expect(error?.offset).toBeLessThanOrEqual(at);
      }
    }
  });

  test.each(["uncut.cpb", "grouped.cpb", "brotli.cpb"])("%s cut anywhere but between chunks is an error", (name) => {
    const file = fixture(name);
    const whole = readRecords(file, DECOMPRESSORS);
    const positions = new Set(whole.map(({ position }) => position));
    const starts = new Set([...positions].filter((position) => !positions.has(position - 1)));
    for (let length = 0; length < file.length; length++) {
      const cut = file.subarray(0, length);
      if (!starts.has(length)) {
        const error = errorOf(() => readRecords(cut, DECOMPRESSORS));
        expect(error?.code, `${length}`).toBe(length < 64 ? "riegeli-signature" : "truncated");
      } else expect(readRecords(cut, DECOMPRESSORS)).toEqual(whole.filter(({ position }) => position < length));
    }
  });

  test("errors say what is damaged, and where", () => {
    const file = fixture("blocks.cpb");
    const flip = (at: number) => {
      const damaged = file.slice();
      damaged[at] = (file[at] ?? 0) ^ 1;
      return String(errorOf(() => readRecords(damaged, {}, { file: "blocks.cpb" })));
    };
    const second = EXPECTED.files["blocks.cpb"]?.records[1]?.[0] ?? 0;
    expect(flip(3)).toContain("blocks.cpb, byte 0: the file does not begin as all riegeli/records files do");
    expect(flip(second + 30)).toBe(
      `CorruptError: blocks.cpb, byte ${second}: the checksum of a chunk's header does not hold`,
    );
    expect(flip(second + 100)).toBe(
      `CorruptError: blocks.cpb, byte ${second}: the checksum of the 192005 bytes of a chunk does not hold`,
    );
    expect(flip(65536 + 10)).toBe("CorruptError: blocks.cpb, byte 65536: the checksum of a block header does not hold");
  });
});

/** A file with a single chunk behind the signature. */
function withChunk(type: string, data: Uint8Array, counts: { records?: number; decoded?: number } = {}): Uint8Array {
  const writer = new RecordsWriter();
  writer.chunk(type, data, counts);
  return writer.finish();
}

describe("chunks that contradict themselves", () => {
  const one = { records: 1, decoded: 3 };
  const data = (sizes: readonly number[], values = "abc") => simple("\0", Uint8Array.from(sizes), Buffer.from(values));

  test.each<[string, Uint8Array, string]>([
    ["fewer sizes than records", withChunk("r", data([]), one), "record-sizes"],
    ["more sizes than records", withChunk("r", data([3, 0]), one), "record-sizes"],
    ["a record longer than the values", withChunk("r", data([4]), one), "truncated"],
    ["values behind the last record", withChunk("r", data([2]), one), "record-sizes"],
    ["another size than the header's", withChunk("r", data([3], "abcd"), one), "record-sizes"],
    ["sizes longer than the data", withChunk("r", Uint8Array.of(0, 9, 3), one), "truncated"],
    ["no data", withChunk("r", EMPTY, one), "truncated"],
    ["a size beyond 64 bits", withChunk("r", data(Array<number>(11).fill(0xff)), { ...one, records: 2 }), "varint"],
  ])("%s", (_, file, code) => {
    const error = errorOf(() => readRecords(file));
    expect(error).toBeInstanceOf(CorruptError);
    expect([error?.code, error?.offset]).toEqual([code, 64]);
  });

  test("more than the file can hold is refused before memory is taken for it", () => {
    const claim = (dataSize: bigint, records: bigint) => {
      const file = new Uint8Array(withChunk("r", data([3]), one));
      const header = new DataView(file.buffer, 64, 40);
      header.setBigUint64(8, dataSize, true);
      header.setBigUint64(24, (records << 8n) | 0x72n, true);
      header.setBigUint64(0, highwayHash64(file.subarray(72, 104)), true);
      return errorOf(() => readRecords(file))?.code;
    };
    expect(claim(6n, 1n)).toBe(undefined);
    expect([claim(7n, 1n), claim(2n ** 64n - 1n, 1n), claim(6n, 47n), claim(6n, 2n ** 56n - 1n)]).toEqual(
      Array(4).fill("truncated"),
    );
  });
});

describe("compression", () => {
  const packed = BROTLI[1](Buffer.from("abc"));
  const claiming = (letter: string, sizes: Uint8Array, values: Uint8Array) =>
    withChunk("r", simple(letter, sizes, values), { records: 1, decoded: 3 });
  const oneSize = BROTLI[1](Uint8Array.of(3));

  test.each(["brotli", "snappy", "zstd"])("without a decompressor: %s", (name) => {
    const error = errorOf(() => readRecords(fixture(`${name}.cpb`), {}, { file: "f" }));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error?.message).toBe(
      `f, byte 64: a chunk is compressed by ${name}: give a function that decompresses it, as { ${name} }`,
    );
  });

  test("a size that the header contradicts is never given to the decompressor", () => {
    const calls: number[] = [];
    const brotli = (_: Uint8Array, size: number) => {
      calls.push(size);
      return new Uint8Array(size).fill(3);
    };
    const huge = sized(2 ** 50, Uint8Array.of(1));
    expect(errorOf(() => readRecords(claiming("b", huge, packed), { brotli }))?.code).toBe("record-sizes");
    expect(errorOf(() => readRecords(claiming("b", oneSize, huge), { brotli }))?.code).toBe("record-sizes");
    expect(calls).toEqual([1]);
  });

  test("what does not decompress, or to something else, is an error with its cause", () => {
    const broken = claiming("b", oneSize, sized(3, Uint8Array.of(0xff, 0xff)));
    const error = errorOf(() => readRecords(broken, NODE_DECOMPRESSORS));
    expect([error?.code, error?.offset]).toEqual(["compressed-data", 64]);
    const longer = claiming("b", oneSize, sized(3, BROTLI[1](Buffer.from("abcd")).subarray(1)));
    expect(errorOf(() => readRecords(longer, NODE_DECOMPRESSORS))?.code).toBe("compressed-data");
    const short = errorOf(() => readRecords(claiming("b", oneSize, packed), { brotli: () => Uint8Array.of(3) }));
    expect(short?.reason).toBe("3 bytes of a chunk decompress to 1");
  });

  test("an unknown compression", () => {
    const error = errorOf(() => readRecords(claiming("x", oneSize, packed)));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error?.reason).toBe("a chunk has the unknown compression 120");
  });
});

describe("other chunks", () => {
  test("transposed and unknown ones are not read, unless they hold no records", () => {
    expect(errorOf(() => readRecords(withChunk("t", Uint8Array.of(1), { records: 2 })))?.message).toBe(
      "byte 64: 2 records are transposed, which is not read",
    );
    expect(errorOf(() => readRecords(withChunk("?", EMPTY, { records: 2 })))).toBeInstanceOf(UnsupportedError);
    expect(readRecords(withChunk("?", Uint8Array.of(1), { decoded: 9 }))).toEqual([]);
  });
});
