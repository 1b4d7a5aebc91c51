// Sound models have no problem; each way to break one has its own. Whatever is done to the bytes: a typed error or a value.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ModelbytesError } from "@modelbytes/bytes";
import { openSavedModel, verifySavedModel } from "@modelbytes/saved-model";
import { decodeMessage, encodeMessage } from "@modelbytes/tf-proto";
import { type MetaGraphDef, SavedModel } from "@modelbytes/tf-proto/messages";
import { describe, expect, test } from "vitest";
import { directoryOf, filesIn, MODELS } from "./fixtures.ts";

async function codesOf(files: ReadonlyMap<string, Uint8Array>): Promise<string[]> {
  try {
    await using model = await openSavedModel(files);
    const codes: string[] = [];
    for await (const { code } of verifySavedModel(model)) codes.push(code);
    return codes;
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    return [error.code];
  }
}

test.each(MODELS)(
  "%s is sound, but for a fingerprint that is another model's",
  async (_, directory, { fingerprint }) => {
    const { stored, computed } = fingerprint ?? {};
    const hashes = Object.keys(stored ?? {}).filter((name) => /hash|checksum/.test(name));
    const producer = "producer";
    const sameFormulas = stored?.[producer] === computed?.[producer]; // TensorFlow 2.12 hashed signatures without their names
    const stale = hashes.filter((name) => sameFormulas && computed !== undefined && stored?.[name] !== computed[name]);
    expect(await codesOf(filesIn(directory))).toEqual(stale.map(() => "fingerprint"));
  },
);

/** The files of a fixture with an edit of its first MetaGraph, made on the typed message as no careful tool would. */
function edited(name: string, edit: (metaGraph: MetaGraphDef, model: SavedModel) => void): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>(filesIn(directoryOf(name)));
  const model = decodeMessage(SavedModel, files.get("saved_model.pb") ?? new Uint8Array(0));
  const [metaGraph] = model.metaGraphs;
  if (metaGraph !== undefined) edit(metaGraph, model);
  files.set("saved_model.pb", encodeMessage(SavedModel, model));
  files.delete("fingerprint.pb");
  return files;
}

const BREAKS: readonly (readonly [
  what: string,
  fixture: string,
  code: string,
  (metaGraph: MetaGraphDef, model: SavedModel) => void,
])[] = [
  ["no MetaGraph", "multi", "no-meta-graph", (_, model) => model.metaGraphs.splice(0)],
  ["the same tags twice", "multi", "tags-twice", (metaGraph, model) => model.metaGraphs.push(metaGraph)],
  [
    "a node twice",
    "minimal-v1-constant",
    "node-twice",
    ({ graphDef }) => graphDef?.node.push(...graphDef.node.slice(0, 1)),
  ],
  ["a node away", "minimal-v1-constant", "no-node", ({ graphDef }) => graphDef?.node.shift()],
  ["a function away", "multi", "no-function", ({ graphDef }) => graphDef?.library?.function.pop()],
  [
    "a function twice",
    "multi",
    "function-twice",
    ({ graphDef }) => graphDef?.library?.function.push(...graphDef.library.function.slice(0, 1)),
  ],
  ["a signature away", "multi", "signature-one-sided", ({ signatureDef }) => signatureDef.delete("double")],
  [
    "the objects away but for the root",
    "multi",
    "object-graph",
    ({ objectGraphDef }) => objectGraphDef?.nodes.splice(1),
  ],
  ["all objects away", "multi", "object-graph", ({ objectGraphDef }) => objectGraphDef?.nodes.splice(0)],
  ["an object of no kind", "multi", "object-graph", ({ objectGraphDef }) => delete objectGraphDef?.nodes[1]?.variable],
  [
    "a variable of another shape",
    "multi",
    "variable-shape",
    ({ objectGraphDef }) => {
      const variable = objectGraphDef?.nodes[1]?.variable;
      if (variable !== undefined) variable.shape = { dim: [{ size: 7n, name: "" }], unknownRank: false };
    },
  ],
  [
    "a variable of another dtype",
    "multi",
    "variable-dtype",
    ({ objectGraphDef }) => {
      const variable = objectGraphDef?.nodes[1]?.variable;
      if (variable !== undefined) variable.dtype = 9;
    },
  ],
  [
    "an asset that leads out",
    "assets",
    "asset-name",
    ({ assetFileDef }) => {
      const [asset] = assetFileDef;
      if (asset !== undefined) asset.filename = "../../etc/passwd";
    },
  ],
  [
    "a constant of too few bytes",
    "constants",
    "constant",
    ({ graphDef }) => {
      for (const { attr } of graphDef?.node ?? []) {
        const tensor = attr.get("value")?.tensor;
        if (tensor !== undefined && tensor.tensorContent.length > 0)
          tensor.tensorContent = tensor.tensorContent.subarray(1);
      }
    },
  ],
];

test.each(BREAKS)("%s", async (_, fixture, code, edit) => {
  expect(await codesOf(edited(fixture, edit))).toContain(code);
});

test.each([
  ["variables/variables.index", "no-variables"],
  ["variables/variables.data-00000-of-00001", "shard-missing"],
  ["assets/words.txt", "not-found"],
])("without %s", async (path, code) => {
  const files = filesIn(directoryOf(path.startsWith("assets") ? "assets" : "multi"));
  files.delete(path);
  expect(await codesOf(files)).toContain(code);
});

describe("any damage is a typed error or a value", () => {
  const files = filesIn(directoryOf("minimal-function"));

  test.each(["saved_model.pb", "variables/variables.index"])(
    "%s cut at every length",
    { timeout: 60_000 },
    async (path) => {
      const whole = files.get(path) ?? Buffer.alloc(0);
      for (let length = 0; length < whole.length; length++)
        await codesOf(new Map([...files, [path, whole.subarray(0, length)]]));
      expect(whole.length).toBeGreaterThan(0);
    },
  );

  test("saved_model.pb with every byte flipped", { timeout: 60_000 }, async () => {
    const whole = files.get("saved_model.pb") ?? Buffer.alloc(0);
    let found = 0;
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      found += (await codesOf(new Map([...files, ["saved_model.pb", flipped]]))).length;
    }
    expect(found).toBeGreaterThan(whole.length / 4);
  });

  test.each(["fingerprint.pb", "keras_metadata.pb"])("%s flipped and cut", async (path) => {
    const model = filesIn(directoryOf("keras-2-sequential"));
    const whole = model.get(path) ?? Buffer.alloc(0);
    const small = filesIn(directoryOf("minimal-variables"));
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 300)) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 0x81;
      await codesOf(new Map([...small, [path, flipped]]));
      await codesOf(new Map([...small, [path, whole.subarray(0, at)]]));
    }
    expect(whole.length).toBeGreaterThan(0);
  });

  test("text cut at every length", { timeout: 60_000 }, async () => {
    const text = readFileSync(join(directoryOf("v1-text"), "saved_model.pbtxt"));
    for (let length = 0; length < text.length; length += 97)
      await codesOf(new Map([["saved_model.pbtxt", text.subarray(0, length)]]));
    expect(text.length).toBeGreaterThan(0);
  });
});
