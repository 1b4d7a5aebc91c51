// How fast is a checkpoint written, checksums included, and how fast are many small tensors?
//
// All rows write beside what they wrote before and then take its name, so that the disk sees the same work. A disk that writes
// back while others still write makes one row wait for another's bytes, so the bars are about files in memory, where there is
// nothing but the writer; the rows of the disk stand beside them.

import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { tensor } from "@modelbytes/tensor";
import { type Part, writeBundle } from "@modelbytes/tensor-bundle";
import type { Input, Inputs, Question, Work } from "../question.ts";
import { bytesText } from "../units.ts";
import { expectBytes, LARGE_TENSORS, manyTensors } from "./checkpoint-inputs.ts";

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

/** To the disk, and to files in memory where the host has room for what three rows keep and write. */
async function targets({ scale, scratch }: Inputs): Promise<Input[]> {
  const what = `${bytesText(scale.bytes)} in ${LARGE_TENSORS} tensors`;
  const input = { bytes: scale.bytes, items: LARGE_TENSORS };
  const memory = await scratch.inMemory(8 * scale.bytes);
  const onDisk = { ...input, label: `${what}, on the disk`, path: join(scratch.folder, "written") };
  if (memory === undefined) return [{ ...onDisk, judged: true }];
  const inMemory = { ...input, label: `${what}, files in memory`, path: join(memory, "written") };
  return [
    { ...inMemory, judged: true },
    { ...onDisk, judged: false },
  ];
}

export const write: Question = {
  name: "write",
  title: "Write a checkpoint, checksums included",
  unit: "bytes",
  inputs: targets,
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
