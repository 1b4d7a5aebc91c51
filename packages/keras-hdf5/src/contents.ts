import type { ModelbytesError } from "@modelbytes/bytes";
import type { DType, TensorEntry } from "@modelbytes/tensor";

/**
 * What a file is: a whole model (`model_config` and `model_weights`), weights alone in the form that Keras wrote up to version 2, or
 * the `.weights.h5` of Keras 3 (also 2.12 and later), in one file or in several with an index.
 */
export type KerasHdf5Kind = "model" | "weights" | "keras-weights" | "keras-weights-sharded";

/** What a tensor is for. What is `unlisted` is in the file, but Keras does not read it. */
export type KerasWeightRole = "layer" | "top-level" | "optimizer" | "metric" | "unlisted";

/** A tensor as its layer, or the optimizer, lists it. */
export interface KerasWeight {
  /** As the file says it: `"dense/kernel:0"`, `"param_0"`, in `.weights.h5` a number: `"0"`. */
  readonly name: string;
  /** The name in `entries`: the path in the HDF5 file. */
  readonly key: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A layer, also one without weights. Of `.weights.h5`, whatever may have variables: layers and their parts. */
export interface KerasLayer {
  /** The layer's name; where the file has none (`.weights.h5` before Keras 3.6), the last name of its path. */
  readonly name: string;
  /** The path of its group in the HDF5 file. */
  readonly path: string;
  /** In the order in which Keras lists them. */
  readonly weights: readonly KerasWeight[];
}

/** A name that a file lists, and the path that it leads to. */
export interface Listed {
  readonly name: string;
  readonly key: string;
  /** Readable names, the best first. The first that no other tensor has is taken. */
  readonly readable: readonly string[];
}

/** A layer as a file lists it, before its datasets are looked at. */
export interface ListedLayer {
  readonly name: string;
  readonly path: string;
  readonly weights: readonly Listed[];
}

/** All that a file lists, in its order. */
export interface Lists {
  readonly layers: readonly ListedLayer[];
  readonly topLevel: readonly Listed[];
  readonly optimizer: readonly Listed[];
  readonly metrics: readonly Listed[];
}

/** A tensor of a Keras file. */
export interface KerasHdf5Entry extends TensorEntry {
  /** A readable name, of which there is only one in the file: `dense/kernel`. */
  readonly name: string;
  readonly role: KerasWeightRole;
  /** The path of the layer's group in the HDF5 file; absent for weights of no layer. */
  readonly layer?: string;
}

/** What the attributes of a file say; all of it is absent in `.weights.h5`. */
export interface KerasHdf5Metadata {
  /** The version of Keras that saved the whole model, from 1.0.7 on. */
  readonly kerasVersion?: string | undefined;
  /** `tensorflow`, `theano`, `cntk`, `jax`, `torch`; from 2.0 on. */
  readonly backend?: string | undefined;
  /** The version beside the weights. Where it is absent, Keras takes them for those of version 1. */
  readonly weightsVersion?: string | undefined;
  /** The backend beside the weights: Theano's kernels of convolutions are turned around. */
  readonly weightsBackend?: string | undefined;
  /** The architecture: JSON as Python wrote it. `encodeName` of `@modelbytes/bytes` gives the exact bytes. */
  readonly modelConfig?: string | undefined;
  /** Optimizer, losses and metrics: JSON as Python wrote it. Absent for models that were not compiled. */
  readonly trainingConfig?: string | undefined;
}

/** What `KerasHdf5` is made of. */
export interface KerasHdf5Contents {
  readonly kind: KerasHdf5Kind;
  readonly metadata: KerasHdf5Metadata;
  readonly entries: ReadonlyMap<string, KerasHdf5Entry>;
  readonly layers: readonly KerasLayer[];
  readonly topLevelWeights: readonly KerasWeight[];
  readonly optimizerWeights: readonly KerasWeight[];
  readonly metricWeights: readonly KerasWeight[];
  readonly unlisted: readonly string[];
  /** What is wrong, but does not keep the file from being opened. */
  readonly problems: readonly ModelbytesError[];
  readonly unreadable: ReadonlyMap<string, ModelbytesError>;
  readonly damage: readonly ModelbytesError[];
}
