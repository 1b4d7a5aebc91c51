// How fast does a checkpoint become another file, every checksum checked, and in how much memory?
//
// The rivals are what a script in Python does: all tensors into memory, then out again. They are left out where that does not fit.

import { copyFile } from "node:fs/promises";
import { writeKerasWeights } from "@modelbytes/keras-hdf5";
import { writeSafetensors } from "@modelbytes/safetensors";
import { lazyTensor } from "@modelbytes/tensor";
import { openBundle } from "@modelbytes/tensor-bundle";
import type { Input, Question, Work } from "../question.ts";
import { dataFile, LARGE_TENSORS, largeCheckpoint } from "./checkpoint-inputs.ts";

async function toSafetensors({ path }: Input): Promise<Work> {
  return {
    run: async () => {
      await using bundle = await openBundle(path);
      await writeSafetensors(`${path}.safetensors`, bundle);
    },
  };
}

async function toHdf5({ path }: Input): Promise<Work> {
  return {
    run: async () => {
      await using bundle = await openBundle(path);
      const groups = [...bundle.entries.keys()].map((name, layer) => ({
        path: `layers/dense_${layer}`,
        vars: [["0", lazyTensor(bundle, name)] as const],
      }));
      await writeKerasWeights(`${path}.weights.h5`, { groups });
    },
  };
}

async function copyRaw({ path }: Input): Promise<Work> {
  return { run: () => copyFile(dataFile(path), `${path}-raw`) };
}

export const convert: Question = {
  name: "convert",
  title: "Convert a checkpoint",
  unit: "bytes",
  inputs: async (inputs) => {
    await inputs.scratch.needs(18 * inputs.scale.bytes);
    return [await largeCheckpoint(inputs, 3 * inputs.scale.bytes, 3 * LARGE_TENSORS)];
  },
  rows: [
    { name: "to safetensors", kind: "ours", work: toSafetensors },
    { name: "to .weights.h5", kind: "ours", work: toHdf5 },
    { name: "Python, TensorFlow and safetensors", kind: "rival", work: "conversion.to_safetensors" },
    { name: "Python, TensorFlow and h5py", kind: "rival", work: "conversion.to_hdf5" },
    { name: "fs.copyFile", kind: "floor", work: copyRaw },
  ],
  bars: [
    { row: "to safetensors", against: "fs.copyFile", atLeast: 1 / 1.5 },
    { row: "to safetensors", against: "Python, TensorFlow and safetensors", atLeast: 1 },
    { row: "to .weights.h5", against: "Python, TensorFlow and h5py", atLeast: 1 },
    { row: "to safetensors", memoryBelow: 400e6 },
    { row: "to .weights.h5", memoryBelow: 400e6 },
  ],
};
