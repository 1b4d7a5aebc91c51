import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseJson } from "../src/json/parse.ts";
import { isPyDict, type PyDict } from "../src/value.ts";
import { layerOutputs, layerPlaces, layerWeights, type WeightSpec } from "../src/weights/layer-weights.ts";

const FIXTURES = new URL("../../../fixtures/keras-config/", import.meta.url);

/** What Keras says of one layer; see fixtures/keras-config/weights_of.py. */
interface Case {
  readonly without?: undefined;
  readonly class: string;
  readonly config: unknown;
  readonly inputs: readonly (readonly (number | null)[])[];
  readonly outputs: readonly (readonly (number | null)[])[] | null;
  readonly weights: readonly (readonly [
    name: string,
    shape: readonly (number | null)[],
    dtype: string,
    trained: boolean,
  ])[];
  readonly paths:
    | readonly (readonly [path: string, index: number | null, shape?: readonly number[], dtype?: string])[]
    | null;
}

/** The last line: the classes of `keras.layers` that have no case, and why. */
interface Rest {
  readonly without: Readonly<Record<string, string>>;
}

/** The configs of the cases as Python's values: numbers keep what they are. */
function configs(text: string): readonly PyDict[] {
  const list = parseJson(text);
  if (!Array.isArray(list)) throw new Error("no list of cases");
  return list.slice(0, -1).map((each) => {
    const config = isPyDict(each) ? each.get("config") : undefined;
    if (!isPyDict(config)) throw new Error("a case without config");
    return config;
  });
}

describe.each([
  ["3.15", { major: 3, minor: 15 }],
  ["2.15", { major: 2, minor: 15 }],
  ["2.12", { major: 2, minor: 12 }],
])("layers of Keras %s", (version, era) => {
  const text = readFileSync(new URL(`weights-${version}.json`, FIXTURES), "utf8");
  const lines: readonly (Case | Rest)[] = JSON.parse(text);
  const cases = lines.filter((line) => line.without === undefined);
  const rest = lines.flatMap(({ without }) => Object.entries(without ?? {}));
  const dicts = configs(text);
  const rows = cases.map((each, index): [string, Case, PyDict] => [
    `${index} ${each.class}`,
    each,
    dicts[index] ?? new Map(),
  ]);

  test.each(rows)("%s", (_, expected, config) => {
    const question = { className: expected.class, config, inputs: expected.inputs, era };
    const names = expected.weights.map(([name, ...rest]) => [steady(name, era.minor), ...rest]);
    expect(layerWeights(question)?.map((each) => row(each, era.minor))).toEqual(names);
    const outputs = UNKNOWN.includes(expected.class) ? undefined : expected.outputs;
    if (outputs !== null) expect(layerOutputs(question)).toEqual(outputs);
    if (expected.paths === null) return;
    const places = layerPlaces(question) ?? [];
    expect(places.map(({ path }) => path).sort()).toEqual(expected.paths.map(([path]) => path).sort());
    for (const [path, index, shape, dtype] of expected.paths) {
      const place = places.find((each) => each.path === path);
      const weight = expected.weights[index ?? -1];
      // What has no size in the layer has one in the file.
      const sizes = (shape ?? weight?.[1])?.map((size, axis) => (place?.shape[axis] === null ? null : size));
      expect([path, place?.shape, place?.dtype]).toEqual([path, sizes, dtype ?? weight?.[2]]);
      if (weight !== undefined && shape === undefined)
        expect(steady(place?.name ?? "", era.minor)).toBe(steady(weight[0], era.minor));
    }
  });

  test.each(rest)("%s %s: nothing is said of its variables unless it has none", (className) => {
    const question = { className, config: new Map([["name", "layer"]]), inputs: [[null, 3]], era };
    expect(layerWeights(question)).toEqual(NONE.includes(className) ? [] : undefined);
  });

  test("a class of one's own with the name of one of Keras's is unknown", () => {
    const question = { className: "package>Dense", config: new Map(), inputs: [[null, 3]], era };
    expect(layerWeights(question)).toBeUndefined();
    expect(layerOutputs(question)).toBeUndefined();
  });
});

/** Without a case, and without variables. */
const NONE = ["InputLayer", "TFOpLambda", "SlicingOpLambda"];

/** Layers of which the architecture does not say what they give. */
const UNKNOWN = ["Lambda"];

/** Before 2.13 Keras counts the cells that a process has made, and the number is in the name. */
function steady(name: string, minor: number): string {
  return minor === 12 ? name.replace(/_cell_\d+/, "_cell") : name;
}

function row({ name, shape, dtype, trainable }: WeightSpec, minor: number): unknown {
  return [steady(name, minor), shape, dtype, trainable];
}
