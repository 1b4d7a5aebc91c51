import type { Architecture, Argument, Call, LayerNode, ModelNode } from "./architecture/architecture.ts";
import { unwrapped } from "./architecture/arguments.ts";
import { itemsOf } from "./architecture/fields.ts";
import { comparableModel } from "./migrate/modern.ts";
import { positionsOf } from "./migrate/positions.ts";
import { isSame, moduleOf, policyName } from "./migrate/values.ts";
import { isPyDict, isPyInt, type PyDict, type PyKey, type PyValue } from "./value.ts";

/** One difference between two architectures. `layer` is its name, after those of the models and layers around it: `tower/dense`. */
export type ArchitectureChange =
  | { readonly kind: "added" | "removed"; readonly layer: string; readonly className: string }
  | { readonly kind: "renamed"; readonly layer: string; readonly after: string }
  | { readonly kind: "class"; readonly layer: string; readonly before: string; readonly after: string }
  | ChangedArgument
  | Rewired;

/** An argument with another value. */
export interface ChangedArgument {
  readonly kind: "argument";
  readonly layer: string;
  readonly argument: string;
  /** `undefined` where the text does not have the argument. */
  readonly before: PyValue | undefined;
  readonly after: PyValue | undefined;
}

/** Other tensors that go into a layer; or, where `layer` is a model (empty for the whole), other inputs, outputs or order of a stack. */
export interface Rewired {
  readonly kind: "rewired";
  readonly layer: string;
  readonly before: string;
  readonly after: string;
}

/**
 * What changed from one architecture to another, in terms of layers and arguments. Texts of different eras are compared by what they
 * mean: in the terms of Keras 3, as far as it has them, and by the arguments that both texts have. Within an era, an argument that is not
 * there is None.
 */
export function diff(before: Architecture, after: Architecture): readonly ArchitectureChange[] {
  const isSameEra = before.grammar === after.grammar;
  const [first, second] = isSameEra ? [before.model, after.model] : [comparableModel(before), comparableModel(after)];
  return [...modelChanges(first, second, "", !isSameEra)];
}

function* modelChanges(
  before: ModelNode,
  after: ModelNode,
  path: string,
  isAcross: boolean,
): Generator<ArchitectureChange> {
  if (before.kind !== after.kind) yield { kind: "class", layer: path, before: before.kind, after: after.kind };
  const pairs = paired(before.layers, after.layers);
  const names = new Map([...pairs].map(([first, second]) => [first.name, second.name]));
  for (const layer of before.layers) {
    const { name, className } = layer;
    const other = pairs.get(layer);
    if (other === undefined) yield { kind: "removed", layer: below(path, name), className };
    else if (other.name !== name) yield { kind: "renamed", layer: below(path, name), after: other.name };
  }
  const met = new Set(pairs.values());
  for (const layer of after.layers) {
    if (!met.has(layer)) yield { kind: "added", layer: below(path, layer.name), className: layer.className };
  }
  for (const [first, second] of pairs) {
    yield* layerChanges(first, second, below(path, second.name), isAcross);
    const was = wiring(first, isAcross, names);
    const is = wiring(second, isAcross);
    if (was !== is && before.kind === after.kind)
      yield { kind: "rewired", layer: below(path, second.name), before: was, after: is };
  }
  yield* endChanges(before, after, names, path);
}

/** Layers of the same name belong together; then, in order, those that differ in nothing but their names. */
function paired(before: readonly LayerNode[], after: readonly LayerNode[]): ReadonlyMap<LayerNode, LayerNode> {
  const byName = new Map(after.map((layer) => [layer.name, layer]));
  const taken = new Set(before.map(({ name }) => name));
  const left = new Map<string, LayerNode[]>();
  for (const layer of [...after].reverse()) {
    if (taken.has(layer.name)) continue;
    const likeness = likenessOf(layer);
    const alike = left.get(likeness);
    if (alike === undefined) left.set(likeness, [layer]);
    else alike.push(layer);
  }
  const pairs = new Map<LayerNode, LayerNode>();
  for (const layer of before) {
    const other = byName.get(layer.name) ?? left.get(likenessOf(layer))?.pop();
    if (other !== undefined) pairs.set(layer, other);
  }
  return pairs;
}

/** The same text for layers that differ in their names only. */
function likenessOf(layer: LayerNode): string {
  const { className, config, inner, model } = layer;
  const held = new Set<PyKey>(["name", ...inner.map(({ role }) => role)]);
  const values = [...config].flatMap(([key, value]) => {
    const said = held.has(key) ? null : canonical(value, String(key));
    return said === null || said === false ? [] : [`${String(key)}=${printedValue(said)}`];
  });
  const parts = [...(model?.layers ?? []), ...inner.map((each) => each.layer)].map(likenessOf);
  return `${className}(${values.sort().join()})[${parts.join()}]`;
}

function* layerChanges(
  before: LayerNode,
  after: LayerNode,
  path: string,
  isAcross: boolean,
): Generator<ArchitectureChange> {
  if (before.model !== undefined && after.model !== undefined) {
    yield* modelChanges(before.model, after.model, path, isAcross);
    return;
  }
  if (before.className !== after.className) {
    yield { kind: "class", layer: path, before: before.className, after: after.className };
  }
  const held = new Set<PyKey>([...before.inner, ...after.inner].map(({ role }) => role));
  for (const key of new Set([...before.config.keys(), ...after.config.keys()])) {
    if (key === "name" || held.has(key)) continue;
    const [was, is] = [before.config.get(key), after.config.get(key)];
    const argument = String(key);
    if (isAcross && (was === undefined || is === undefined || isLastAxis(after, argument, was, is))) continue;
    if (isSame(canonical(was, argument), canonical(is, argument), isAcross ? Math.fround : undefined)) continue;
    yield { kind: "argument", layer: path, argument, before: was, after: is };
  }
  yield* innerChanges(before, after, path, isAcross);
}

function* innerChanges(
  before: LayerNode,
  after: LayerNode,
  path: string,
  isAcross: boolean,
): Generator<ArchitectureChange> {
  for (const [index, { role, layer }] of before.inner.entries()) {
    const other = after.inner[index]?.layer;
    const name = below(path, role);
    if (other === undefined && isAcross && role === "backward_layer") continue; // Keras 3 always writes it, Keras 2 seldom
    if (other === undefined) yield { kind: "removed", layer: name, className: layer.className };
    else yield* layerChanges(layer, other, name, isAcross);
  }
  for (const { role, layer } of after.inner.slice(before.inner.length)) {
    if (!isAcross || role !== "backward_layer")
      yield { kind: "added", layer: below(path, role), className: layer.className };
  }
}

/** tf.keras counts the axis of a BatchNormalization from the front, others from the back. */
function isLastAxis({ className }: LayerNode, argument: string, ...axes: readonly (PyValue | undefined)[]): boolean {
  return (
    className === "BatchNormalization" &&
    argument === "axis" &&
    axes.some((axis) => isPyInt(axis) && axis.text === "-1")
  );
}

/** A value without what says nothing: where a built-in class is found, and which objects were one in Python. */
function canonical(value: PyValue | undefined, argument: string): PyValue {
  if (argument === "dtype") return policyName(value) ?? value ?? null;
  const items = itemsOf(value);
  if (items !== undefined) return items.map((item) => canonical(item, ""));
  if (!isPyDict(value)) return value ?? null;
  const isInitial = moduleOf(argument) !== undefined;
  const dict: PyDict = new Map(
    [...value].filter(([key]) => !(isInitial && WHERE.has(key)) && key !== "shared_object_id"),
  );
  return new Map(
    [...dict].flatMap(([key, item]) => {
      const each = canonical(item, String(key));
      return each === null ? [] : [[key, each]];
    }),
  );
}

const WHERE = new Set<PyKey>(["module", "registered_name", "__passive_serialization__"]);

function* endChanges(
  before: ModelNode,
  after: ModelNode,
  names: ReadonlyMap<string, string>,
  path: string,
): Generator<ArchitectureChange> {
  if (before.kind !== after.kind) return;
  const print = (model: ModelNode, renamed?: ReadonlyMap<string, string>): string[] =>
    [model.inputs, model.outputs].map((ends) => (ends === undefined ? "" : printed(unwrapped(ends), renamed)));
  const [was, is] = [print(before, names), print(after)];
  for (const [index, ends] of was.entries()) {
    if (ends !== is[index]) yield { kind: "rewired", layer: path, before: ends, after: is[index] ?? "" };
  }
  if (before.kind !== "sequential") return;
  const order = [...names.values()];
  const kept = after.layers.map(({ name }) => name).filter((name) => order.includes(name));
  if (order.join() !== kept.join())
    yield { kind: "rewired", layer: path, before: order.join(" → "), after: kept.join(" → ") };
}

function below(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** The calls of a layer, for people: `[a[0][0], b[0][0]]; c[0][0], mask=d[0][0]`. */
function wiring({ className, calls }: LayerNode, isAcross: boolean, names?: ReadonlyMap<string, string>): string {
  return calls.map((call) => printedCall(call, className, isAcross, names)).join("; ");
}

function printedCall(call: Call, className: string, isAcross: boolean, names?: ReadonlyMap<string, string>): string {
  const positions = ["", ...(isAcross ? positionsOf(className) : [])];
  const all = [...call.args.map((argument, index) => [positions[index] ?? "", argument] as const), ...call.kwargs];
  // Keras 3 writes some arguments that Keras 2 leaves out.
  const said = all.filter(
    ([, value]) => value.kind !== "value" || !(value.value === null || (isAcross && value.value === false)),
  );
  return said.map(([key, value]) => (key === "" ? "" : `${key}=`) + printed(unwrapped(value), names)).join(", ");
}

function printed(argument: Argument, names?: ReadonlyMap<string, string>): string {
  switch (argument.kind) {
    case "tensor":
      return `${names?.get(argument.layer) ?? argument.layer}[${argument.call}][${argument.tensor}]`;
    case "list":
      return `[${argument.items.map((item) => printed(item, names)).join(", ")}]`;
    case "dict":
      return `{${[...argument.entries].map(([key, item]) => `${key}: ${printed(item, names)}`).join(", ")}}`;
    default:
      return printedValue(argument.value);
  }
}

function printedValue(value: PyValue): string {
  const items = itemsOf(value);
  if (items !== undefined) return `[${items.map(printedValue).join(", ")}]`;
  if (isPyDict(value))
    return `{${[...value].map(([key, item]) => `${String(key)}: ${printedValue(item)}`).join(", ")}}`;
  return String(value);
}
