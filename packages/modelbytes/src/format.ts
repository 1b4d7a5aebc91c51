/** The formats by the names that the command prints and takes. */
export const FORMATS = [
  "tensor-bundle",
  "tensor-bundle-v1",
  "saved-model",
  "keras-hdf5",
  "keras-hdf5-weights",
  "keras-weights",
  "keras-weights-sharded",
  "keras-archive",
  "keras-config",
  "safetensors",
  "npz",
] as const;

/** A format of model files. */
export type Format = (typeof FORMATS)[number];
