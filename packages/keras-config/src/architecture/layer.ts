// A layer's entry in a text, of any era but the first: {class_name, config, name?, inbound_nodes?, module?, registered_name?, …}.

import { isPyDict, isPyList, type PyDict, type PyValue } from "../value.ts";
import type { Call, InnerLayer, LayerNode, ModelNode, ObjectNode } from "./architecture.ts";
import { isBuiltIn } from "./built-in-layers.ts";
import { dictOf, itemsOf, malformed, member, optionalString, stringAt } from "./fields.ts";

/** Reads a model that stands where a layer may: returns `undefined` for what is no model. */
export type ReadNestedModel = (object: PyDict, node: ObjectNode) => ModelNode | undefined;

const NOTHING: PyDict = new Map();

/** The part that layers and models share. */
export function readObject(object: PyDict, path: string, fallback: string): ObjectNode {
  const config = object.get("config") ?? null;
  if (config !== null && !isPyDict(config) && itemsOf(config) === undefined) {
    throw malformed(member(path, "config"), "neither a dict nor a list of layers");
  }
  const dict = isPyDict(config) ? config : NOTHING;
  const buildConfig = object.get("build_config");
  const className = stringAt(object, "class_name", path);
  // Texts without a registered_name have a custom class as "package>Name".
  const registered = className.includes(">") ? className : undefined;
  return {
    className: className.slice(className.lastIndexOf(">") + 1),
    module: optionalString(object.get("module")),
    registeredName: optionalString(object.get("registered_name")) ?? registered,
    name: optionalString(object.get("name")) ?? optionalString(dict.get("name")) ?? fallback,
    config: dict,
    buildConfig: isPyDict(buildConfig) ? buildConfig : undefined,
    path,
  };
}

/** A layer with what it holds. Its calls are its model's business. */
export function readLayer(
  value: PyValue | undefined,
  path: string,
  fallback: string,
  readNested: ReadNestedModel,
  calls: readonly Call[] = [],
): LayerNode {
  const object = dictOf(value, path);
  const node = readObject(object, path, fallback);
  const model = readNested(object, node);
  return { ...node, calls, model, inner: model === undefined ? innerOf(node, readNested) : [] };
}

/** The layers in a layer's arguments: wherever an argument, or an item of one, is an object that looks like a layer. */
function innerOf({ config, path }: ObjectNode, readNested: ReadNestedModel): InnerLayer[] {
  const inner: InnerLayer[] = [];
  const take = (role: string, value: PyValue, at: string): void => {
    if (isPyDict(value) && isLayer(role, value)) {
      inner.push({ role, layer: readLayer(value, at, `${role}_${inner.length}`, readNested) });
    }
  };
  for (const [key, value] of config) {
    if (typeof key !== "string") continue;
    const at = member(member(path, "config"), key);
    if (isPyDict(value)) take(key, value, at);
    else for (const [index, item] of (itemsOf(value) ?? []).entries()) take(key, item, `${at}[${index}]`);
  }
  return inner;
}

/** The arguments of Keras's own layers that hold layers. */
const ROLES = new Set(["layer", "forward_layer", "backward_layer", "cell", "cells", "layers"]);

/** Initializers, regularizers and policies are objects too. */
function isLayer(role: string, object: PyDict): boolean {
  if (typeof object.get("class_name") !== "string" || !object.has("config")) return false;
  const config = object.get("config");
  if (!isPyDict(config)) return isPyList(config) && ROLES.has(role);
  if (ROLES.has(role) || object.get("module") === "keras.layers" || object.has("build_config")) return true;
  // There is an initializer Identity too.
  return isBuiltIn(String(object.get("class_name"))) && !role.endsWith("_initializer");
}
