import type { WaitOptions } from "@modelbytes/bytes";
import type { KerasHdf5Entry } from "@modelbytes/keras-hdf5";
import { type LazyTensor, lazyTensor } from "@modelbytes/tensor";
import { OBJECT_GRAPH_KEY, optimizerKeys } from "@modelbytes/tensor-bundle";
import type { Model } from "../open-model.ts";

/** What a tensor is for: the model, its optimizer, or something else that is no variable of either, such as a table. */
export type TensorRole = "model" | "optimizer" | "other";

/** A tensor of a model, by its readable name. */
export interface NamedTensor extends LazyTensor {
  readonly name: string;
  /** Its key in the model that it is from. */
  readonly key: string;
  readonly role: TensorRole;
}

/** Variables in checkpoints that are not the model's: the state of metrics of Keras 2, and how often was saved. */
const NO_WEIGHT = /(?:^|\/)keras_api\/metrics\/|^save_counter\//;

/**
 * The tensors of an open model by their readable names, in its order; the object graph of a checkpoint, which only describes them,
 * is none. Throws the first error of what cannot be read.
 */
export async function namedTensors(model: Model, options: WaitOptions = {}): Promise<NamedTensor[]> {
  const [problem] = [...model.damage, ...model.unreadable.values()];
  if (problem !== undefined) throw problem;
  const names = await model.names(options);
  const roleOf = await rolesOf(model, options);
  return [...model.weights.entries.keys()]
    .filter((key) => key !== OBJECT_GRAPH_KEY)
    .map((key) => ({ ...lazyTensor(model.weights, key), name: names.get(key) ?? key, key, role: roleOf(key) }));
}

async function rolesOf(model: Model, options: WaitOptions): Promise<(key: string) => TensorRole> {
  switch (model.format) {
    case "tensor-bundle":
    case "tensor-bundle-v1":
    case "saved-model": {
      const bundle = model.format === "saved-model" ? model.weights.bundle : model.weights;
      if (bundle === undefined) return () => "model";
      const graph = bundle.format === "tensor-bundle" ? await bundle.objectGraph(options) : undefined;
      const optimizer = optimizerKeys(bundle.entries, graph);
      const variables = new Set(
        graph?.nodes.flatMap(({ attributes }) =>
          attributes.filter(({ name }) => name === "VARIABLE_VALUE").map(({ checkpointKey }) => checkpointKey),
        ),
      );
      return (key) => {
        if (optimizer.has(key)) return "optimizer";
        return graph === undefined || (variables.has(key) && !NO_WEIGHT.test(key)) ? "model" : "other";
      };
    }
    case "safetensors":
    case "npz":
    case "keras-config": {
      const optimizer = optimizerKeys(model.weights.entries, undefined);
      return (key) => (optimizer.has(key) ? "optimizer" : "model");
    }
    default: {
      const entries: ReadonlyMap<string, KerasHdf5Entry> = model.weights.entries;
      return (key) => {
        const role = entries.get(key)?.role;
        if (role === "optimizer") return "optimizer";
        return role === "layer" || role === "top-level" ? "model" : "other";
      };
    }
  }
}
