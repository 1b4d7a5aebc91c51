// Does it matter in how many data files a checkpoint is?

import type { Question } from "../question.ts";
import { countText } from "../units.ts";
import { dataFilesOf, LARGE_TENSORS, largeCheckpoint } from "./checkpoint-inputs.ts";
import { readIntoOneBuffer } from "./floors.ts";
import { verifyAll } from "./verify.ts";

const SHARDS = [1, 4, 16, 64];
const QUICK_SHARDS = [16];

export const shards: Question = {
  name: "shards",
  title: "Check every byte of a checkpoint in several data files",
  unit: "bytes",
  growth: "shards",
  inputs: async (inputs) => {
    const { bytes, quick } = inputs.scale;
    const counts = quick ? QUICK_SHARDS : SHARDS;
    const made = counts.map(async (shards) => {
      const input = await largeCheckpoint(inputs, bytes, LARGE_TENSORS, shards);
      const label = `${input.label}, ${countText(shards)} data file${shards === 1 ? "" : "s"}`;
      return { ...input, label, shards, judged: shards === SHARDS.at(-1) };
    });
    return await Promise.all(made);
  },
  rows: [
    { name: "verify", kind: "ours", work: verifyAll },
    { name: "TensorFlow, load all", kind: "rival", work: "checkpoint.load_all" },
    { name: "fs.read, one buffer", kind: "floor", work: readIntoOneBuffer(dataFilesOf) },
  ],
  bars: [{ row: "verify", against: "TensorFlow, load all", atLeast: 5 }],
};
