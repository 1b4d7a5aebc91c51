// How fast is every byte of a checkpoint checked?
//
// Python TensorFlow has no verify; loading every tensor is its only way, and checks the same CRCs. Nobody can be faster than
// reading the file, page cache warm, into one buffer again and again.

import { open } from "node:fs/promises";
import { openBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Question, Work } from "../question.ts";
import { dataFile, expectBytes, LARGE_TENSORS, largeCheckpoint } from "./checkpoint-inputs.ts";

/** Of all powers of two, the floor is lowest with this buffer: it stays in the cache. */
const BUFFER_BYTES = 2 ** 22;

export async function verifyAll({ path }: Input): Promise<Work> {
  return {
    run: async () => {
      await using bundle = await openBundle(path);
      let problems = 0;
      for await (const _ of bundle.verify()) problems++;
      expectEqual("problems", problems, 0);
    },
  };
}

async function readIntoOneBuffer(input: Input): Promise<Work> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  return {
    run: async () => {
      const file = await open(dataFile(input.path));
      let total = 0;
      for (let bytes = -1; bytes !== 0; total += bytes)
        bytes = (await file.read(buffer, 0, BUFFER_BYTES, total)).bytesRead;
      await file.close();
      expectBytes(total, input);
    },
  };
}

export const verify: Question = {
  name: "verify",
  title: "Check every byte of a checkpoint",
  unit: "bytes",
  inputs: async (inputs) => [await largeCheckpoint(inputs, inputs.scale.bytes, LARGE_TENSORS)],
  rows: [
    { name: "verify", kind: "ours", work: verifyAll },
    { name: "TensorFlow, load all", kind: "rival", work: "load_all" },
    { name: "fs.read, one buffer", kind: "floor", work: readIntoOneBuffer },
    { name: "verify, new process", kind: "ours", work: verifyAll, fresh: true },
    { name: "TensorFlow, new process", kind: "rival", work: "load_all", fresh: true },
  ],
  bars: [
    { row: "verify", against: "TensorFlow, load all", atLeast: 4 },
    { row: "verify", against: "fs.read, one buffer", atLeast: 0.7 },
    { row: "verify", memoryBelow: 200e6 },
  ],
};
