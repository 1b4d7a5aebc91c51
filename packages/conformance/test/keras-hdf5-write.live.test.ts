// Keras saves models in every form. What we read and write again are the same bytes, and Keras loads the same model from them.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import {
  openKerasHdf5,
  openShardedKerasWeights,
  type WrittenKeras,
  writeKerasH5,
  writeKerasWeights,
  writeShardedKerasWeights,
} from "@modelbytes/keras-hdf5";
import { type Tensor, tensor } from "@modelbytes/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Conversation } from "./conversation.ts";
import { hasPython, interpreter } from "./python.ts";

interface Answer {
  /** The files of a model that was saved. */
  readonly forms?: Readonly<Record<string, string>>;
  readonly error?: string;
  /** Whether a file holds the model that was saved last. */
  readonly same?: boolean;
  /** The architecture of the model that was made. */
  readonly config?: string;
}

type Question =
  | { readonly save: string | number }
  | { readonly load: string; readonly form: string }
  | { readonly make: null };

/** Models of Keras 3, which loads them again: `models` of `fixtures/keras-hdf5/write_models.py`. */
const SMALL = ["dense", "adam", "functional", "fitted", "momentum", "empty", "subclassed", "containers", "tf-idf"];
const DTYPES = ["quantized", "int4", "float8", "bfloat16", "dtypes"];
/** Larger ones: the same bytes are the same model. */
const COPIED = ["layers-60", "layers-300", "long-names", "large-config"];
const APPLICATIONS = ["mobilenet-2", "mobilenet-3", "efficientnet", "densenet", "nasnet"];
const MODELS = [...SMALL, ...DTYPES, ...COPIED, ...APPLICATIONS];

/** Reads the files of a form and writes them again. */
async function copy(form: string, path: string, to: string): Promise<WrittenKeras> {
  if (form === "sharded") {
    await using file = await openShardedKerasWeights(path);
    return await writeShardedKerasWeights(to, file);
  }
  await using file = await openKerasHdf5(form === "bare" ? join(dirname(path), "model.h5") : path);
  if (form === "bare") return await writeKerasH5(to, file, { optimizer: false });
  if (form.startsWith("h5")) return await writeKerasH5(to, file);
  return await writeKerasWeights(to, file, { driver: form === "archive" ? "file-object" : "path" });
}

/** The files of a form, of sharded weights the shards, too. */
function filesOf(form: string, path: string): string[] {
  if (form !== "sharded") return [path];
  const names = readdirSync(dirname(path)).filter((name) => /^model(_\d+)?\.weights\.(json|h5)$/.test(name));
  return names.filter((name) => name !== "model.weights.h5").map((name) => join(dirname(path), name));
}

/** Where the two Dense of a Sequential are. */
const PATHS = {
  "tensorflow-2.21": ["layers/dense", "layers/dense_1"],
  "tensorflow-2.15": ["layers/dense", "layers/dense_1"],
  "tensorflow-2.12": ["_layer_checkpoint_dependencies/dense", "_layer_checkpoint_dependencies/dense_2"],
};

/** Tensors that count on in eighths. */
function counting(): (...shape: readonly number[]) => Tensor {
  let next = 0;
  return (...shape) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return tensor(
      "float32",
      shape,
      Float32Array.from({ length: size }, () => next++ / 8),
    );
  };
}

describe.runIf(hasPython())("what Keras writes", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-keras-write-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each([
    ["tensorflow-2.21", MODELS, 4],
    ["tensorflow-2.15", [], 4],
    ["tensorflow-2.12", [], 3],
  ] as const)("in %s", (environment, models, random) => {
    let python: Conversation<Question, Answer>;
    beforeAll(async () => {
      const into = join(folder, environment);
      mkdirSync(into);
      const script = "fixtures/keras-hdf5/write_models.py";
      python = new Conversation(await interpreter(environment), [script, into], { PYTHONDONTWRITEBYTECODE: "1" });
    });
    afterAll(() => python.end());

    test("a model from nothing but names and values", async () => {
      const { config } = await python.ask({ make: null });
      const into = join(folder, environment);
      const values = counting();
      const [kernel, bias] = [values(3, 4), values(4)];
      const [otherKernel, otherBias] = [values(4, 2), values(2)];
      const named = {
        layers: [
          { name: "dense", weights: Object.entries({ "dense/kernel": kernel, "dense/bias": bias }) },
          { name: "out", weights: Object.entries({ "out/kernel": otherKernel, "out/bias": otherBias }) },
        ],
      };
      const [first = "", second = ""] = PATHS[environment];
      const groups = [
        { path: "", name: "made" },
        { path: first, name: "dense", vars: Object.entries([kernel, bias]) },
        { path: second, name: "out", vars: Object.entries([otherKernel, otherBias]) },
      ];
      await writeKerasH5(join(into, "ours.h5"), { ...named, modelConfig: config });
      await writeKerasH5(join(into, "ours-weights.h5"), named);
      await writeKerasWeights(join(into, "ours.weights.h5"), { groups });
      const files = { h5: "ours.h5", "h5-weights": "ours-weights.h5", weights: "ours.weights.h5" };
      const sharded = await writeShardedKerasWeights(
        join(into, "ours.weights.json"),
        { groups },
        { maxShardBytes: 64 },
      );
      expect(sharded.shards.length).toBe(2);
      const isNew = environment === "tensorflow-2.21";
      for (const [form, file] of Object.entries({ ...files, ...(isNew && { sharded: "ours.weights.json" }) })) {
        expect([form, await python.ask({ load: join(into, file), form })]).toEqual([form, { same: true }]);
      }
    });

    const seeds = Array.from({ length: random }, () => Math.floor(Math.random() * 1e6));
    test.each([...models, ...seeds])("%s", async (model) => {
      const { forms = {}, error } = await python.ask({ save: model });
      expect(error).toBeUndefined();
      expect(Object.keys(forms).length).toBeGreaterThan(1);
      for (const [form, path] of Object.entries(forms)) {
        const copied = join(dirname(path), "copied", basename(path));
        mkdirSync(dirname(copied), { recursive: true });
        const { doubts } = await copy(form, path, copied);
        const [theirs, ours] = [filesOf(form, path), filesOf(form, copied)];
        expect(ours.map((file) => basename(file))).toEqual(theirs.map((file) => basename(file)));
        const different = theirs.filter(
          (file, index) => Buffer.compare(readFileSync(file), readFileSync(ours[index] ?? "")) !== 0,
        );
        if (doubts.includes("link-names")) expect(["h5", "h5-weights", "bare"]).toContain(form);
        else expect([form, different]).toEqual([form, []]);
        if (typeof model === "string" && [...COPIED, ...APPLICATIONS].includes(model)) continue;
        const { same } = await python.ask({ load: copied, form });
        if (same !== true) expect([form, await python.ask({ load: path, form })]).not.toEqual([form, { same: true }]);
      }
      if (typeof model === "string") rmSync(join(folder, environment, model), { recursive: true });
    });
  });
});
