// How fast is every byte of a checkpoint checked?
//
// Python TensorFlow has no verify; loading every tensor is its only way, and checks the same CRCs. Nobody can be faster than
// reading the file, page cache warm, into one buffer again and again.

import { openBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Question, Work } from "../question.ts";
import { dataFilesOf, largeCheckpoint } from "./checkpoint-inputs.ts";
import { readIntoOneBuffer } from "./floors.ts";

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

export const verify: Question = {
  name: "verify",
  title: "Check every byte of a checkpoint",
  unit: "bytes",
  growth: "bytes",
  inputs: async (inputs) => {
    const { bytes, quick } = inputs.scale;
    const sizes = quick ? [bytes] : [bytes / 512, bytes / 64, bytes / 8, bytes];
    return await Promise.all(
      sizes.map(async (size) => ({ ...(await largeCheckpoint(inputs, size)), judged: size === bytes })),
    );
  },
  rows: [
    { name: "verify", kind: "ours", work: verifyAll },
    { name: "TensorFlow, load all", kind: "rival", work: "checkpoint.load_all" },
    { name: "fs.read, one buffer", kind: "floor", work: readIntoOneBuffer(dataFilesOf) },
    { name: "verify, new process", kind: "ours", work: verifyAll, fresh: true },
    { name: "TensorFlow, new process", kind: "rival", work: "checkpoint.load_all", fresh: true },
  ],
  bars: [
    { row: "verify", against: "TensorFlow, load all", atLeast: 5 },
    { row: "verify", against: "fs.read, one buffer", atLeast: 0.85 },
    { row: "verify", sameRateAs: 2 ** 30, atLeast: 0.9 },
    { row: "verify", memoryBelow: 250e6 },
  ],
};
