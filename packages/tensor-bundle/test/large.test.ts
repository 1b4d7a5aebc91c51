import { checkRange, type Source, type SourceReadOptions } from "@modelbytes/bytes";
import { openBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { combine, crc32c } from "../src/crc32c/crc32c.ts";
import { buildIndex } from "./build.ts";

/** A file of any size: zeros, but for the eight bytes at every multiple of 2^30, which say where they are. */
class SynthesisedSource implements Source {
  readonly name = "synthesised";
  readonly #size: number;
  bytesRead = 0;
  largestRead = 0;

  constructor(size: number) {
    this.#size = size;
  }

  async size(): Promise<number> {
    return this.#size;
  }

  async read(offset: number, length: number, { scratch }: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this.name, this.#size, offset, length);
    this.bytesRead += length;
    this.largestRead = Math.max(this.largestRead, length);
    const bytes = scratch?.subarray(0, length).fill(0) ?? new Uint8Array(length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    for (let mark = Math.ceil(offset / 2 ** 30) * 2 ** 30; mark + 8 <= offset + length; mark += 2 ** 30) {
      view.setBigUint64(mark - offset, BigInt(mark), true);
    }
    return bytes;
  }
}

/** The CRC of the synthesised bytes [start, start + length) where `start` and `length` are multiples of 2^30. */
function crcOfMarks(start: number, length: number): number {
  const zeros = crcOfZeros(2 ** 30 - 8);
  let crc = 0;
  for (let mark = start; mark < start + length; mark += 2 ** 30) {
    const eight = crc32c(new Uint8Array(BigUint64Array.of(BigInt(mark)).buffer));
    crc = combine(crc, combine(eight, zeros, 2 ** 30 - 8), 2 ** 30);
  }
  return crc;
}

function crcOfZeros(length: number): number {
  if (length < 1024) return crc32c(new Uint8Array(length));
  const half = Math.floor(length / 2);
  const crc = crcOfZeros(half);
  const both = combine(crc, crc, half);
  return length % 2 === 0 ? both : combine(both, crc32c(new Uint8Array(1)), 1);
}

const GIB = 2 ** 30;

describe("beyond 4 GiB", () => {
  const entries = {
    far: { dtype: 9, shape: [4], offset: 5 * GIB, size: 32, crc32c: 0 },
    large: { dtype: 4, shape: [3 * GIB], offset: 6 * GIB, size: 3 * GIB, crc32c: crcOfMarks(6 * GIB, 3 * GIB) },
    rows: { dtype: 9, shape: [2 ** 17, 2 ** 14], offset: 16 * GIB, size: 16 * GIB, crc32c: 1 },
  };
  const open = () => {
    const data = new SynthesisedSource(40 * GIB);
    return { data, opening: openBundle({ index: buildIndex(entries), data: [data] }) };
  };

  test("offsets are exact", async () => {
    const { opening } = open();
    await using bundle = await opening;
    expect((await bundle.read("far", { dtype: "int64", checksum: false })).data).toEqual(
      BigInt64Array.of(BigInt(5 * GIB), 0n, 0n, 0n),
    );
  });

  test("a part of a tensor of 16 GiB is read alone", async () => {
    const { opening, data } = open();
    await using bundle = await opening;
    const { data: values } = await bundle.read("rows", { dtype: "int64", select: [8192, [0, 3]] });
    expect(values).toEqual(BigInt64Array.of(BigInt(17 * GIB), 0n, 0n));
    expect(data.bytesRead).toBe(24);
  });

  test("a tensor of 3 GiB is read whole, its checksum checked", async () => {
    const { opening } = open();
    await using bundle = await opening;
    const { data } = await bundle.read("large", { dtype: "uint8" });
    expect([data.length, data[2 * GIB + 3], data[2 * GIB + 4]]).toEqual([3 * GIB, 0, 2]);
  }, 60_000);

  test("and verified in small pieces", async () => {
    const { opening, data } = open();
    await using bundle = await opening;
    const problems: (string | undefined)[] = [];
    for await (const problem of bundle.verify()) {
      problems.push(problem.tensor);
      if (problem.tensor === "far") break;
    }
    expect(problems).toEqual(["far"]);
    expect(data.largestRead).toBeLessThanOrEqual(2 ** 22);
  });
});

describe("an index that claims more than there is", () => {
  test.each<[string, Parameters<typeof buildIndex>[0][string], string]>([
    ["a size of 2^52", { dtype: 4, shape: [2 ** 52], size: 2 ** 52 }, "shard-truncated"],
    ["a selection of 2^40 bytes", { dtype: 4, shape: [2 ** 40], size: 2 ** 40 }, "shard-truncated"],
    ["2^40 strings", { dtype: 7, shape: [2 ** 40], size: 2 ** 41 }, "shard-truncated"],
    ["2^40 variants", { dtype: 21, shape: [2 ** 40], size: 2 ** 41 }, "shard-truncated"],
    ["a size that its shape has not", { dtype: 1, shape: [2], size: 9 }, "size"],
    ["a shape of 2^62 elements", { dtype: 1, shape: [2 ** 31, 2 ** 31], size: 8 }, "shape"],
    ["an offset of 2^53", { dtype: 1, offset: 2 ** 53 - 8, size: 4 }, "shard-truncated"],
    [
      "partitions that cover nothing",
      { dtype: 4, shape: [2 ** 40], size: 0, slices: [[{ start: 0, length: 1 }]] },
      "partition-missing",
    ],
  ])("%s: a typed error and no memory", async (_, entry, code) => {
    const index = buildIndex({ t: entry });
    const before = process.memoryUsage().arrayBuffers;
    const run = async () => {
      await using bundle = await openBundle({ index, data: [new Uint8Array(100)] });
      await bundle.read("t", { select: entry?.dtype === 4 ? [] : undefined });
    };
    await expect(run()).rejects.toMatchObject({ code, tensor: "t" });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
  });
});
