// `verify --architecture`: whether weights of any format fit an architecture that is somewhere else, and which layer does not.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ArchitectureTexts,
  architectureTexts,
  type ConvertTarget,
  convertModel,
  LOSSES,
  matchArchitecture,
  openModel,
} from "modelbytes";
import { describe, expect, onTestFinished, test } from "vitest";
import { modelbytesHere, ROOT, temporaryDirectory } from "./command.ts";

const ARCHIVE = "fixtures/keras-archive/keras-3-trained/model.keras";
const KERAS_2 = "fixtures/keras-hdf5/keras-2.15-model/model.h5";
const KERAS_3 = "fixtures/keras-hdf5/keras-3-functional-model/model.h5";
const SAVED_MODEL = "fixtures/saved-model/keras-2-functional/model";
const WHOLE = [ARCHIVE, KERAS_2, KERAS_3, SAVED_MODEL, "fixtures/keras-archive/keras-3-int8/model.keras"];

/** Where weights without their architecture are written, below a directory. */
const WEIGHTS = {
  safetensors: "new.safetensors",
  npz: "new.npz",
  "keras-hdf5-weights": "new.h5",
  "keras-weights": "new.weights.h5",
  "keras-weights-sharded": "new.weights.json",
  "tensor-bundle": "ckpt/new",
  "saved-model": "export",
} as const satisfies Partial<Record<ConvertTarget["format"], string>>;
const FORMATS = [
  "safetensors",
  "npz",
  "keras-hdf5-weights",
  "keras-weights",
  "keras-weights-sharded",
  "tensor-bundle",
  "saved-model",
] as const;

/** The weights of a fixture alone, in another format. */
async function weightsOf(path: string, format: keyof typeof WEIGHTS): Promise<string> {
  const to = join(await temporaryDirectory(onTestFinished), WEIGHTS[format]);
  await mkdir(join(to, ".."), { recursive: true });
  await using model = await openModel(join(ROOT, path));
  await convertModel(model, { format, to }, { strip: LOSSES });
  return to;
}

interface LayerJson {
  class_name: string;
  name?: string;
  config: { name: string; units?: number };
}

/** The architecture of the archive, whose layers are changed, as a file. */
async function architectureWith(change: (layers: LayerJson[]) => void): Promise<string> {
  await using model = await openModel(join(ROOT, ARCHIVE));
  if (model.format !== "keras-archive") throw new Error(model.format);
  const config: { config: { layers: LayerJson[] } } = JSON.parse(model.weights.config);
  change(config.config.layers);
  const path = join(await temporaryDirectory(onTestFinished), "architecture.json");
  await writeFile(path, JSON.stringify(config));
  return path;
}

function layerOf(layers: readonly LayerJson[], className: string): LayerJson {
  const layer = layers.find((each) => each.class_name === className);
  if (layer === undefined) throw new Error(`no ${className}`);
  return layer;
}

describe.each(WHOLE)("%s", (path) => {
  test.each(FORMATS)("as %s fits its architecture", async (format) => {
    const weights = await weightsOf(path, format);
    const { code, stdout, stderr } = await modelbytesHere("verify", weights, "--architecture", path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^ok: .*; the weights fit .*\n$/);
  });
});

describe.each(FORMATS)("%s", (format) => {
  test("names the layer of another shape", async () => {
    const weights = await weightsOf(ARCHIVE, format);
    const architecture = await architectureWith((layers) => {
      layerOf(layers, "Dense").config.units = 3;
    });
    const json = await modelbytesHere("verify", weights, "--architecture", architecture, "--json");
    const { ok, problems } = JSON.parse(json.stdout);
    expect({ code: json.code, ok, stderr: json.stderr }).toEqual({ code: 1, ok: false, stderr: "" });
    expect(problems.map(({ code }: { code: string }) => code)).toEqual(["weight-shape", "weight-shape"]);
    const [{ message, tensor }] = problems;
    expect(message).toMatch(/kernel(?::0)? of layer .*dense .*\(4, 3\) in the architecture and .*\(4, 2\) in the file/);
    await using model = await openModel(weights);
    expect([...model.weights.entries.keys()].some((key) => key.endsWith(tensor))).toBe(true);
    const text = await modelbytesHere("verify", weights, "--architecture", architecture);
    expect([text.code, text.stderr]).toEqual([1, ""]);
    expect(text.stdout.split("\n").at(-2)).toBe(`2 problems: the weights do not fit ${architecture}`);
  });

  test("names the layer that is not there, and the one that is too many", async () => {
    const weights = await weightsOf(ARCHIVE, format);
    const architecture = await architectureWith((layers) => {
      const dense = layerOf(layers, "Dense");
      layers.push(JSON.parse(JSON.stringify(dense).replaceAll('"dense"', '"another"')));
    });
    await using model = await openModel(weights);
    const { problems } = await matchArchitecture(model, await textsIn(architecture));
    expect(problems.map(({ code }) => code)).toEqual(
      format === "keras-hdf5-weights" ? ["missing-layer"] : ["missing-weight", "missing-weight"],
    );
    expect(problems[0]?.message).toContain("another");
    const smaller = await architectureWith((layers) => layers.splice(layers.indexOf(layerOf(layers, "Dense")), 1));
    const found = await matchArchitecture(model, await textsIn(smaller));
    expect(found.problems.map(({ code }) => code)).toEqual(
      format === "keras-hdf5-weights" ? ["extra-layer"] : ["extra-weight", "extra-weight"],
    );
    expect(found.problems[0]?.message).toContain("dense");
  });
});

async function textsIn(path: string): Promise<ArchitectureTexts> {
  await using model = await openModel(path);
  const texts = await architectureTexts(model);
  if (texts === undefined) throw new Error("no architecture");
  return texts;
}

describe("what Keras does not mind", () => {
  test("another name of a layer: it goes by their order", async () => {
    const weights = await weightsOf(ARCHIVE, "keras-hdf5-weights");
    const architecture = await architectureWith((layers) => {
      layers.splice(0, layers.length, ...JSON.parse(JSON.stringify(layers).replaceAll('"dense"', '"classes"')));
    });
    const { code, stdout, stderr } = await modelbytesHere("verify", weights, "--architecture", architecture);
    expect([code, stderr]).toEqual([0, "note: layer classes is dense in the file, by its place\n"]);
    expect(stdout).toContain("; the weights fit ");
  });

  test("another dtype, which it turns", async () => {
    const to = join(await temporaryDirectory(onTestFinished), "half.weights.h5");
    expect(
      (await modelbytesHere("convert", ARCHIVE, to, "--cast", "float32=float16", "--strip", "architecture")).code,
    ).toBe(0);
    const { code, stderr } = await modelbytesHere("verify", to, "--architecture", ARCHIVE);
    expect(code).toBe(0);
    expect(stderr).toContain("is float32 in the architecture and float16 in the file");
  });
});

test("weights of layers in another order would go to the wrong ones", async () => {
  const names = (a: string, b: string) =>
    [a, b].map((name) => ({ class_name: "Dense", config: { name, units: 2, use_bias: true } }));
  const input = { class_name: "InputLayer", config: { batch_input_shape: [null, 2], name: "in" } };
  const write = async (name: string, layers: readonly object[]) => {
    const path = join(await temporaryDirectory(onTestFinished), name);
    await writeFile(
      path,
      JSON.stringify({ class_name: "Sequential", config: { name: "s", layers }, keras_version: "2.15.0" }),
    );
    return path;
  };
  const one = await write("one.json", [input, ...names("first", "second")]);
  const other = await write("other.json", [input, ...names("second", "first")]);
  const zeros = { dtype: "float32", shape: [2], data: new Float32Array(2) } as const;
  const square = { dtype: "float32", shape: [2, 2], data: new Float32Array(4) } as const;
  const { writeSafetensors } = await import("@modelbytes/safetensors");
  const named = join(await temporaryDirectory(onTestFinished), "named.safetensors");
  const tensors = ["first", "second"].flatMap(
    (name) =>
      [
        [`${name}/kernel`, square],
        [`${name}/bias`, zeros],
      ] as const,
  );
  await writeSafetensors(named, tensors);
  const weights = join(await temporaryDirectory(onTestFinished), "named.h5");
  const made = await modelbytesHere("convert", named, weights, "--architecture", one, "--to", "keras-hdf5-weights");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect((await modelbytesHere("verify", weights, "--architecture", one)).code).toBe(0);
  const { code, stdout } = await modelbytesHere("verify", weights, "--architecture", other);
  expect([code, stdout]).toEqual([
    1,
    expect.stringContaining("layer first of the file is where the architecture has second"),
  ]);
  // By their names the tensors of other formats find their layers.
  expect((await modelbytesHere("verify", named, "--architecture", other)).code).toBe(0);
});

describe("what cannot be compared", () => {
  test("an architecture without weights", async () => {
    const path = "fixtures/keras-config/texts-keras-3/sequential.json";
    const { code, stderr } = await modelbytesHere("verify", path, "--architecture", path);
    expect([code, stderr]).toEqual([4, expect.stringContaining("without weights to compare")]);
  });

  test("a file without an architecture", async () => {
    const path = "fixtures/safetensors/demo/model.safetensors";
    const { code, stdout, stderr } = await modelbytesHere("verify", ARCHIVE, "--architecture", path);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("there is no architecture of Keras in it");
  });

  test("an architecture that is damaged, which says nothing of the weights", async () => {
    const path = "fixtures/keras-archive/hostile/config-not-json.keras";
    const { code, stdout, stderr } = await modelbytesHere("verify", ARCHIVE, "--architecture", path, "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("config-not-json.keras");
  });

  test("weights that are damaged", async () => {
    const weights = await weightsOf(ARCHIVE, "keras-weights");
    const bytes = await readFile(weights);
    await writeFile(weights, bytes.subarray(0, bytes.length - 40));
    const { code, stdout } = await modelbytesHere("verify", weights, "--architecture", ARCHIVE, "--json");
    expect([code, JSON.parse(stdout).ok]).toEqual([1, false]);
  });

  test("layers that an architecture does not tell of are noted, the others compared", async () => {
    const path = "fixtures/keras-hdf5/keras-3-long-names/model.h5";
    const { code, stderr } = await modelbytesHere("verify", path, "--architecture", path);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^note: the variables of layer many \(Many\) do not follow/),
    ]);
  });
});
