import { describe, expect, test } from "vitest";
import {
  diff,
  fromPlain,
  parseArchitecture,
  parseJson,
  parseYaml,
  printSummary,
  stringifyJson,
  summarize,
} from "../src/index.ts";
import { architecture, files, handmade, KERASES, known, readText, text } from "./architectures.ts";

/** The changes after an edit of the text. */
function changes(folder: string, name: string, edit: (source: string) => string): readonly unknown[] {
  const source = stringifyJson(text(folder, name));
  const edited = edit(source);
  expect(edited).not.toBe(source);
  return diff(parseArchitecture(parseJson(source)), parseArchitecture(parseJson(edited)));
}

describe("differences", () => {
  test("none between the texts of three Kerases", () => {
    const both = known("2.15")
      .map(([name]) => name)
      .filter((name) => !/operations|archive|saved/.test(name));
    expect(both.length).toBeGreaterThan(8);
    for (const name of both) {
      const [first, ...others] = KERASES.map((keras) => architecture(`keras-${keras}`, name));
      for (const other of others) expect([name, first && diff(first, other)]).toEqual([name, []]);
    }
  });

  test("none between the texts of the same model of Keras 0.3 to 2", () => {
    for (const model of ["stack", "nested"]) {
      const [first, ...others] = handmade()
        .filter((name) => name.endsWith(model))
        .map((name) => architecture("handmade", name));
      for (const other of others) expect(first && diff(first, other)).toEqual([]);
    }
  });

  test("none between JSON and the YAML of PyYAML before and after 5.1", () => {
    let compared = 0;
    for (const folder of ["texts-keras-2.12", "texts-keras-2.15", "texts-keras-3", "texts-handmade"]) {
      for (const file of files(folder).filter((each) => each.endsWith(".yaml"))) {
        const json = file.replace(/(-before-5\.1)?\.yaml$/, ".json");
        if (!files(folder).includes(json)) continue;
        const [first, second] = [parseJson(readText(folder, json)), parseYaml(readText(folder, file))];
        expect([file, diff(parseArchitecture(first), parseArchitecture(second))]).toEqual([file, []]);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(14);
  });

  test.each<[string, (source: string) => string, readonly unknown[]]>([
    [
      "an argument",
      (source) => source.replace('"units": 3', '"units": 5'),
      [{ kind: "argument", layer: "shared", argument: "units", before: fromPlain(3n), after: fromPlain(5n) }],
    ],
    [
      "another tensor",
      (source) => source.replace('[["both", 0, 0, {}]]', '[["left", 0, 0, {}]]'),
      [{ kind: "rewired", layer: "first", before: "both[0][0]", after: "left[0][0]" }],
    ],
    [
      "another output",
      (source) => source.replace('[["first", 0, 0], ["second", 0, 0]]', '[["second", 0, 0]]'),
      [{ kind: "rewired", layer: "", before: "[first[0][0], second[0][0]]", after: "second[0][0]" }],
    ],
    [
      "another name",
      (source) => source.replaceAll('"shared"', '"common"'),
      [{ kind: "renamed", layer: "shared", after: "common" }],
    ],
    [
      "another class",
      (source) => source.replace('"class_name": "Add"', '"class_name": "Multiply"'),
      [{ kind: "class", layer: "added", before: "Add", after: "Multiply" }],
    ],
  ])("%s", (_, edit, expected) => {
    expect(changes("keras-2.15", "functional", edit)).toEqual(expected);
  });

  test("in a layer within a layer, and within a model", () => {
    expect(changes("keras-3", "wrapped", (source) => source.replace('"units": 5', '"units": 6'))).toMatchObject([
      { kind: "argument", layer: "steps/layer", argument: "units" },
    ]);
    expect(changes("keras-3", "nested", (source) => source.replace('"units": 6', '"units": 7'))).toMatchObject([
      { kind: "argument", layer: "tower/t0", argument: "units" },
    ]);
  });

  test("layers that come and go, and their order", () => {
    const before = architecture("keras-2.15", "sequential");
    const without = {
      ...before,
      model: { ...before.model, layers: before.model.layers.filter(({ name }) => name !== "drop") },
    };
    expect(diff(before, without)).toEqual([{ kind: "removed", layer: "drop", className: "Dropout" }]);
    expect(diff(without, before)).toEqual([{ kind: "added", layer: "drop", className: "Dropout" }]);
    const turned = { ...before, model: { ...before.model, layers: [...before.model.layers].reverse() } };
    expect(diff(before, turned)).toMatchObject([{ kind: "rewired", layer: "" }]);
  });

  test("of two eras, by what an argument is there", () => {
    const edited = parseArchitecture(
      parseJson(stringifyJson(text("keras-3", "sequential")).replace('"negative_slope": 0.3', '"negative_slope": 0.2')),
    );
    expect(diff(architecture("keras-2.12", "sequential"), edited)).toMatchObject([
      { kind: "argument", layer: "leaky", argument: "negative_slope" },
    ]);
  });
});

describe.each(KERASES)("summaries of what Keras %s wrote", (keras) => {
  test.each(known(keras))("%s", (name, { layers, trainable, frozen }) => {
    const summary = summarize(architecture(`keras-${keras}`, name));
    const rows = new Map(summary.rows.map((row) => [row.name, row]));
    // The weights of a class of one's own, and what follows an operation of TensorFlow, do not follow from the text.
    const isPartlyUnknown = name === "custom" || (name === "operations" && keras === "2.12");
    for (const layer of layers) {
      const row = rows.get(layer.name);
      if (isPartlyUnknown && row?.parameters === undefined) continue;
      if (layer.parameters !== null) expect([layer.name, row?.parameters]).toEqual([layer.name, layer.parameters]);
      if (layer.shape !== null && row?.outputs !== undefined)
        expect([layer.name, row.outputs[0]]).toEqual([layer.name, layer.shape]);
    }
    if (isPartlyUnknown) expect(summary.trainable).toBeUndefined();
    else if (trainable !== null) expect([summary.trainable, summary.nonTrainable]).toEqual([trainable, frozen]);
  });
});

test("a summary as a table", () => {
  expect(printSummary(summarize(architecture("keras-2.15", "nested")))).toBe(
    [
      'Model: "nested"',
      "----------------------------------------------------------",
      "Layer (type)          Output Shape  Param #  Connected to",
      "----------------------------------------------------------",
      "inputs (InputLayer)   (None, 4)           0  -",
      "tower (Sequential)    (None, 4)          58  inputs[0][0]",
      "                                             block[1][0]",
      "block (Functional)    (None, 4)          20  tower[0][0]",
      "                                             between[0][0]",
      "between (Activation)  (None, 4)           0  block[0][0]",
      "head (Dense)          (None, 1)           5  tower[1][0]",
      "----------------------------------------------------------",
      "Total params: 83",
      "Trainable params: 83",
      "Non-trainable params: 0",
    ].join("\n"),
  );
  expect(printSummary(summarize(architecture("keras-3", "deferred")))).toContain("a (Dense)     ?                   ?");
});
