// Rules are functions from a layer to a layer; here they are applied to every layer of a model.

import type { LayerNode, ModelNode } from "../architecture/architecture.ts";
import type { PyKey, PyValue } from "../value.ts";

/** Changes one layer. What it holds, and the model that it is, were changed before. */
export type Rule = (layer: LayerNode) => LayerNode;

/** The same model with every layer changed, those inside of others included. */
export function rewriteModel(model: ModelNode, rule: Rule, finish: (model: ModelNode) => ModelNode): ModelNode {
  return finish({ ...model, layers: model.layers.map((layer) => rewriteLayer(layer, rule, finish)) });
}

function rewriteLayer(layer: LayerNode, rule: Rule, finish: (model: ModelNode) => ModelNode): LayerNode {
  const inner = layer.inner.map((held) => ({ ...held, layer: rewriteLayer(held.layer, rule, finish) }));
  const model = layer.model === undefined ? undefined : rewriteModel(layer.model, rule, finish);
  return rule({ ...layer, inner, model });
}

/** The same layer with other arguments: `undefined` takes one away. */
export function withArguments(layer: LayerNode, changes: Readonly<Record<string, PyValue | undefined>>): LayerNode {
  const config = new Map<PyKey, PyValue>(layer.config);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) config.delete(key);
    else config.set(key, value);
  }
  return { ...layer, config };
}

/** The same layer with an argument under another name, in the same place. */
export function renameArguments(layer: LayerNode, names: Readonly<Record<string, string>>): LayerNode {
  const config = new Map<PyKey, PyValue>();
  for (const [key, value] of layer.config) {
    const renamed = typeof key === "string" && Object.hasOwn(names, key) ? (names[key] ?? key) : key;
    if (!config.has(renamed) || renamed === key) config.set(renamed, value);
  }
  return { ...layer, config };
}

/** The same layer as an object of another class. */
export function asClass(layer: LayerNode, className: string): LayerNode {
  return { ...layer, className, module: undefined, registeredName: undefined };
}
