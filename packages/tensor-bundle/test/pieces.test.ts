import { fc, test as property } from "@fast-check/vitest";
import {
  DTYPES,
  elementCount,
  type FixedDType,
  fromBytes,
  isFloat,
  type Tensor,
  tensor,
  toBytes,
} from "@modelbytes/tensor";
import {
  type Bundle,
  castTensors,
  joinPartitions,
  openBundle,
  type Part,
  type StoredStream,
  shardBySize,
  splitTensors,
  writeBundle,
} from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { Flow, ForgetfulFolder, PatternSource, patternPieces } from "./flow.ts";
import { digest, filesOfStream } from "./transformed.ts";

const MIB = 2 ** 20;
const ROWS = 24_576;
/** 96 MiB: more than is read at once. */
const SHAPE = [ROWS, 1024];
const SIZE = 96 * MIB;
/** What may be between a file and the next: some pieces, and what is collected. */
const FEW_PIECES = 20 * MIB;

function streamOf(parts: () => Iterable<Part>, bigEndian = false): StoredStream {
  const header = { numShards: 1, bigEndian, version: { producer: 1, minConsumer: 0, badConsumers: [] } };
  return {
    layout: { header, partitioned: new Map(), shardSizes: async () => [] },
    async *parts() {
      yield* parts();
    },
  };
}

function* pattern(): Generator<Uint8Array> {
  for (const [, piece] of patternPieces(0, SIZE)) yield piece;
}

/** A bundle of one large tensor, whose data are made up as they are read. */
async function patternBundle(flow: Flow, damagedAt?: number): Promise<Bundle> {
  const folder = new ForgetfulFolder();
  const parts: Part[] = [["large", { dtype: "float32", shape: SHAPE, pieces: pattern() }]];
  await writeBundle({ folder, prefix: "model" }, parts);
  const index = folder.files.get("model.index") ?? new Uint8Array(0);
  return await openBundle({ index, data: [new PatternSource(SIZE, flow, damagedAt)] });
}

describe("a tensor larger than what is read at once passes through in pieces", () => {
  const rows = (_: string, shape: readonly number[]) => (shape.length > 1 ? { axis: 0, parts: 3 } : undefined);

  test.each<[string, number, (bundle: Bundle) => StoredStream | Promise<StoredStream>]>([
    ["copied", 1, (bundle) => bundle.stream()],
    ["split by rows", 1, (bundle) => splitTensors(bundle.stream(), rows)],
    ["joined", 1, (bundle) => joinPartitions(bundle.stream())],
    ["cut to data files of 40 MiB", 1, (bundle) => shardBySize(bundle.stream(), 40 * MIB)],
    ["cast", 2, (bundle) => castTensors(bundle.stream(), () => "bfloat16")],
    [
      "cast and split",
      2,
      (bundle) =>
        splitTensors(
          castTensors(bundle.stream(), () => "bfloat16"),
          rows,
        ),
    ],
  ])("%s", { timeout: 30_000 }, async (_, perWritten, transform) => {
    const flow = new Flow(perWritten);
    const folder = new ForgetfulFolder(flow);
    const seen: number[] = [];
    await using bundle = await patternBundle(flow);
    const written = await writeBundle({ folder, prefix: "model" }, await transform(bundle), {
      onProgress: ({ bytes }) => seen.push(bytes),
    });
    expect(written.bytes).toBe(SIZE / perWritten);
    expect(flow.most).toBeLessThan(FEW_PIECES);
    expect(flow.most).toBeGreaterThan(0);
    expect(seen.at(-1)).toBe(SIZE / perWritten);
  });

  test("partitions by rows, over two data files and out of order, are joined in pieces", async () => {
    const flow = new Flow();
    await using source = await patternBundle(new Flow());
    const folder = new ForgetfulFolder();
    const third = SIZE / 3;
    const shards = [1, 0, 1];
    async function* scattered(): AsyncGenerator<Part> {
      let at = 0;
      for await (const [name, part, placement] of splitTensors(source.stream(), () => ({
        axis: 0,
        parts: 3,
      })).parts()) {
        yield [name, part, { shardId: shards[at++], partition: placement?.partition }];
      }
    }
    await writeBundle({ folder, prefix: "model" }, scattered(), { shards: 2 });
    const index = folder.files.get("model.index") ?? new Uint8Array(0);
    const data = [new PatternSource(third, flow), new PatternSource(2 * third, flow)]; // thirds are whole MiB
    await using bundle = await openBundle({ index, data });
    const joined = new ForgetfulFolder(flow);
    await writeBundle({ folder: joined, prefix: "model" }, joinPartitions(bundle.stream()));
    expect(flow.most).toBeLessThan(FEW_PIECES);
    await using result = await openBundle(joined.files, { prefix: "model" });
    expect(result.entries.get("large")).toEqual(source.entries.get("large"));
  });

  test("progress is told as the pieces pass, and adds up", async () => {
    const told: number[] = [];
    await using bundle = await patternBundle(new Flow());
    const stream = bundle.stream({ onProgress: ({ bytes, total }) => told.push(bytes, total) });
    await writeBundle({ folder: new ForgetfulFolder(), prefix: "model" }, stream);
    expect(told.length).toBeGreaterThan(20);
    expect(told.slice(-2)).toEqual([SIZE, SIZE]);
  });

  test("iterated, it is given whole", async () => {
    await using bundle = await patternBundle(new Flow());
    for await (const [, { data }] of bundle.stream()) expect(data.length).toBe(SIZE / 4);
  });

  test.each([0, SIZE / 2 + 1, SIZE - 1])("a copy fails where byte %d is damaged, and nothing is there", async (at) => {
    await using bundle = await patternBundle(new Flow(), at);
    for (const stream of [bundle.stream(), splitTensors(bundle.stream(), rows)]) {
      const folder = new ForgetfulFolder();
      const writing = writeBundle({ folder, prefix: "model" }, stream);
      await expect(writing).rejects.toMatchObject({ code: "tensor-checksum", tensor: "large" });
      expect([folder.files.size, folder.crcs.size]).toEqual([0, 0]);
    }
    const unchecked = bundle.stream({ checksum: false });
    await writeBundle({ folder: new ForgetfulFolder(), prefix: "model" }, unchecked);
  });

  test("an abort in the middle of it is an abort", async () => {
    const controller = new AbortController();
    await using bundle = await patternBundle(new Flow());
    const onProgress = ({ bytes }: { bytes: number }) => {
      if (bytes > SIZE / 2) controller.abort("enough");
    };
    const stream = bundle.stream({ onProgress, signal: controller.signal });
    await expect(writeBundle({ folder: new ForgetfulFolder(), prefix: "model" }, stream)).rejects.toBe("enough");
  });
});

describe("pieces give what the tensor in memory gives", () => {
  const dtypes: readonly FixedDType[] = ["float32", "float16", "float64", "int16", "uint8", "complex64"];
  const given = fc.record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
    axis: fc.nat(),
    parts: fc.nat(),
    cuts: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 }),
    bigEndian: fc.boolean(),
    seed: fc.integer(),
  });

  /** Its bytes make no NaN. */
  function made(dtype: FixedDType, shape: readonly number[], seed: number): Tensor<FixedDType> {
    const length = elementCount(shape) * DTYPES[dtype].itemsize;
    return fromBytes(
      dtype,
      shape,
      Uint8Array.from({ length }, (_, at) => (at * 7 + seed) & 0x3f),
    );
  }

  /** Pieces of these lengths and one of the rest, in memory that is used again, which pass once. */
  function* cutUp(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
    const memory = new Uint8Array(bytes.length);
    let at = 0;
    for (const cut of [...cuts, bytes.length]) {
      const piece = memory.subarray(0, Math.min(cut, bytes.length - at));
      piece.set(bytes.subarray(at, at + piece.length));
      yield piece;
      memory.fill(0xee);
      at += piece.length;
    }
  }

  property.prop([given], { numRuns: 100 })("cast, split, cut to data files", async (about) => {
    const { dtype, shape, axis, parts, cuts, bigEndian, seed } = about;
    const whole = made(dtype, shape, seed);
    const inMemory = streamOf(() => [["t", whole]], bigEndian);
    const inPieces = streamOf(() => [["t", { dtype, shape, pieces: cutUp(toBytes(whole), cuts) }]], bigEndian);
    const along = axis % shape.length;
    const cut = () => ({ axis: along, parts: 1 + (parts % (shape[along] ?? 1)) });
    const toFloat32 = (_: string, own: Tensor["dtype"]) => (isFloat(own) ? "float32" : own);
    const limit = Math.max(toBytes(whole).length / 3, 6 ** 3 * 16);
    const transforms: ((stream: StoredStream) => StoredStream | Promise<StoredStream>)[] = [
      (stream) => stream,
      (stream) => castTensors(stream, toFloat32),
      (stream) => splitTensors(stream, cut),
      (stream) => splitTensors(castTensors(stream, toFloat32), cut),
      (stream) => castTensors(splitTensors(stream, cut), toFloat32),
      (stream) => shardBySize(stream, limit),
      (stream) => shardBySize(castTensors(splitTensors(stream, cut), toFloat32), limit),
    ];
    for (const transform of transforms) {
      const expected = digest(await filesOfStream(await transform(inMemory)));
      expect(digest(await filesOfStream(await transform(inPieces)))).toEqual(expected);
    }
  });

  const four = tensor("int16", [4], Int16Array.of(1, 2, 3, 4));
  const bytes = toBytes(four);
  const halves = () => ({ axis: 0, parts: 2 });

  test.each([
    ["too few", [bytes.subarray(0, 6)]],
    ["none", []],
    ["too many", [bytes, bytes.subarray(0, 1)]],
  ])("%s bytes are refused", async (_, pieces) => {
    const stream = () => streamOf(() => [["t", { dtype: "int16", shape: [4], pieces }]]);
    await expect(filesOfStream(stream())).rejects.toThrow(RangeError);
    await expect(filesOfStream(splitTensors(stream(), halves))).rejects.toThrow(RangeError);
  });

  test("a part that is passed over does not hold up the next", async () => {
    const pieces = [bytes.subarray(0, 3), new Uint8Array(0), bytes.subarray(3)];
    const stream = splitTensors(
      streamOf(() => [["t", { dtype: "int16", shape: [4], pieces }]]),
      halves,
    );
    const found: number[][] = [];
    for await (const [, part, placement] of stream.parts()) {
      if (placement?.partition?.slice[0]?.start === 0 || !("pieces" in part)) continue;
      for await (const piece of part.pieces) found.push([...piece]);
    }
    expect(found.flat()).toEqual([...bytes.subarray(4)]);
  });
});

test("a thousand data files collect no more than a few", async () => {
  const shards = 1000;
  const flow = new Flow();
  const folder = new ForgetfulFolder(flow);
  const small = tensor("uint8", [8000], new Uint8Array(8000));
  function* parts(): Generator<Part> {
    for (let number = 0; number < 20 * shards; number++) {
      flow.in(8000);
      yield [`t${number}`, small];
    }
  }
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const onProgress = () => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  let turn = 0;
  const { bytes } = await writeBundle({ folder, prefix: "model" }, parts(), {
    shards,
    onProgress: () => void (turn++ % 1000 === 0 && onProgress()),
  });
  expect([bytes, folder.crcs.size]).toEqual([20 * shards * 8000, shards]);
  expect(flow.most).toBeLessThanOrEqual(2 ** 25 + 8000);
  expect(most).toBeLessThan(2 ** 27);
});
