import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseJson } from "../src/json/parse.ts";
import { isPyDict, isPyList, type PyDict } from "../src/value.ts";
import { expectedOptimizer } from "../src/weights/optimizer.ts";
import { bothSides, type JudgedModel } from "./judged-models.ts";

const FIXTURES = new URL("../../../fixtures/keras-config/", import.meta.url);

/** An optimizer, with the variables that it trains and its own. */
interface JudgedOptimizer {
  readonly compile: unknown;
  readonly trained: readonly (readonly [name: string, shape: readonly number[], dtype: string])[];
  readonly optimizer: readonly (readonly [name: string, shape: readonly number[], dtype: string])[];
}

type Line = JudgedModel | JudgedOptimizer;

function linesOf(version: string): readonly (readonly [line: Line, dict: PyDict])[] {
  const text = readFileSync(new URL(`weights-models-${version}.json`, FIXTURES), "utf8");
  const lines: readonly Line[] = JSON.parse(text);
  const dicts = parseJson(text);
  if (!isPyList(dicts)) throw new Error("no list");
  return lines.map((line, index) => {
    const dict = dicts[index];
    if (!isPyDict(dict)) throw new Error("no dict");
    return [line, dict];
  });
}

function member(dict: PyDict, name: string): PyDict {
  const value = dict.get(name);
  if (!isPyDict(value)) throw new Error(`no ${name}`);
  return value;
}

const ERAS: readonly (readonly [version: string, era: { major: number; minor: number }])[] = [
  ["3.15", { major: 3, minor: 15 }],
  ["2.15", { major: 2, minor: 15 }],
  ["2.12", { major: 2, minor: 12 }],
];

describe.each(ERAS)("models of Keras %s", (version, era) => {
  const models = linesOf(version).flatMap(([line, dict]): [unknown, JudgedModel, PyDict][] =>
    "layers" in line ? [[nameOf(dict), line, dict]] : [],
  );
  test.each(models)("%s", (name, line, dict) => {
    const { ours, theirs } = bothSides(member(dict, "architecture"), line, era, name === "shared_inside");
    expect(ours).toEqual(theirs);
  });

  const optimizers = linesOf(version).flatMap(([line, dict]): [unknown, JudgedOptimizer, PyDict][] =>
    "optimizer" in line ? [[member(dict, "compile").get("class_name"), line, dict]] : [],
  );
  test.each(optimizers)("%s", (className, line, dict) => {
    const trained = line.trained.map(([name, shape, dtype]) => ({ name, shape, dtype, trainable: true }));
    const found = expectedOptimizer(member(dict, "compile"), trained, era);
    // Which variables Muon treats in which way depends on patterns for their names.
    if (className === "Muon") return expect(found).toBeUndefined();
    expect(found?.map(({ name, shape, dtype }) => [name, shape, dtype])).toEqual(line.optimizer);
  });
});

function nameOf(dict: PyDict): unknown {
  return member(member(dict, "architecture"), "config").get("name");
}
