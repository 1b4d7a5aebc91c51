// How fast is a checkpoint written, checksums included, and how fast are many small tensors?

import { tensor } from "@modelbytes/tensor";
import { type Part, writeBundle } from "@modelbytes/tensor-bundle";
import type { Input, Question, Work } from "../question.ts";
import { expectBytes, manyTensors } from "./checkpoint-inputs.ts";
import { values, writeRaw, writeTargets } from "./write-inputs.ts";

async function writeTensors(input: Input): Promise<Work> {
  const data = values(input);
  function* parts(): Generator<Part> {
    for (let item = 0; item < input.items; item++)
      yield [`layer_${item}/kernel`, tensor("float32", [data.length], data)];
  }
  return {
    run: async () => expectBytes((await writeBundle(`${input.path}-ours`, parts())).bytes, input),
  };
}

export const write: Question = {
  name: "write",
  title: "Write a checkpoint, checksums included",
  unit: "bytes",
  inputs: writeTargets,
  rows: [
    { name: "writeBundle", kind: "ours", work: writeTensors },
    { name: "TensorFlow, Checkpoint.write", kind: "rival", work: "checkpoint.checkpoint_write" },
    { name: "fs.write", kind: "floor", work: writeRaw },
  ],
  bars: [
    { row: "writeBundle", against: "TensorFlow, Checkpoint.write", atLeast: 1.5 },
    { row: "writeBundle", against: "fs.write", atLeast: 0.8 },
  ],
};

export const writeMany: Question = {
  name: "write-many",
  title: "Write many small tensors",
  unit: "tensors",
  inputs: async (inputs) => [await manyTensors(inputs)],
  rows: [
    { name: "writeBundle", kind: "ours", work: writeTensors },
    { name: "TensorFlow, SaveV2", kind: "rival", work: "checkpoint.save_many" },
  ],
  bars: [{ row: "writeBundle", against: "TensorFlow, SaveV2", atLeast: 1 }],
};
