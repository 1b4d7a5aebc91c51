// `.h5` from names and values: what is written is what is read, and names go where Keras has them.

import { fc, test } from "@fast-check/vitest";
import { CorruptError, MemorySink, UnsupportedError } from "@modelbytes/bytes";
import { type KerasH5Contents, openKerasHdf5, writeKerasH5 } from "@modelbytes/keras-hdf5";
import { type Tensor, tensor } from "@modelbytes/tensor";
import { describe, expect } from "vitest";
import { anyName, floats, saidOf, weightsNamed } from "./made-model.ts";

async function written(contents: KerasH5Contents): Promise<Uint8Array> {
  const sink = new MemorySink();
  await writeKerasH5(sink, contents);
  return sink.bytes;
}

/** Whether names can be together in a group: none is the beginning of another's path. */
const ownName = fc.stringMatching(/^[a-zé]{1,12}$/);
const anyLayer = fc.record({
  name: anyName.filter((name) => name !== "top_level_model_weights" && !/^\.+$/.test(name)),
  weights: weightsNamed(ownName.map((name) => `block/${name}/kernel:0`)),
});
const anyContents = fc.record({
  layers: fc.uniqueArray(anyLayer, { maxLength: 12, selector: ({ name }) => name }),
  topLevelWeights: fc.option(weightsNamed(ownName), { nil: null }),
  modelConfig: fc.option(fc.json(), { nil: null }),
  trainingConfig: fc.option(fc.json(), { nil: undefined }),
  optimizerWeights: weightsNamed(ownName.map((name) => `adam/${name}`)),
  kerasVersion: fc.constantFrom("3.15.1", "2.15.0", null),
  backend: fc.constantFrom("tensorflow", "jax", null),
});

test.prop([anyContents], { numRuns: 60 })(
  "what is written is what is read, and written again it is the same",
  async (contents) => {
    const bytes = await written(contents);
    await using file = await openKerasHdf5(bytes);
    expect(file.kind).toBe("model");
    const namesOf = (weights: Iterable<readonly [string, Tensor]>) => [...weights].map(([name]) => name);
    expect(file.layers.map(({ name, weights }) => [name, weights.map((weight) => weight.name)])).toEqual(
      contents.layers.map(({ name, weights }) => [name, namesOf(weights)]),
    );
    expect(file.topLevelWeights.map(({ name }) => name)).toEqual(namesOf(contents.topLevelWeights ?? []));
    expect(file.optimizerWeights.map(({ name }) => name)).toEqual(namesOf(contents.optimizerWeights));
    expect(file.metadata).toEqual({
      kerasVersion: contents.kerasVersion ?? undefined,
      backend: contents.backend ?? undefined,
      weightsVersion: contents.kerasVersion ?? undefined,
      weightsBackend: contents.backend ?? undefined,
      modelConfig: contents.modelConfig ?? undefined,
      trainingConfig: contents.trainingConfig,
    });
    const values = [...contents.layers.flatMap(({ weights }) => weights), ...(contents.topLevelWeights ?? [])];
    values.push(...contents.optimizerWeights);
    for (const [index, key] of [...file.entries.keys()].entries()) {
      expect([key, await file.read(key)]).toEqual([key, values[index]?.[1]]);
    }
    expect(file.entries.size).toBe(values.length);
    const again = new MemorySink();
    await writeKerasH5(again, file);
    expect(Buffer.compare(again.bytes, bytes)).toBe(0);
  },
);

test("weights alone, with a version that says they are not those of Keras 1", async () => {
  const layers = [{ name: "dense", weights: Object.entries({ "dense/kernel": floats(2, 3) }) }, { name: "none" }];
  await using file = await openKerasHdf5(await written({ layers }));
  expect(file.kind).toBe("weights");
  expect(file.metadata).toMatchObject({ weightsVersion: "3.15.1", weightsBackend: "tensorflow" });
  expect(file.layers.map(({ name, weights }) => [name, weights.length])).toEqual([
    ["dense", 1],
    ["none", 0],
  ]);
  expect((await file.hdf5.group("/")).links.has("top_level_model_weights")).toBe(true);
});

test("texts keep any bytes", async () => {
  await using file = await openKerasHdf5(await written({ layers: [], modelConfig: "{\udcff}", kerasVersion: "ü" }));
  expect(file.metadata).toMatchObject({ modelConfig: "{\udcff}", kerasVersion: "ü" });
});

describe("lists of names", () => {
  const list = (count: number, length: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `${index}`.padEnd(length, "n") }));

  test.each([
    [64, 1008, ["layer_names"]],
    [65, 1008, ["layer_names0", "layer_names1"]],
    [3, 64_512, ["layer_names0", "layer_names1", "layer_names2"]],
    [4091, 4, ["layer_names"]],
  ])("%i of %i bytes are in %j", async (count, length, attributes) => {
    const layers = list(count, length);
    await using file = await openKerasHdf5(await written({ layers }));
    const found = [...(await file.hdf5.group("/")).attributes.keys()].filter((name) => name.startsWith("layer_names"));
    expect(found).toEqual(attributes);
    expect(file.layers.map(({ name }) => name)).toEqual(layers.map(({ name }) => name));
  });

  test("longer ones than HDF5 takes are refused as Keras does", async () => {
    await expect(written({ layers: list(1, 64_513) })).rejects.toThrow(
      "The following attributes cannot be saved to HDF5 file because they are larger than 64512 bytes: 0nnn",
    );
    await expect(written({ layers: list(4092, 4) })).rejects.toThrow(/object header message is too large|64/);
  });
});

describe("what is refused", () => {
  const dense = { name: "dense" };
  const long = { name: "a", weights: [["w", floats(1)]] } as const;
  test.each<[string, KerasH5Contents, ErrorConstructor | typeof UnsupportedError, string]>([
    ["two layers of a name", { layers: [dense, dense] }, RangeError, '"dense" is used 2 times'],
    ["a path for a layer", { layers: [{ name: "a/b" }] }, RangeError, "cannot contain character `/`"],
    ["a layer without a name", { layers: [{ name: "" }] }, RangeError, "needs a name"],
    [
      "a layer called like the list",
      { layers: [{ name: "top_level_model_weights" }] },
      RangeError,
      "of this name already",
    ],
    [
      "two weights of a name",
      { layers: [{ ...long, weights: [...long.weights, ...long.weights] }] },
      RangeError,
      "already",
    ],
    [
      "int4",
      { layers: [{ name: "a", weights: [["w", tensor("int4", [1], Int8Array.of(1))]] }] },
      UnsupportedError,
      "int4",
    ],
    [
      "variants",
      { layers: [{ name: "a", weights: [["w", tensor("variant", [0], [])]] }] },
      UnsupportedError,
      "variant",
    ],
    ["numbers that are none", { layers: [{ name: "dense" }], numbered: true }, RangeError, "layer_0"],
    [
      "too few values",
      { layers: [{ name: "a", weights: [["w", { ...floats(1), shape: [2] }]] }] },
      RangeError,
      "4 bytes, where",
    ],
  ])("%s", async (_, contents, type, message) => {
    const error: unknown = await written(contents).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
  });

  test("up to Keras 2 the name of a layer could be a path", async () => {
    const layers = [{ name: "a/b", weights: long.weights }, long];
    await using file = await openKerasHdf5(await written({ layers, kerasVersion: "2.15.0" }));
    expect(file.layers.map(({ path }) => path)).toEqual(["a/b", "a"]);
    expect([...file.entries.keys()]).toEqual(["a/b/w", "a/w"]);
  });
});

test("bfloat16, which nothing marks, as Keras writes it", async () => {
  const value = tensor("bfloat16", [2], Uint16Array.of(1, 2));
  const bytes = await written({ layers: [{ name: "a", weights: [["w", value]] }] });
  await using file = await openKerasHdf5(bytes);
  expect(await file.read("a/w")).toEqual(value);
  const problems: CorruptError[] = [];
  for await (const problem of file.verify()) if (problem instanceof CorruptError) problems.push(problem);
  expect(problems).toMatchObject([{ code: "unmarked" }]);
});

test("strings, which other programs store", async () => {
  const value = tensor("string", [2], [new TextEncoder().encode("é"), new Uint8Array(0)]);
  const inline = await written({ layers: [{ name: "a", weights: [["w", value]] }] });
  const { dtype, shape } = value;
  const lazily = await written({
    layers: [{ name: "a", weights: [["w", { dtype, shape, read: async () => value }]] }],
  });
  await using file = await openKerasHdf5(inline);
  expect(await file.read("a/w")).toEqual(value);
  expect(await saidOf(lazily)).toEqual(await saidOf(inline));
});
