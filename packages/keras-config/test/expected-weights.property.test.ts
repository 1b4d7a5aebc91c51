// Damaged architectures: an answer or a typed error, and soon.

import { readFileSync } from "node:fs";
import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseArchitecture } from "../src/architecture/parse.ts";
import { parseJson } from "../src/json/parse.ts";
import { isPyDict, isPyList, type PyKey, type PyValue, pyFloat, pyInt } from "../src/value.ts";
import { expectedWeights } from "../src/weights/expected-weights.ts";

const FILE = new URL("../../../fixtures/keras-config/weights-models-3.15.json", import.meta.url);
const parsed = parseJson(readFileSync(FILE, "utf8"));
const models = (isPyList(parsed) ? parsed : []).flatMap((line) => {
  const architecture = isPyDict(line) ? line.get("architecture") : undefined;
  return architecture === undefined ? [] : [architecture];
});

const odd: fc.Arbitrary<PyValue> = fc.oneof(
  fc.constantFrom<PyValue>(null, true, false, "", "same", "valid", "Dense", "...ab,bc->...ac", [], new Map()),
  fc.integer({ min: -5, max: 9 }).map((number) => pyInt(number)),
  fc.constantFrom(2 ** 31, 2 ** 53 - 1, -(2 ** 31)).map((number) => pyInt(number)),
  fc.double().map((number) => pyFloat(number)),
  fc.array(
    fc.oneof(
      fc.integer({ min: -3, max: 1e9 }).map((number) => pyInt(number)),
      fc.constant(null),
    ),
    { maxLength: 5 },
  ),
);

/** A value with something in it replaced: `at` picks a way down. */
function damaged(value: PyValue, at: readonly number[], by: PyValue): PyValue {
  const [first = 0, ...rest] = at;
  if (isPyDict(value) && value.size > 0) {
    const chosen = [...value.keys()][first % value.size];
    return new Map<PyKey, PyValue>(
      [...value].map(([key, each]) => [key, key === chosen ? damaged(each, rest, by) : each]),
    );
  }
  if (!isPyList(value) || value.length === 0) return by;
  return value.map((each, index) => (index === first % value.length ? damaged(each, rest, by) : each));
}

test("of a damaged architecture something is said, or that it is damaged", () => {
  expect(models.length).toBeGreaterThan(10);
  fc.assert(
    fc.property(
      fc.constantFrom(...models),
      fc.array(fc.nat(50), { minLength: 2, maxLength: 12 }),
      odd,
      (model, at, by) => {
        try {
          const { layers } = expectedWeights(parseArchitecture(damaged(model, at, by)));
          return layers.every(({ weights }) => weights === undefined || Array.isArray(weights));
        } catch (error) {
          return error instanceof CorruptError || error instanceof UnsupportedError;
        }
      },
    ),
    { numRuns: 600 },
  );
});

test("models that call models twice, each time with another shape, take no time", () => {
  const input = `{"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_input_shape": [null, null, 1]}, "inbound_nodes": []}`;
  const pad = (name: string, from: string): string =>
    `{"class_name": "ZeroPadding1D", "name": "${name}", "config": {"name": "${name}", "padding": 1}, "inbound_nodes": [[["${from}", 0, 0, {}]]]}`;
  let inner = pad("inner", "in");
  for (let depth = 0; depth < 40; depth += 1) {
    const inside = inner.replace(
      '"inbound_nodes": [[["in", 0, 0, {}]]]',
      '"inbound_nodes": [[["in", 0, 0, {}]], [["pad", 0, 0, {}]]]',
    );
    inner =
      `{"class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": [${input}, ${pad("pad", "in")}, ${inside}], ` +
      `"input_layers": [["in", 0, 0]], "output_layers": [["inner", 1, 0]]}, "inbound_nodes": [[["in", 0, 0, {}]]]}`;
  }
  const text = `{"class_name": "Functional", "config": {"name": "outer", "layers": [${input.replace("null, null, 1", "null, 9, 1")}, ${inner}], "input_layers": [["in", 0, 0]], "output_layers": [["inner", 0, 0]]}, "keras_version": "2.15.0"}`;
  const found = expectedWeights(parseArchitecture(parseJson(text)));
  expect(found.layers.map(({ name, weights }) => [name, weights])).toEqual([
    ["in", []],
    ["inner", []],
  ]);
});
