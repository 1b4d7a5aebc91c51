// How fast is a checkpoint written, checksums included, and how fast are many small tensors?
//
// All rows write beside what they wrote before and then take its name, so that the disk sees the same work.

import { open, rename } from "node:fs/promises";
import { tensor } from "@modelbytes/tensor";
import { type Part, writeBundle } from "@modelbytes/tensor-bundle";
import type { Input, Question, Work } from "../question.ts";
import { expectBytes, LARGE_TENSORS, largeCheckpoint, manyTensors } from "./checkpoint-inputs.ts";

/** The tensors of the input share their values. */
function values({ bytes, items }: Input): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: bytes / items / 4 }, (_, index) => index / 2);
}

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

async function writeRaw(input: Input): Promise<Work> {
  const bytes = new Uint8Array(values(input).buffer);
  return {
    run: async () => {
      const path = `${input.path}-raw`;
      const file = await open(`${path}.new`, "w");
      let total = 0;
      for (let item = 0; item < input.items; item++) total += (await file.write(bytes)).bytesWritten;
      await file.close();
      await rename(`${path}.new`, path);
      expectBytes(total, input);
    },
  };
}

export const write: Question = {
  name: "write",
  title: "Write a checkpoint, checksums included",
  unit: "bytes",
  inputs: async (inputs) => [await largeCheckpoint(inputs, inputs.scale.bytes, LARGE_TENSORS)],
  rows: [
    { name: "writeBundle", kind: "ours", work: writeTensors },
    { name: "TensorFlow, Checkpoint.write", kind: "rival", work: "checkpoint_write" },
    { name: "fs.write", kind: "floor", work: writeRaw },
  ],
  bars: [
    { row: "writeBundle", against: "TensorFlow, Checkpoint.write", atLeast: 1 },
    { row: "writeBundle", against: "fs.write", atLeast: 0.7 },
  ],
};

export const writeMany: Question = {
  name: "write-many",
  title: "Write many small tensors",
  unit: "tensors",
  inputs: async (inputs) => [await manyTensors(inputs)],
  rows: [
    { name: "writeBundle", kind: "ours", work: writeTensors },
    { name: "TensorFlow, SaveV2", kind: "rival", work: "save_many" },
  ],
  bars: [{ row: "writeBundle", against: "TensorFlow, SaveV2", atLeast: 1 }],
};
