// How fast is a checkpoint copied by reading, checking and writing every tensor, and in how much memory?

import { copyFile } from "node:fs/promises";
import { openBundle, writeBundle } from "@modelbytes/tensor-bundle";
import type { Input, Question, Work } from "../question.ts";
import { dataFile, expectBytes, LARGE_TENSORS, largeCheckpoint } from "./checkpoint-inputs.ts";

async function copyBundle(input: Input): Promise<Work> {
  return {
    run: async () => {
      await using bundle = await openBundle(input.path);
      expectBytes((await writeBundle(`${input.path}-copy`, bundle.stream())).bytes, input);
    },
  };
}

async function copyRaw({ path }: Input): Promise<Work> {
  return { run: () => copyFile(dataFile(path), `${path}-raw`) };
}

export const copy: Question = {
  name: "copy",
  title: "Copy a checkpoint, every checksum checked",
  unit: "bytes",
  inputs: async (inputs) => {
    await inputs.scratch.needs(9 * inputs.scale.bytes);
    return [await largeCheckpoint(inputs, 3 * inputs.scale.bytes, 3 * LARGE_TENSORS)];
  },
  rows: [
    { name: "writeBundle(bundle.stream())", kind: "ours", work: copyBundle },
    { name: "fs.copyFile", kind: "floor", work: copyRaw },
  ],
  bars: [{ row: "writeBundle(bundle.stream())", memoryBelow: 250e6 }],
};
