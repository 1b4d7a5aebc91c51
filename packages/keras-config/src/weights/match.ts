// What a file has against what an architecture says: which layer, which variable, what is expected and what is there.

import type { Shape } from "../shapes/shape.ts";
import type { ExpectedLayer, ExpectedWeights } from "./expected-weights.ts";
import type { WeightSpec } from "./layer-weights.ts";

/** A variable in a file. */
export interface FoundWeight {
  /** The name in its layer (`dense/kernel:0`), or the place in a `.weights.h5` file (`layers/dense/vars/0`). */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** A layer in an old file: the name of its group, its variables in order. */
export interface FoundLayer {
  readonly name: string;
  readonly weights: readonly FoundWeight[];
}

/** What may be wrong. `unknown` is not wrong: nothing can be said of that layer. */
export type Mismatch =
  | "missing-layer"
  | "extra-layer"
  | "renamed-layer"
  | "missing-weight"
  | "extra-weight"
  | "shape"
  | "dtype"
  | "order"
  | "unknown";

/** One difference. */
export interface WeightFinding {
  readonly reason: Mismatch;
  /** The layer as the architecture calls it, or as the file does if the architecture has none. */
  readonly layer: string;
  /** The variable, as the architecture calls it or the file; `undefined` if the layer as a whole is meant. */
  readonly weight: string | undefined;
  readonly expected: WeightSpec | undefined;
  readonly found: FoundWeight | undefined;
  /** One sentence for people. */
  readonly message: string;
}

/**
 * Compares the layers of an old `.h5` file with what an architecture says. Layers belong together by their names; those that are left
 * on both sides by their order, as Keras takes them, if there are as many of them. Variables in a layer belong together by their names
 * if those fit (without `:0`, and without the numbers that Keras gives to cells), and by their order if not.
 */
export function matchWeights(expected: ExpectedWeights, found: readonly FoundLayer[]): readonly WeightFinding[] {
  const byName = new Map(found.map((layer) => [layer.name, layer]));
  const listed = new Set(expected.layers.map(({ name }) => name));
  const alone = expected.layers.filter(
    ({ name, weights }) => !byName.has(name) && (weights === undefined || weights.length > 0),
  );
  const others = found.filter(({ name, weights }) => !listed.has(name) && weights.length > 0);
  const pairs = alone.length === others.length ? alone.map((layer, at) => [layer, others[at]] as const) : [];
  const renamed = new Map(pairs);
  const findings: WeightFinding[] = [];
  for (const layer of expected.layers) {
    const other = byName.get(layer.name) ?? renamed.get(layer);
    if (other === undefined) findings.push(...missingLayer(layer));
    else findings.push(...layerFindings(layer, other));
  }
  if (pairs.length > 0) return findings;
  // Of a subclassed model the architecture does not say what it is made of.
  const isOpen = expected.unknownPlaces.includes("");
  return [...findings, ...others.map(({ name, weights }) => (isOpen ? openLayer : extraLayer)(name, weights.length))];
}

/**
 * Compares the places in a `.weights.h5` file with what an architecture says: `found` has the path of each dataset as its name. What
 * lies below a layer that is not known is passed over, and so are optimizer and metrics.
 */
export function matchPlaces(expected: ExpectedWeights, found: readonly FoundWeight[]): readonly WeightFinding[] {
  const byPath = new Map(found.map((weight) => [weight.name, weight]));
  const places = new Set(expected.places.map(({ path }) => path));
  const isUnknown = ({ name }: FoundWeight): boolean =>
    /^(?:optimizer|metrics)\//.test(name) ||
    expected.unknownPlaces.some((place) => place === "" || name.startsWith(`${place}/`));
  const findings: WeightFinding[] = [];
  for (const spec of expected.places) {
    const weight = byPath.get(spec.path);
    const layer = spec.path.replace(/\/?vars\/[^/]*$/, "");
    if (weight === undefined) findings.push(missingWeight(layer, spec, `at ${spec.path}`));
    else findings.push(...weightFindings(layer, spec, weight));
  }
  for (const weight of found) {
    if (places.has(weight.name) || isUnknown(weight)) continue;
    findings.push(extraWeight(weight.name.replace(/\/?vars\/[^/]*$/, ""), weight));
  }
  return findings;
}

function missingLayer({ name, weights }: ExpectedLayer): readonly WeightFinding[] {
  if (weights === undefined || weights.length === 0) return [];
  const message = `layer ${name} with ${counted(weights.length)} is not in the file`;
  return [{ reason: "missing-layer", layer: name, weight: undefined, expected: undefined, found: undefined, message }];
}

function extraLayer(layer: string, count: number): WeightFinding {
  const message = `layer ${layer} of the file, with ${counted(count)}, is not in the architecture`;
  return { reason: "extra-layer", layer, weight: undefined, expected: undefined, found: undefined, message };
}

function openLayer(layer: string, count: number): WeightFinding {
  const message = `the layers of the model do not follow from its config: the file has ${layer} with ${counted(count)}`;
  return { reason: "unknown", layer, weight: undefined, expected: undefined, found: undefined, message };
}

function layerFindings(
  { name: layer, className, weights }: ExpectedLayer,
  other: FoundLayer,
): readonly WeightFinding[] {
  const whole = { layer, weight: undefined, expected: undefined, found: undefined };
  if (weights === undefined) {
    const message = `the variables of layer ${layer} (${className}) do not follow from its config: the file has ${counted(other.weights.length)}`;
    return [{ ...whole, reason: "unknown", message }];
  }
  const findings: WeightFinding[] = [];
  if (other.name !== layer) {
    findings.push({
      ...whole,
      reason: "renamed-layer",
      message: `layer ${layer} is ${other.name} in the file, by its place`,
    });
  }
  const { pairs, missing, extra, isMoved } = paired(weights, other.weights);
  if (isMoved) {
    const message = `the variables of layer ${layer} are in another order: ${other.weights.map(({ name }) => name).join(", ")}`;
    findings.push({ ...whole, reason: "order", message });
  }
  for (const [spec, weight] of pairs) findings.push(...weightFindings(layer, spec, weight));
  for (const spec of missing) findings.push(missingWeight(layer, spec, `in layer ${other.name}`));
  for (const weight of extra) findings.push(extraWeight(layer, weight));
  return findings;
}

/** Variables that belong together. */
interface Pairs {
  readonly pairs: readonly (readonly [WeightSpec, FoundWeight])[];
  readonly missing: readonly WeightSpec[];
  readonly extra: readonly FoundWeight[];
  /** Whether the names fit and the order does not. */
  readonly isMoved: boolean;
}

function paired(expected: readonly WeightSpec[], found: readonly FoundWeight[]): Pairs {
  for (const alike of [steadyName, lastName]) {
    const byName = new Map(found.map((weight) => [alike(weight.name), weight]));
    const names = new Set(expected.map(({ name }) => alike(name)));
    const isDistinct = byName.size === found.length && names.size === expected.length;
    const common = expected.filter(({ name }) => byName.has(alike(name)));
    if (!isDistinct || common.length < Math.min(expected.length, found.length)) continue;
    const pairs = common.flatMap((spec) => {
      const weight = byName.get(alike(spec.name));
      return weight === undefined ? [] : [[spec, weight] as const];
    });
    const order = pairs.map(([, weight]) => found.indexOf(weight));
    return {
      pairs,
      missing: expected.filter(({ name }) => !byName.has(alike(name))),
      extra: found.filter(({ name }) => !names.has(alike(name))),
      isMoved: order.some((at, index) => index > 0 && at < (order[index - 1] ?? 0)),
    };
  }
  const pairs = expected.flatMap((spec, at) => {
    const weight = found[at];
    return weight === undefined ? [] : [[spec, weight] as const];
  });
  return { pairs, missing: expected.slice(found.length), extra: found.slice(expected.length), isMoved: false };
}

/** A name without what depends on the process that gave it. */
function steadyName(name: string): string {
  return name.replace(/:\d+$/, "").replace(/(_cell|_cells)_\d+(?=\/)/g, "$1");
}

/** The end of a name: what the layer itself calls the variable. */
function lastName(name: string): string {
  return steadyName(name).replace(/^.*\//, "");
}

function weightFindings(layer: string, expected: WeightSpec, found: FoundWeight): readonly WeightFinding[] {
  const { name: weight, shape, dtype } = expected;
  const findings: WeightFinding[] = [];
  if (!fits(shape, found.shape)) {
    const message = `${weight} of layer ${layer} has shape ${shown(shape)} in the architecture and ${shown(found.shape)} in the file`;
    findings.push({ reason: "shape", layer, weight, expected, found, message });
  }
  if (dtype !== undefined && dtype !== found.dtype) {
    const message = `${weight} of layer ${layer} is ${dtype} in the architecture and ${found.dtype} in the file`;
    findings.push({ reason: "dtype", layer, weight, expected, found, message });
  }
  return findings;
}

/** Whether a shape is as expected; what is not known fits. */
function fits(expected: Shape, found: readonly number[]): boolean {
  return expected.length === found.length && expected.every((size, axis) => size === null || size === found[axis]);
}

function shown(shape: Shape): string {
  return `(${shape.map((size) => size ?? "?").join(", ")})`;
}

function missingWeight(layer: string, expected: WeightSpec, where: string): WeightFinding {
  const message = `${expected.name} ${shown(expected.shape)} is not ${where} of the file`;
  return { reason: "missing-weight", layer, weight: expected.name, expected, found: undefined, message };
}

function extraWeight(layer: string, found: FoundWeight): WeightFinding {
  const message = `${found.name} ${shown(found.shape)} of the file is not in the architecture`;
  return { reason: "extra-weight", layer, weight: found.name, expected: undefined, found, message };
}

function counted(count: number): string {
  return count === 1 ? "1 variable" : `${count} variables`;
}
