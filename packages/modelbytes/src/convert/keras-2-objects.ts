// The objects of a model of Keras 2, as `save_weights("ckpt/w")` writes them: layers by the number that they have among those with
// variables, variables by the attributes of their layers.
//
//     .weights.h5  layers/lstm/cell/vars/0                     the checkpoint  layer_with_weights-1/cell/kernel
//                  layers/functional/layers/dense/vars/1                       layer_with_weights-2/layer_with_weights-0/bias
//                  layers/rnn/cell/cells/lstm_cell_1/vars/0                    layer_with_weights-3/cell/cells/1/kernel

import { type Architecture, type ExpectedWeights, expectedWeights } from "@modelbytes/keras-config";
import type { CheckpointNode, CheckpointObject, ObjectGraph } from "@modelbytes/tensor-bundle";

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
  readonly fullName: string;
}

/** The path to each variable of a model, in the order of the `places` of its architecture in whatever Keras. */
export function objectPaths(architecture: Architecture): readonly ObjectPath[] {
  const { places }: ExpectedWeights = expectedWeights(architecture, { era: LAST_KERAS_2 });
  const numbers = new Map<string, Map<string, number>>();
  const numberOf = (list: string, item: string): number => {
    const known = numbers.get(list) ?? new Map<string, number>();
    numbers.set(list, known);
    const number = known.get(item) ?? known.size;
    known.set(item, number);
    return number;
  };
  return places.map(({ path, name }) => {
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
    return { steps: [...steps, ATTRIBUTES.get(attribute) ?? attribute], fullName };
  });
}

/** The key of the variable that each path leads to in an object graph; `undefined` where it leads nowhere. */
export function keysOfPaths({ nodes }: ObjectGraph, paths: readonly ObjectPath[]): readonly (string | undefined)[] {
  return paths.map(({ steps }) => {
    let node = nodes[0];
    for (const step of steps) {
      const child = node?.children.find(({ localName }) => localName === step);
      node = child === undefined ? undefined : nodes[child.nodeId];
    }
    return node?.attributes.find(({ name }) => name === "VARIABLE_VALUE")?.checkpointKey;
  });
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
