// How fast are very many small tensors loaded, every checksum checked? No byte matters here, only what each tensor costs.

import { readFile } from "node:fs/promises";
import { openBundle } from "@modelbytes/tensor-bundle";
import type { Input, Question, Work } from "../question.ts";
import { dataFile, manyTensors } from "./checkpoint-inputs.ts";
import { streamAll } from "./tensor-work.ts";

const ours = streamAll(openBundle, false);

async function readBothFiles({ path }: Input): Promise<Work> {
  return {
    run: async () => {
      await readFile(`${path}.index`);
      await readFile(dataFile(path));
    },
  };
}

export const streamMany: Question = {
  name: "stream-many",
  title: "Load very many small tensors, checksums on",
  unit: "tensors",
  inputs: async (inputs) => [await manyTensors(inputs)],
  rows: [
    { name: "stream", kind: "ours", work: ours },
    { name: "TensorFlow, load all", kind: "rival", work: "checkpoint.load_all" },
    { name: "read both files", kind: "floor", work: readBothFiles },
    { name: "stream, new process", kind: "ours", work: ours, fresh: true },
    { name: "TensorFlow, new process", kind: "rival", work: "checkpoint.load_all", fresh: true },
  ],
  bars: [{ row: "stream", against: "TensorFlow, load all", atLeast: 1 }],
};
