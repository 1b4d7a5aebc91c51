// How much memory does it take to check a checkpoint? The same for any size and for any tensor.

import type { Question } from "../question.ts";
import { largeCheckpoint } from "./checkpoint-inputs.ts";
import { verifyAll } from "./verify.ts";

export const memory: Question = {
  name: "memory",
  title: "Peak memory of a check, in a new process",
  unit: "bytes",
  inputs: async (inputs) => {
    const { bytes } = inputs.scale;
    return [
      await largeCheckpoint(inputs, bytes / 16),
      await largeCheckpoint(inputs, bytes),
      await largeCheckpoint(inputs, bytes, 1),
    ];
  },
  rows: [{ name: "verify", kind: "ours", work: verifyAll, fresh: true }],
  bars: [{ row: "verify", memoryBelow: 250e6 }],
};
