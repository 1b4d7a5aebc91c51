// How long does it take to open a checkpoint of many tensors and to have their names, types and shapes?
//
// "new process" is the first time in a process, its modules loaded: what a command or a script sees. The floor reads the index.

import { readFile } from "node:fs/promises";
import { openBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Question, Work } from "../question.ts";
import { manyTensors } from "./checkpoint-inputs.ts";

async function openAndList({ path, items }: Input): Promise<Work> {
  return {
    run: async () => {
      await using bundle = await openBundle(path);
      let found = 0;
      for (const { dtype, shape } of bundle.entries.values()) if (dtype === "float32" && shape.length === 1) found++;
      expectEqual("tensors", found, items);
    },
  };
}

async function readIndex({ path }: Input): Promise<Work> {
  return {
    run: async () => {
      await readFile(`${path}.index`);
    },
  };
}

export const openList: Question = {
  name: "open-list",
  title: "Open a checkpoint and list its tensors",
  unit: "tensors",
  inputs: async (inputs) => [await manyTensors(inputs)],
  rows: [
    { name: "openBundle", kind: "ours", work: openAndList },
    { name: "TensorFlow", kind: "rival", work: "open_and_list" },
    { name: "read the index", kind: "floor", work: readIndex },
    { name: "openBundle, new process", kind: "ours", work: openAndList, fresh: true },
    { name: "TensorFlow, new process", kind: "rival", work: "open_and_list", fresh: true },
  ],
  bars: [
    { row: "openBundle", against: "TensorFlow", atLeast: 1 },
    { row: "openBundle, new process", against: "TensorFlow, new process", atLeast: 1 },
  ],
};
