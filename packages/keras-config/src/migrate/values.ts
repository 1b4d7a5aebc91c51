// The values in a configuration that are not layers: initializers, regularizers, constraints, policies.

import type { LayerNode, ObjectNode } from "../architecture/architecture.ts";
import { itemsOf } from "../architecture/fields.ts";
import { isPyDict, isPyFloat, isPyInt, type PyDict, type PyKey, type PyValue } from "../value.ts";
import { rowOf } from "./table.ts";
import { lose, note, type Verdicts } from "./verdict.ts";

/** An object as Keras 3 writes it. */
export function object3(module: string, className: string, config: PyDict): PyDict {
  return new Map<PyKey, PyValue>([
    ["module", module],
    ["class_name", className],
    ["config", config],
    ["registered_name", null],
  ]);
}

/** An object as Keras 2 writes it. */
export function object2(className: string, config: PyDict): PyDict {
  return new Map<PyKey, PyValue>([
    ["class_name", className],
    ["config", config],
  ]);
}

/** The module of what an argument holds, by the argument's name. */
export function moduleOf(argument: string): string | undefined {
  if (argument.endsWith("_initializer")) return "keras.initializers";
  if (argument.endsWith("_regularizer")) return "keras.regularizers";
  return argument.endsWith("_constraint") ? "keras.constraints" : undefined;
}

/** The name of a dtype policy, in each of its forms: `"float32"`, a `Policy` of Keras 2, a `DTypePolicy` of Keras 3. */
export function policyName(value: PyValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (!isPyDict(value)) return undefined;
  const config = value.get("config");
  const name = isPyDict(config) ? config.get("name") : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Whether two values are the same, numbers by what they are worth after `round`: `1` is `1.0`. */
export function isSame(
  a: PyValue | undefined,
  b: PyValue | undefined,
  round: (number: number) => number = (number) => number,
): boolean {
  if (a === b) return true;
  if ((isPyInt(a) || isPyFloat(a)) && (isPyInt(b) || isPyFloat(b))) {
    const [first, second] = [round(a.toNumber()), round(b.toNumber())];
    return first === second || Object.is(first, second);
  }
  const [first, second] = [itemsOf(a), itemsOf(b)];
  if (first !== undefined && second !== undefined) {
    return first.length === second.length && first.every((item, index) => isSame(item, second[index], round));
  }
  if (!isPyDict(a) || !isPyDict(b) || a.size !== b.size) return false;
  return [...a].every(([key, item]) => b.has(key) && isSame(item, b.get(key), round));
}

/** The arguments that a class does not take: dropped if they say nothing, otherwise refused by name. */
export function dropArguments(
  config: PyDict,
  taken: ReadonlySet<string>,
  neutral: Readonly<Record<string, readonly PyValue[]>>,
  node: ObjectNode,
  verdicts: Verdicts,
  target: string,
): PyDict {
  const kept = new Map<PyKey, PyValue>();
  for (const [key, value] of config) {
    if (typeof key === "string" && !taken.has(key)) {
      const isNeutral =
        value === null || value === false || (rowOf(neutral, key) ?? []).some((each) => isSame(each, value));
      if (!isNeutral) lose(verdicts, node, `${target} has no argument ${key}`);
    } else kept.set(key, value);
  }
  return kept;
}

/** An activation that computes something else in Keras 3 than before. */
export function checkActivation(value: PyValue | undefined, node: ObjectNode, verdicts: Verdicts): void {
  if (activationName(value) === "hard_sigmoid") {
    lose(verdicts, node, "hard_sigmoid is 0.2x + 0.5 in Keras 1 and 2, and x/6 + 0.5 in Keras 3");
  }
}

/** Keras 2 takes the dilation of a Conv3DTranspose, and does without it. */
export function checkDilation(layer: LayerNode, verdicts: Verdicts): LayerNode {
  const rates = layer.config.get("dilation_rate");
  const isPlain = (itemsOf(rates) ?? [rates]).every((rate) => !isPyInt(rate) || rate.text === "1");
  if (!isPlain) lose(verdicts, layer, "Keras 3 dilates it, Keras 2 does not");
  return layer;
}

/** The name of an activation: a string, or the object that Keras writes for a function. */
export function activationName(value: PyValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  const name = isPyDict(value) ? value.get("config") : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Functions of one's own and code are carried over as they are. */
export function noteCode(node: ObjectNode, verdicts: Verdicts): void {
  note(verdicts, node, "its code is carried over as it is: bytecode of the Python that wrote it");
}
