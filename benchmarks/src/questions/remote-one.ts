// What does it take to have one tensor of many out of a checkpoint behind HTTP?
//
// Python TensorFlow reads no http:// paths; whoever has only that downloads the files.

import { openBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Question, Work } from "../question.ts";
import { dataFile, manyTensors } from "./checkpoint-inputs.ts";
import { counted, download, served } from "./remote.ts";

function tensorBytes({ bytes, items }: Input): number {
  return bytes / items;
}

async function readOne(input: Input): Promise<Work> {
  const name = "model/layer_with_weights-100/variable_7/.ATTRIBUTES/VARIABLE_VALUE";
  return counted(input.path, async (url) => {
    await using bundle = await openBundle(new URL(url));
    const { data } = await bundle.read(name, { dtype: "float32" });
    expectEqual("bytes", data.byteLength, tensorBytes(input));
  });
}

async function downloadAll(input: Input): Promise<Work> {
  return counted(input.path, async (url) => {
    await download(`${url}.index`);
    expectEqual("bytes", await download(dataFile(url)), input.bytes);
  });
}

async function plainRequests(input: Input): Promise<Work> {
  return counted(input.path, async (url) => {
    await download(`${url}.index`);
    const bytes = await download(dataFile(url), `bytes=0-${tensorBytes(input) - 1}`);
    expectEqual("bytes", bytes, tensorBytes(input));
  });
}

export const remoteOne: Question = {
  name: "remote-one",
  title: "Read one tensor of many over HTTP",
  unit: "times",
  inputs: async (inputs) => {
    const input = await manyTensors(inputs);
    return [await served(inputs, { ...input, label: `one of ${input.label}` })];
  },
  rows: [
    { name: "open, read", kind: "ours", work: readOne },
    { name: "download both files, open nothing", kind: "rival", work: downloadAll },
    { name: "fetch the index, fetch the tensor", kind: "floor", work: plainRequests },
  ],
  bars: [{ row: "open, read", count: "requests", atMost: 4 }],
};
