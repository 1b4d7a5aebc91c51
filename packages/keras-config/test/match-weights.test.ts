import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseArchitecture } from "../src/architecture/parse.ts";
import { parseJson } from "../src/json/parse.ts";
import { type ExpectedWeights, expectedWeights } from "../src/weights/expected-weights.ts";
import { type FoundLayer, type FoundWeight, matchPlaces, matchWeights } from "../src/weights/match.ts";

const TEXT = readFileSync(
  new URL("../../../fixtures/keras-config/texts-keras-2.12/sequential.json", import.meta.url),
  "utf8",
);

/** input (4) → dense (3) → normalization → bidirectional GRU → out (2). */
const LAYERS = `[
  {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 5, 4], "name": "in"}},
  {"class_name": "Dense", "config": {"name": "dense", "units": 3}},
  {"class_name": "BatchNormalization", "config": {"name": "bn", "axis": [2]}},
  {"class_name": "GRU", "config": {"name": "gru", "units": 2}},
  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.5}},
  {"class_name": "Dense", "config": {"name": "out", "units": 2}}]`;

function model(layers = LAYERS): ExpectedWeights {
  const text = `{"class_name": "Sequential", "config": {"name": "stack", "layers": ${layers}}, "keras_version": "2.15.0"}`;
  return expectedWeights(parseArchitecture(parseJson(text)));
}

/** What a file has that fits. */
function fitting({ layers }: ExpectedWeights): readonly FoundLayer[] {
  return layers.map(({ name, weights = [] }) => ({ name, weights: weights.map(found) }));
}

function found(spec: { name: string; shape: readonly (number | null)[]; dtype: string | undefined }): FoundWeight {
  return { name: spec.name, shape: spec.shape.map((size) => size ?? 7), dtype: spec.dtype ?? "float32" };
}

/** The file with one layer changed. */
function changed(
  layers: readonly FoundLayer[],
  name: string,
  change: (layer: FoundLayer) => FoundLayer,
): readonly FoundLayer[] {
  return layers.map((layer) => (layer.name === name ? change(layer) : layer));
}

function told(expected: ExpectedWeights, file: readonly FoundLayer[]): readonly string[] {
  return matchWeights(expected, file).map(({ reason, message }) => `${reason}: ${message}`);
}

describe("the layers of an old file", () => {
  const expected = model();
  const file = fitting(expected);

  test("that fits", () => {
    expect(expected.layers.map(({ name, weights }) => [name, weights?.length])).toEqual([
      ["dense", 2],
      ["bn", 4],
      ["gru", 3],
      ["drop", 0],
      ["out", 2],
    ]);
    expect(matchWeights(expected, file)).toEqual([]);
  });

  test("names may lack :0, or have other numbers", () => {
    const others = changed(file, "gru", ({ name, weights }) => ({
      name,
      weights: weights.map((weight) => ({
        ...weight,
        name: weight.name.replace("gru_cell/", "gru_cell_17/").replace(":0", ""),
      })),
    }));
    expect(matchWeights(expected, others)).toEqual([]);
  });

  test("another shape, another type", () => {
    const others = changed(file, "out", ({ name, weights: [kernel, bias] }) => ({
      name,
      weights: [kernel, bias].flatMap((weight) =>
        weight ? [{ ...weight, shape: [...weight.shape, 1], dtype: "float16" }] : [],
      ),
    }));
    expect(told(expected, others)).toEqual([
      "shape: out/kernel:0 of layer out has shape (2, 2) in the architecture and (2, 2, 1) in the file",
      "dtype: out/kernel:0 of layer out is float32 in the architecture and float16 in the file",
      "shape: out/bias:0 of layer out has shape (2) in the architecture and (2, 1) in the file",
      "dtype: out/bias:0 of layer out is float32 in the architecture and float16 in the file",
    ]);
  });

  test("a bias too few, a bias too many", () => {
    const without = changed(file, "dense", ({ name, weights }) => ({ name, weights: weights.slice(0, 1) }));
    expect(told(expected, without)).toEqual(["missing-weight: dense/bias:0 (3) is not in layer dense of the file"]);
    const twice = changed(file, "dense", ({ name, weights }) => ({
      name,
      weights: [...weights, { name: "dense/scale:0", shape: [3], dtype: "float32" }],
    }));
    expect(told(expected, twice)).toEqual(["extra-weight: dense/scale:0 (3) of the file is not in the architecture"]);
  });

  test("variables in another order: by name", () => {
    const others = changed(file, "bn", ({ name, weights }) => ({ name, weights: [...weights].reverse() }));
    expect(told(expected, others)).toEqual([
      "order: the variables of layer bn are in another order: bn/moving_variance:0, bn/moving_mean:0, bn/beta:0, bn/gamma:0",
    ]);
  });

  test("a layer with another name: by its place", () => {
    const others = file.map((layer) => (layer.name === "dense" ? { ...layer, name: "dense_7" } : layer));
    expect(told(expected, others)).toEqual(["renamed-layer: layer dense is dense_7 in the file, by its place"]);
  });

  test("layers missing, layers too many", () => {
    expect(told(expected, file.slice(1))).toEqual(["missing-layer: layer dense with 2 variables is not in the file"]);
    const more = [...file, { name: "head", weights: [{ name: "head/kernel:0", shape: [1], dtype: "float32" }] }];
    expect(told(expected, more)).toEqual([
      "extra-layer: layer head of the file, with 1 variable, is not in the architecture",
    ]);
  });

  test("a layer of which nothing is known takes what there is, and says so", () => {
    const custom = model(LAYERS.replace('"GRU"', '"package>GRU"'));
    const [gru, out] = custom.layers.slice(2).filter(({ name }) => name !== "drop");
    expect(gru?.weights).toBeUndefined();
    // What it gives is not known either: of the kernel behind it, only one size is.
    expect(out?.weights?.[0]?.shape).toEqual([null, 2]);
    expect(custom.unknownPlaces).toEqual(["layers/gru"]);
    expect(told(custom, file)).toEqual([
      "unknown: the variables of layer gru (GRU) do not follow from its config: the file has 3 variables",
    ]);
    expect(
      matchPlaces(
        custom,
        model().places.map((place) => ({ ...found(place), name: place.path })),
      ),
    ).toEqual([]);
  });
});

describe("the places in a .weights.h5 file", () => {
  const expected = model();
  const file = expected.places.map((place) => ({ ...found(place), name: place.path }));

  test("that fit, with optimizer and metrics beside them", () => {
    const others = ["optimizer/vars/0", "metrics/mean/vars/0"].map((name) => ({ name, shape: [], dtype: "int64" }));
    expect(matchPlaces(expected, [...file, ...others])).toEqual([]);
  });

  test("that do not", () => {
    const others = file.map((weight) =>
      weight.name === "layers/dense/vars/0" ? { ...weight, shape: [4, 4] } : weight,
    );
    const findings = matchPlaces(expected, [
      ...others.slice(0, -1),
      { name: "layers/dense_2/vars/0", shape: [2], dtype: "float32" },
    ]);
    expect(findings.map(({ reason, layer, weight, message }) => [reason, layer, weight, message])).toEqual([
      [
        "shape",
        "layers/dense",
        "dense/kernel:0",
        "dense/kernel:0 of layer layers/dense has shape (4, 3) in the architecture and (4, 4) in the file",
      ],
      ["missing-weight", "layers/dense_1", "out/bias:0", "out/bias:0 (2) is not at layers/dense_1/vars/1 of the file"],
      [
        "extra-weight",
        "layers/dense_2",
        "layers/dense_2/vars/0",
        "layers/dense_2/vars/0 (2) of the file is not in the architecture",
      ],
    ]);
  });
});

describe("what is not said in the text", () => {
  test("a stack without the shape of its input: sizes are open, unless they are given", () => {
    const architecture = parseArchitecture(
      parseJson(
        '{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 3}}]}}',
      ),
    );
    expect(expectedWeights(architecture).layers[0]?.weights?.[0]?.shape).toEqual([null, 3]);
    expect(expectedWeights(architecture, { inputs: [[null, 8]] }).layers[0]?.weights?.[0]?.shape).toEqual([8, 3]);
  });

  test("a subclassed model: nothing", () => {
    const found = expectedWeights(parseArchitecture(parseJson('{"class_name": "Mine", "config": {"units": 3}}')));
    expect(told(found, fitting(model()).slice(0, 1))).toEqual([
      "unknown: the layers of the model do not follow from its config: the file has dense with 2 variables",
    ]);
    expect([found.layers, found.topLevel, found.unknownPlaces, found.optimizer]).toEqual([
      [],
      undefined,
      [""],
      undefined,
    ]);
  });

  test("a text of Keras 2.12", () => {
    expect(expectedWeights(parseArchitecture(parseJson(TEXT))).era).toEqual({ major: 2, minor: 12 });
  });
});

describe("Keras 1, from its sources", () => {
  test("a matrix for each gate, names with underscores", () => {
    const text = `{"class_name": "Sequential", "keras_version": "1.2.2", "config": [
      {"class_name": "Convolution1D", "config": {"name": "conv", "batch_input_shape": [null, 9, 4], "nb_filter": 5, "filter_length": 3, "border_mode": "same", "subsample_length": 1}},
      {"class_name": "LSTM", "config": {"name": "lstm_1", "output_dim": 2, "consume_less": "cpu"}},
      {"class_name": "Highway", "config": {"name": "highway_1"}}]}`;
    const { layers } = expectedWeights(parseArchitecture(parseJson(text)));
    expect(layers.map(({ weights }) => weights?.map(({ name, shape }) => `${name} ${shape.join("x")}`))).toEqual([
      ["conv_W 3x1x4x5", "conv_b 5"],
      ["i", "c", "f", "o"].flatMap((gate) => [`lstm_1_W_${gate} 5x2`, `lstm_1_U_${gate} 2x2`, `lstm_1_b_${gate} 2`]),
      ["highway_1_W 2x2", "highway_1_W_carry 2x2", "highway_1_b 2", "highway_1_b_carry 2"],
    ]);
  });
});
