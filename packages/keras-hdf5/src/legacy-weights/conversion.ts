import type { Formula } from "./formula.ts";

/**
 * What loaders of Keras 2 did to weights of older files and of other layers. Keras 3 does none of it.
 *
 *     keras-1-conv1d-kernel            [length, 1, in, out], or [out, in, length, 1] of 1.0, to [length, in, out]
 *     keras-1-conv2d-kernel            channels first: [out, in, rows, columns] to [rows, columns, in, out]
 *     keras-1-conv3d-kernel            the same with one axis more
 *     keras-1-conv2d-transpose-kernel  [rows, columns, in, out], or channels first [out, in, rows, columns], to [rows, columns, out, in]
 *     keras-1-lstm-gates               12 weights: input, cell, forget, output, each kernel, recurrent kernel, bias; to 3: i, f, c, o
 *     keras-1-gru-gates                9 weights: z, r, h; to 3
 *     keras-1-conv-lstm2d-gates        12 weights as of an LSTM, kernels as of a Conv2D; to 3
 *     theano-kernel-flip               kernels turned around along rows and columns: Theano convolves, all others correlate
 *     transposed-kernel                a kernel that does not fit: with its axes as 3, 2, 0, 1
 *     cudnn-lstm-to-lstm               kernels gate by gate from Fortran's order, recurrent ones transposed; 8 biases summed to 4
 *     lstm-to-cudnn-lstm               the way back; each bias halved
 *     cudnn-gru-to-gru                 kernels likewise; biases [6 units] to [2, 3 units], only for a GRU with reset_after
 *     gru-to-cudnn-gru                 the way back
 */
export type LegacyConversion =
  | "keras-1-conv1d-kernel"
  | "keras-1-conv2d-kernel"
  | "keras-1-conv3d-kernel"
  | "keras-1-conv2d-transpose-kernel"
  | "keras-1-lstm-gates"
  | "keras-1-gru-gates"
  | "keras-1-conv-lstm2d-gates"
  | "theano-kernel-flip"
  | "transposed-kernel"
  | "cudnn-lstm-to-lstm"
  | "lstm-to-cudnn-lstm"
  | "cudnn-gru-to-gru"
  | "gru-to-cudnn-gru";

/** A conversion, and the weights that come out of it. */
export interface Step {
  readonly conversion: LegacyConversion;
  readonly weights: readonly Formula[];
}

/** What is known of where weights come from and where they go. */
export interface LegacyOptions {
  /**
   * The version and the backend beside the weights in their file: `weightsVersion` and `weightsBackend` of `metadata`. Without a
   * version, or with one that begins with "1", they are weights of Keras 1.
   */
  readonly from: { readonly kerasVersion?: string | undefined; readonly backend?: string | undefined };
  /** What they are for; by default TensorFlow, and the layers as they are configured. */
  readonly to?: {
    /** `"theano"`, or anything else: only Theano turns kernels around. */
    readonly backend?: string | undefined;
    /** `"plain"` makes LSTM and GRU of CuDNNLSTM and CuDNNGRU, `"cudnn"` the other way around. */
    readonly recurrent?: "plain" | "cudnn" | undefined;
  };
  /** The conversions that may be done; by default all. */
  readonly only?: readonly LegacyConversion[] | undefined;
}

/** Whether weights are of Keras 1. */
export function isKeras1({ from }: LegacyOptions): boolean {
  return from.kerasVersion === undefined || /^1(?:\.|$)/.test(from.kerasVersion);
}

/** Whether kernels have to be turned around. A file that does not say its backend is taken as it is. */
export function isTurned({ from, to = {} }: LegacyOptions): boolean {
  return from.backend !== undefined && (from.backend === "theano") !== (to.backend === "theano");
}
