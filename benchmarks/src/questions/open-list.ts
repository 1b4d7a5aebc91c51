// How long does it take to open a checkpoint of many tensors and to have their names, types and shapes?
//
// "new process" is the first time in a process, its modules loaded: what a command or a script sees. The floor reads the index.

import { openBundle } from "@modelbytes/tensor-bundle";
import type { Question } from "../question.ts";
import { manyTensors } from "./checkpoint-inputs.ts";
import { readIndex } from "./floors.ts";
import { openAndList } from "./tensor-work.ts";

/** How many times the many small tensors: 100 to a million, where they are 50,000. */
const TIMES = [1 / 500, 1 / 50, 1 / 5, 1, 20];

const ours = openAndList(openBundle);

export const openList: Question = {
  name: "open-list",
  title: "Open a checkpoint and list its tensors",
  unit: "tensors",
  growth: "items",
  inputs: async (inputs) => {
    const { tensors, quick } = inputs.scale;
    const counts = (quick ? [1] : TIMES).map((times) => tensors * times);
    return await Promise.all(
      counts.map(async (count) => ({ ...(await manyTensors(inputs, count)), judged: count >= tensors })),
    );
  },
  rows: [
    { name: "openBundle", kind: "ours", work: ours },
    { name: "TensorFlow", kind: "rival", work: "checkpoint.open_and_list" },
    { name: "read the index", kind: "floor", work: readIndex },
    { name: "openBundle, new process", kind: "ours", work: ours, fresh: true },
    { name: "TensorFlow, new process", kind: "rival", work: "checkpoint.open_and_list", fresh: true },
  ],
  bars: [
    { row: "openBundle", against: "TensorFlow", atLeast: 2 },
    { row: "openBundle, new process", against: "TensorFlow, new process", atLeast: 2 },
  ],
};
