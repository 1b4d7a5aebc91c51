// How tensors are asked for: by key and by name, in part, one after another, with a signal; and by ranges.

import { readFileSync } from "node:fs";
import { fc, test } from "@fast-check/vitest";
import { BytesSource, CorruptError, NotFoundError, type Source } from "@modelbytes/bytes";
import { openKerasHdf5 } from "@modelbytes/keras-hdf5";
import { type TensorInPieces, toBytes, toNumbers } from "@modelbytes/tensor";
import { describe, expect } from "vitest";
import { FIXTURES, fixtures } from "./fixtures.ts";
import { dataset, fileOf, group, names } from "./made-file.ts";

const MODEL = `${FIXTURES}keras-3-functional-model/model.h5`;
const NEW = `${FIXTURES}keras-3-dtypes-weights/model.weights.h5`;

describe("one tensor", () => {
  test("by key and by readable name", async () => {
    await using file = await openKerasHdf5(MODEL);
    const byKey = await file.read("model_weights/conv/conv/kernel");
    expect(byKey).toMatchObject({ dtype: "float32", shape: [3, 3, 3, 4] });
    expect(await file.read("conv/kernel")).toEqual(byKey);
    expect(file.entries.get("model_weights/conv/conv/kernel")).toMatchObject({
      name: "conv/kernel",
      role: "layer",
      layer: "model_weights/conv",
      byteLength: 432,
    });
  });

  test("a part of it, also of bfloat16", async () => {
    for (const [path, name] of [
      [MODEL, "dense_2/kernel"],
      [NEW, "layers/dense/vars/0"],
    ] as const) {
      await using file = await openKerasHdf5(path);
      const whole = await file.read(name);
      const [, columns = 0] = whole.shape;
      const row = await file.read(name, { select: [1] });
      if (whole.dtype === "string" || whole.dtype === "variant" || row.dtype !== whole.dtype)
        throw new Error("numbers");
      expect([...row.data]).toEqual([...whole.data.subarray(columns, 2 * columns)]);
      await expect(file.read(name, { select: [99] })).rejects.toThrow(RangeError);
    }
  });

  test("of the dtype that it has to have", async () => {
    await using file = await openKerasHdf5(NEW);
    const { data } = await file.read("layers/dense/vars/0", { dtype: "bfloat16" });
    expect(data).toBeInstanceOf(Uint16Array);
    await expect(file.read("layers/dense/vars/0", { dtype: "float32" })).rejects.toThrow("is bfloat16, not float32");
  });

  test("that is not there", async () => {
    await using file = await openKerasHdf5(MODEL);
    const missing = { name: "NotFoundError", code: "no-tensor", file: MODEL, tensor: "nothing" };
    await expect(file.read("nothing")).rejects.toMatchObject(missing);
    await expect(file.stream({ names: ["nothing"] }).next()).rejects.toMatchObject(missing);
  });
});

describe("in pieces", () => {
  test.each(fixtures().filter(([, path]) => !path.endsWith(".json")))("%s: all tensors", async (_, path) => {
    await using file = await openKerasHdf5(path);
    for (const key of file.entries.keys()) {
      const whole = await file.read(key);
      const pieces = file.inPieces(key);
      if (whole.dtype === "string" || whole.dtype === "variant") expect(pieces).toBe(undefined);
      else expect(Buffer.compare(await joined(pieces), toBytes(whole)), key).toBe(0);
    }
  });

  test("of 4 MiB, in memory that is used again", async () => {
    const data = new Float32Array(9 << 20).map((_, index) => index);
    const values = { dtype: "float32", shape: [3, 3 << 20], data } as const;
    const inner = new BytesSource(await fileOf(dataset("layers/dense/vars/0", values)), "large.h5");
    await using file = await openKerasHdf5({
      name: inner.name,
      size: () => inner.size(),
      read: async (offset, length, { scratch = new Uint8Array(length) } = {}) => {
        scratch.set(await inner.read(offset, length));
        return scratch.subarray(0, length);
      },
    });
    const buffers = new Set<ArrayBufferLike>();
    const { pieces } = file.inPieces("layers/dense/vars/0") ?? { pieces: [] };
    let at = 0;
    for await (const piece of pieces) {
      expect(piece.length).toBeLessThanOrEqual(1 << 22);
      expect(Buffer.compare(piece, new Uint8Array(data.buffer, at, piece.length))).toBe(0);
      at += piece.length;
      buffers.add(piece.buffer);
    }
    expect([at, buffers.size]).toEqual([36 << 20, 4]);
  });

  test("not of a tensor that is not there", async () => {
    await using file = await openKerasHdf5(MODEL);
    expect(() => file.inPieces("nothing")).toThrow(NotFoundError);
  });
});

async function joined(pieces: TensorInPieces | undefined): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces?.pieces ?? []) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

describe("one after another", () => {
  test("those that are named, in the order of the file", async () => {
    await using file = await openKerasHdf5(MODEL);
    const found: string[] = [];
    const total: number[] = [];
    const wanted = ["optimizer_weights/adam/iteration", "conv/bias", "conv/kernel"];
    const onProgress = ({ bytes, total: all }: { bytes: number; total: number }) => total.push(bytes, all);
    for await (const [key] of file.stream({ names: wanted, onProgress })) found.push(key);
    expect(found).toEqual([
      "model_weights/conv/conv/kernel",
      "model_weights/conv/conv/bias",
      "optimizer_weights/adam/iteration",
    ]);
    expect(total).toEqual([432, 456, 448, 456, 456, 456]);
  });

  test("whatever the concurrency", async () => {
    await using file = await openKerasHdf5(MODEL);
    const keys = [...file.entries.keys()];
    for (const concurrency of [1, 3, 1000]) {
      const found: string[] = [];
      for await (const [key] of file.stream({ concurrency })) found.push(key);
      expect(found).toEqual(keys);
    }
    await expect(file.stream({ concurrency: 0 }).next()).rejects.toThrow(RangeError);
  });

  test("until the signal, whose reason is the error", async () => {
    await using file = await openKerasHdf5(MODEL);
    const controller = new AbortController();
    const stream = file.stream({ signal: controller.signal, concurrency: 1 });
    await stream.next();
    controller.abort(new Error("enough"));
    await expect(stream.next()).rejects.toThrow("enough");
    await expect(file.read("conv/kernel", { signal: controller.signal })).rejects.toThrow("enough");
    await expect(openKerasHdf5(MODEL, { signal: controller.signal })).rejects.toThrow("enough");
  });
});

test("the source is closed where opening fails", async () => {
  let closed = 0;
  const bytes = new BytesSource(await fileOf(group("not-keras")), "x.h5");
  const source: Source = {
    name: "x.h5",
    size: () => bytes.size(),
    read: (offset, length) => bytes.read(offset, length),
    close: async () => {
      closed++;
    },
  };
  await expect(openKerasHdf5(source)).rejects.toMatchObject({ code: "not-keras", file: "x.h5" });
  expect(closed).toBe(1);
});

test("checking a large tensor takes pieces of it, and finds what is missing at its end", async () => {
  const values = { dtype: "float32", shape: [5, 1 << 20], data: new Float32Array(5 << 20) } as const;
  const bytes = await fileOf(dataset("layers/dense/vars/0", values));
  const inner = new BytesSource(bytes, "large.h5");
  const lengths: number[] = [];
  const failsAt = (end: number): Source => ({
    name: "large.h5",
    size: () => inner.size(),
    read: async (offset, length, options) => {
      lengths.push(length);
      if (offset + length > end) throw new CorruptError("lost", "the end is lost", { file: "large.h5" });
      return await inner.read(offset, length, options);
    },
  });
  await using sound = await openKerasHdf5(failsAt(bytes.length));
  for await (const problem of sound.verify()) throw problem;
  expect(Math.max(...lengths)).toBe(1 << 22);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(20 << 20);
  await using cut = await openKerasHdf5(failsAt(18 << 20));
  const codes: string[] = [];
  for await (const { code } of cut.verify()) codes.push(code);
  expect(codes).toEqual(["lost"]);
});

test("both engines say the same", async () => {
  for (const path of [MODEL, NEW]) {
    const bytes = new Uint8Array(readFileSync(path));
    await using ours = await openKerasHdf5(bytes, { engine: "classic" });
    await using theirs = await openKerasHdf5(bytes, { engine: "h5wasm" });
    expect([...theirs.entries]).toEqual([...ours.entries]);
    expect(theirs.layers).toEqual(ours.layers);
    expect(theirs.metadata).toEqual(ours.metadata);
    for (const key of ours.entries.keys()) expect(await theirs.read(key)).toEqual(await ours.read(key));
  }
});

/** Names that may be a link of a group, several of them a path. */
const LINK = fc
  .stringMatching(/^[a-z0-9 é:_-]{1,9}$/)
  .filter((name) => !/^(dense|vars|top_level_model_weights)$/.test(name));
const LAYERS = fc.uniqueArray(
  fc.tuple(
    LINK,
    fc.uniqueArray(
      fc.tuple(LINK, fc.constantFrom("", "/kernel", "/bias:0")).map((parts) => parts.join("")),
      { maxLength: 5 },
    ),
  ),
  { selector: ([name]) => name, maxLength: 6 },
);

test.prop([LAYERS])("layers and weights come as they were listed, under names that are unique", async (layers) => {
  // a weight "a" and a weight "a/kernel" cannot both be
  const sound = layers.map(
    ([layer, weights]) =>
      [layer, weights.filter((each) => !weights.some((other) => other.startsWith(`${each}/`)))] as const,
  );
  const bytes = await fileOf(
    names(
      "",
      "layer_names",
      sound.map(([layer]) => layer),
    ),
    ...sound.flatMap(([layer, weights]) => [
      group(layer),
      names(layer, "weight_names", weights),
      ...weights.map((weight, index) => dataset(`${layer}/${weight}`, index + 1)),
    ]),
  );
  await using file = await openKerasHdf5(bytes);
  expect(file.layers.map(({ name, weights }) => [name, weights.map((weight) => weight.name)])).toEqual(sound);
  expect([...file.entries.keys()]).toEqual(
    sound.flatMap(([layer, weights]) => weights.map((weight) => `${layer}/${weight}`)),
  );
  const readable = [...file.entries.values()].map(({ name }) => name);
  expect(new Set(readable).size).toBe(readable.length);
  for (const { weights } of file.layers) {
    for (const [index, { key }] of weights.entries()) expect(toNumbers(await file.read(key))).toHaveLength(index + 1);
  }
});

test.prop([fc.uniqueArray(fc.nat(2000), { minLength: 1, maxLength: 30 }), fc.nat(14)])(
  "numbers sort as numbers",
  async (layers, variables) => {
    const classes = ["dense", "conv2d", "re_lu"];
    const paths = layers.map((number) => `layers/${classes[number % 3]}${number < 3 ? "" : `_${number}`}`);
    const datasets = paths.flatMap((path) =>
      Array.from({ length: variables + 1 }, (_, index) => dataset(`${path}/vars/${index}`)),
    );
    await using file = await openKerasHdf5(await fileOf(...datasets));
    const numberOf = (path: string) => Number(/_(\d+)$/.exec(path)?.[1] ?? -1);
    for (const name of classes) {
      const own = file.layers.map(({ path }) => path).filter((path) => path.startsWith(`layers/${name}`));
      expect(own.map(numberOf)).toEqual(own.map(numberOf).sort((a, b) => a - b));
    }
    expect(file.layers).toHaveLength(layers.length);
    for (const { weights } of file.layers) expect(weights.map(({ name }) => Number(name))).toEqual([...weights.keys()]);
  },
);
