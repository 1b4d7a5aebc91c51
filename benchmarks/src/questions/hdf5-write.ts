// How fast is a large `.weights.h5` written, from arrays that are there?

import { writeKerasWeights } from "@modelbytes/keras-hdf5";
import { tensor } from "@modelbytes/tensor";
import type { Input, Question, Work } from "../question.ts";
import { values, writeRaw, writeTargets } from "./write-inputs.ts";

async function writeTensors(input: Input): Promise<Work> {
  const data = values(input);
  const kernel = tensor("float32", [data.length], data);
  const groups = Array.from({ length: input.items }, (_, item) => ({
    path: `layers/dense_${item}`,
    vars: [["0", kernel] as const],
  }));
  return {
    run: async () => {
      const { bytes } = await writeKerasWeights(`${input.path}-ours`, { groups });
      if (bytes < input.bytes) throw new Error(`${bytes} bytes written`);
    },
  };
}

export const hdf5Write: Question = {
  name: "hdf5-write",
  title: "Write an HDF5 file",
  unit: "bytes",
  inputs: writeTargets,
  rows: [
    { name: "writeKerasWeights", kind: "ours", work: writeTensors },
    { name: "h5py", kind: "rival", work: "hdf5.write" },
    { name: "fs.write", kind: "floor", work: writeRaw },
  ],
  bars: [{ row: "writeKerasWeights", against: "h5py", atLeast: 1 }],
};
