// The objects of a model of Keras 2, as `save_weights("ckpt/w")` writes them: layers by the number that they have among those with
// variables, variables by the attributes of their layers.
//
//     .weights.h5  layers/lstm/cell/vars/0                     the checkpoint  layer_with_weights-1/cell/kernel
//                  layers/functional/layers/dense/vars/1                       layer_with_weights-2/layer_with_weights-0/bias
//                  layers/rnn/cell/cells/lstm_cell_1/vars/0                    layer_with_weights-3/cell/cells/1/kernel
//
// Every layer, with variables or without, has another name besides: `layer-5` by its number among all.

import { type Architecture, type ExpectedWeights, expectedWeights } from "@modelbytes/keras-config";
import type { CheckpointNode, CheckpointObject, ObjectGraph } from "@modelbytes/tensor-bundle";
import { layersOfPlaces } from "./placed-tensors.ts";

/** The last Keras that wrote checkpoints of models. */
const LAST_KERAS_2 = { major: 2, minor: 15 } as const;

/** Attributes that are not called as their variables. */
const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ["mean", "adapt_mean"],
  ["variance", "adapt_variance"],
]);

/** A variable in the checkpoint of a model: the names of the objects that lead to it, and its own full name. */
export interface ObjectPath {
  readonly steps: readonly string[];
  /** The other name of the first of these objects: `layer-5`. */
  readonly alias: string | undefined;
  readonly fullName: string;
}

/** What a checkpoint of Keras 2 has of the variables of a model. */
export function weightsInKeras2(architecture: Architecture): ExpectedWeights {
  return expectedWeights(architecture, { era: LAST_KERAS_2 });
}

/** The path to each variable of a model, in the order of the `places` of its architecture in whatever Keras. */
export function objectPaths(architecture: Architecture): readonly ObjectPath[] {
  const expected = weightsInKeras2(architecture);
  const layerOf = layersOfPlaces(expected);
  const numbers = new Map<string, Map<string, number>>();
  const numberOf = (list: string, item: string): number => {
    const known = numbers.get(list) ?? new Map<string, number>();
    numbers.set(list, known);
    const number = known.get(item) ?? known.size;
    known.set(item, number);
    return number;
  };
  return expected.places.map(({ path, name }, place) => {
    const fullName = name.replace(/:\d+$/, "");
    const parts = path.replace(/(?:^|\/)vars\/[^/]*$/, "").split("/");
    const steps: string[] = [];
    for (let at = 0; at < parts.length; at++) {
      const [part = "", item = ""] = parts.slice(at);
      const isList = part === "cells" || part === "layers";
      const number = isList ? String(numberOf(parts.slice(0, at + 1).join("/"), item)) : "";
      if (part === "layers") steps.push(`layer_with_weights-${number}`);
      else steps.push(part, ...(isList ? [number] : []));
      if (isList) at++;
    }
    const attribute = fullName.slice(fullName.lastIndexOf("/") + 1);
    const layer = layerOf[place];
    return {
      steps: [...steps, ATTRIBUTES.get(attribute) ?? attribute],
      alias: layer && `layer-${expected.layers.indexOf(layer)}`,
      fullName,
    };
  });
}

/**
 * The key of the variable that each path leads to in an object graph; `undefined` where it leads nowhere. The paths begin at the root, or
 * at the object below it to which most lead: `tf.train.Checkpoint(model=…)`. Where `isCounted` is false, not all layers with variables
 * are known: then their numbers say nothing, and only the other names count.
 */
export function keysOfPaths(
  { nodes }: ObjectGraph,
  paths: readonly ObjectPath[],
  isCounted: boolean,
): readonly (string | undefined)[] {
  const childOf = (id: number | undefined, step: string | undefined) =>
    id === undefined ? undefined : nodes[id]?.children.find(({ localName }) => localName === step)?.nodeId;
  const keysBelow = (root: number) =>
    paths.map(({ steps: [first, ...rest], alias }) => {
      const layer = (isCounted ? childOf(root, first) : undefined) ?? childOf(root, alias);
      const variable = rest.reduce(childOf, layer);
      const attributes = variable === undefined ? [] : (nodes[variable]?.attributes ?? []);
      return attributes.find(({ name }) => name === "VARIABLE_VALUE")?.checkpointKey;
    });
  const roots = [0, ...(nodes[0]?.children ?? []).map(({ nodeId }) => nodeId)];
  const found = roots.map(keysBelow);
  const most = Math.max(...found.map(countKnown));
  return found.find((keys) => countKnown(keys) === most) ?? [];
}

function countKnown(keys: readonly (string | undefined)[]): number {
  return keys.filter((key) => key !== undefined).length;
}

/** The tree of objects with a variable at the end of each path. */
export function objectTree(
  variables: Iterable<readonly [path: ObjectPath, value: NonNullable<CheckpointObject["value"]>]>,
): CheckpointNode {
  const root = new Map<string, CheckpointNode>();
  const branches = new Map([["", root]]);
  for (const [{ steps, fullName }, value] of variables) {
    let branch = root;
    for (let depth = 1; depth < steps.length; depth++) {
      const path = steps.slice(0, depth).join("/");
      const next = branches.get(path) ?? new Map<string, CheckpointNode>();
      branches.set(path, next);
      branch.set(steps[depth - 1] ?? "", next);
      branch = next;
    }
    branch.set(steps.at(-1) ?? "", { value, fullName });
  }
  return root;
}
