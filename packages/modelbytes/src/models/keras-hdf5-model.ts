import {
  type KerasHdf5,
  type OpenKerasHdf5Options,
  openKerasHdf5,
  openShardedKerasWeights,
} from "@modelbytes/keras-hdf5";
import type { Format } from "../format.ts";
import type { ModelBase } from "../model-base.ts";
import type { ModelFile } from "../model-file.ts";

/** A Keras model or its weights in HDF5. */
export interface KerasHdf5Model extends ModelBase {
  readonly format: "keras-hdf5" | "keras-hdf5-weights" | "keras-weights" | "keras-weights-sharded";
  /** The tensors by their path in the HDF5 file; all that there is to know. */
  readonly weights: KerasHdf5;
}

/** Opens the HDF5 file as a Keras model or weights. */
export async function openHdf5Model(file: ModelFile, options: OpenKerasHdf5Options): Promise<KerasHdf5Model> {
  return kerasHdf5Model(await openKerasHdf5(file.source, options), file);
}

/** Opens sharded weights, given the file that is their index. */
export async function openShardedModel(file: ModelFile, options: OpenKerasHdf5Options): Promise<KerasHdf5Model> {
  return kerasHdf5Model(await openShardedKerasWeights(file.from, { ...options, folder: file.folder }), file);
}

function kerasHdf5Model(weights: KerasHdf5, { source, release }: ModelFile): KerasHdf5Model {
  const close = async () => {
    await weights.close();
    await release();
  };
  return {
    format: FORMAT_OF[weights.kind],
    path: source.name,
    weights,
    unreadable: weights.unreadable,
    damage: weights.damage,
    names: async () => new Map([...weights.entries].map(([key, { name }]) => [key, name])),
    verify: (options) => weights.verify(options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const FORMAT_OF = {
  model: "keras-hdf5",
  weights: "keras-hdf5-weights",
  "keras-weights": "keras-weights",
  "keras-weights-sharded": "keras-weights-sharded",
} as const satisfies Record<KerasHdf5["kind"], Format>;
