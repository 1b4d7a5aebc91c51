// Files whose lists and objects do not agree, and damaged ones: typed errors that say where.

import { readFileSync } from "node:fs";
import { ModelbytesError } from "@modelbytes/bytes";
import { type Hdf5Operation, opaqueType } from "@modelbytes/hdf5";
import { type OpenKerasHdf5Options, openKerasHdf5 } from "@modelbytes/keras-hdf5";
import { describe, expect, test } from "vitest";
import { FIXTURES } from "./fixtures.ts";
import { count, dataset, fileOf, group, names, text } from "./made-file.ts";

/** A sound file of one layer, to which something is done. */
const DENSE = [group("dense"), names("dense", "weight_names", ["kernel", "bias"])];
const WEIGHTS = [dataset("dense/kernel", 2), dataset("dense/bias")];
const SOUND = [names("", "layer_names", ["dense"]), ...DENSE, ...WEIGHTS];

async function open(operations: readonly Hdf5Operation[], options: OpenKerasHdf5Options = {}) {
  return await openKerasHdf5(await fileOf(...operations), { name: "made.h5", ...options });
}

async function problemsOf(operations: readonly Hdf5Operation[]): Promise<string[]> {
  await using opened = await open(operations, { tolerant: true });
  const problems: string[] = [];
  for await (const { name, code, tensor, file } of opened.verify()) problems.push(`${name} ${code} ${file} ${tensor}`);
  return problems;
}

const isEmpty = { datatype: opaqueType(1), shape: null, value: new Uint8Array(0) } as const;

test("the file without damage is sound", async () => {
  expect(await problemsOf(SOUND)).toEqual([]);
});

describe.each<readonly [string, readonly Hdf5Operation[], code: string, tensor: string, words: RegExp]>([
  [
    "a layer without a group",
    [names("", "layer_names", ["dense", "lost"]), ...DENSE, ...WEIGHTS],
    "layer",
    "lost",
    /layer "lost"/,
  ],
  [
    "a weight without a dataset",
    [...SOUND.slice(0, 4)],
    "weight",
    "dense/bias",
    /layer at "dense" lists the weight "bias"/,
  ],
  ["a weight that is a group", [...SOUND.slice(0, 4), group("dense/bias")], "weight", "dense/bias", /that is a group/],
  ["a text for a list", [text("", "layer_names", "dense"), ...DENSE, ...WEIGHTS], "names", "/", /string of shape \[\]/],
  ["numbers for a list", [count("", "layer_names", 1n), ...DENSE, ...WEIGHTS], "names", "/", /int64 of shape \[\]/],
  ["nothing for a list", [{ kind: "attribute", path: "", name: "layer_names", ...isEmpty }], "names", "/", /nothing/],
  ["a number for a text", [...SOUND, count("", "model_config", 1n)], "attribute", "/", /model_config/],
  ["a model without weights", [text("", "model_config", "{}")], "names", "/", /layer_names is missing/],
  ["more layers than there are", [count("", "nb_layers", 2n ** 40n), group("layer_0")], "count", "/", /1099511627776/],
  ["less than none", [count("", "nb_layers", -1n)], "attribute", "/", /no count/],
  ["a layer that is not there", [count("", "nb_layers", 1n), group("layer_1")], "layer", "layer_0", /"layer_0"/],
])("%s", (_, operations, code, tensor, words) => {
  test("is not opened, unless all damage is to be listed", async () => {
    const error = await open(operations).catch((each: unknown) => each);
    expect(error).toMatchObject({ name: "CorruptError", code, tensor, file: "made.h5" });
    expect(error).toHaveProperty("message", expect.stringMatching(words));
    await using file = await open(operations, { tolerant: true });
    expect(file.damage[0]).toMatchObject({ code, tensor });
    expect((await problemsOf(operations))[0]).toBe(`CorruptError ${code} made.h5 ${tensor}`);
  });
});

test("what is left of a damaged file can be read", async () => {
  await using file = await open(SOUND.slice(0, 4), { tolerant: true });
  expect(file.layers).toMatchObject([{ name: "dense", weights: [{ name: "kernel", key: "dense/kernel" }] }]);
  expect(await file.read("kernel")).toMatchObject({ dtype: "float32", shape: [2] });
});

test("what no list has can be read, and is a problem", async () => {
  const operations = [...SOUND, dataset("dense/more"), dataset("other", 3)];
  await using file = await open(operations);
  expect(file.unlisted).toEqual(["dense/more", "other"]);
  expect([...file.entries.keys()]).toEqual(["dense/kernel", "dense/bias", "dense/more", "other"]);
  expect(await file.read("other")).toMatchObject({ shape: [3] });
  expect(await problemsOf(operations)).toEqual([
    "CorruptError unlisted made.h5 dense/more",
    "CorruptError unlisted made.h5 other",
  ]);
});

test("gaps in the numbers of variables are problems, other names are none", async () => {
  const layer = [dataset("layers/a/vars/0"), dataset("layers/a/vars/2"), dataset("layers/a/vars/idf")];
  const optimizer = [dataset("optimizer/vars/1"), dataset("optimizer/inner/vars/0"), dataset("optimizer/inner/vars/1")];
  expect(await problemsOf([...layer, ...optimizer, dataset("layers/stray")])).toEqual([
    "CorruptError gap made.h5 layers/a/vars/2",
    "CorruptError gap made.h5 optimizer/vars/1",
    "CorruptError unlisted made.h5 layers/stray",
  ]);
});

test("names that are listed twice are problems", async () => {
  const operations = [
    names("", "layer_names", ["dense", "dense"]),
    group("dense"),
    names("dense", "weight_names", ["kernel", "bias", "kernel"]),
    ...WEIGHTS,
  ];
  expect(await problemsOf(operations)).toEqual([
    "CorruptError repeated made.h5 dense",
    "CorruptError repeated made.h5 dense/kernel",
    "CorruptError repeated made.h5 dense/kernel",
  ]);
});

test("elements that are no tensor are refused when they are read", async () => {
  const opaque = {
    kind: "dataset",
    path: "dense/bias",
    datatype: opaqueType(3),
    shape: [1],
    data: new Uint8Array(3),
  } as const;
  await using file = await open([...SOUND.slice(0, 4), opaque]);
  expect([...file.entries.keys()]).toEqual(["dense/kernel"]);
  await expect(file.read("dense/bias")).rejects.toMatchObject({ name: "UnsupportedError", code: "element-type" });
  await expect(file.stream({ names: ["dense/bias"] }).next()).rejects.toMatchObject({ code: "element-type" });
  expect(await problemsOf([...SOUND.slice(0, 4), opaque])).toEqual([
    "UnsupportedError element-type made.h5 dense/bias",
  ]);
});

test("other files are told apart", async () => {
  await expect(open([group("data"), dataset("data/x")])).rejects.toMatchObject({
    name: "UnsupportedError",
    code: "not-keras",
  });
  await expect(openKerasHdf5(new Uint8Array(100))).rejects.toMatchObject({ name: "CorruptError", code: "not-hdf5" });
});

/** What opening, verifying and reading all say, or the error. Any other error than a typed one fails the test. */
async function said(bytes: Uint8Array): Promise<string> {
  try {
    await using file = await openKerasHdf5(bytes, { engine: "classic", tolerant: true });
    const problems: string[] = [];
    for await (const { code } of file.verify()) problems.push(code);
    return problems.length === 0 ? "sound" : `damaged: ${problems.join(" ")}`;
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    return `${error.name} ${error.code}`;
  }
}

describe.each(["keras-0-graph", "form-fixed-config", "keras-3-empty-weights"])("%s", (name) => {
  const [file = ""] = name.startsWith("keras-3") ? ["model.weights.h5"] : ["model.h5"];
  const bytes = new Uint8Array(readFileSync(`${FIXTURES}${name}/${file}`));

  test("flipping any byte gives problems, a typed error or a file that is sound", async () => {
    const answers = new Map<string, number>();
    for (let at = 0; at < bytes.length; at++) {
      const copy = bytes.slice();
      copy[at] = (copy[at] ?? 0) ^ ([0x01, 0x80, 0xff][at % 3] ?? 0);
      const answer = (await said(copy)).split(/[ :]/)[0] ?? "";
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
    expect(answers.get("CorruptError")).toBeGreaterThan(100);
    expect([...answers.keys()].filter((each) => !/^(sound|damaged|\w+Error)$/.test(each))).toEqual([]);
  });

  test("cut at any length it is refused", async () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(await said(bytes.subarray(0, length))).toMatch(/^CorruptError (not-hdf5|truncated)$/);
    }
  });
});
