// What does it take to have one tensor of many out of a checkpoint behind HTTP?
//
// A loopback server counts requests and bytes. Loopback has no latency, so the requests say more about a real network than the
// time does: each costs a round trip. Python TensorFlow reads no http:// paths; whoever has only that downloads the files.

import { openBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import { takeCounts } from "../file-server.ts";
import type { Counts, Input, Question, Work } from "../question.ts";
import { dataFile, manyTensors } from "./checkpoint-inputs.ts";

/** Counts per run what the server counts. */
function counted(url: string, once: () => Promise<void>): Work {
  let runs = 0;
  return {
    run: async () => {
      await once();
      runs++;
    },
    counts: async () => {
      const counts: Counts = await takeCounts(url);
      const perRun = Object.entries(counts).map(([name, count]) => [name, count / runs] as const);
      runs = 0;
      return Object.fromEntries(perRun);
    },
  };
}

function tensorBytes({ bytes, items }: Input): number {
  return bytes / items;
}

async function readOne(input: Input): Promise<Work> {
  const name = "model/layer_with_weights-100/variable_7/.ATTRIBUTES/VARIABLE_VALUE";
  return counted(input.path, async () => {
    await using bundle = await openBundle(new URL(input.path));
    const { data } = await bundle.read(name, { dtype: "float32" });
    expectEqual("bytes", data.byteLength, tensorBytes(input));
  });
}

async function download(url: string, range?: string): Promise<number> {
  const response = await fetch(url, range === undefined ? {} : { headers: { range } });
  return (await response.arrayBuffer()).byteLength;
}

async function downloadAll(input: Input): Promise<Work> {
  return counted(input.path, async () => {
    await download(`${input.path}.index`);
    expectEqual("bytes", await download(dataFile(input.path)), input.bytes);
  });
}

async function plainRequests(input: Input): Promise<Work> {
  return counted(input.path, async () => {
    await download(`${input.path}.index`);
    const bytes = await download(dataFile(input.path), `bytes=0-${tensorBytes(input) - 1}`);
    expectEqual("bytes", bytes, tensorBytes(input));
  });
}

export const remoteOne: Question = {
  name: "remote-one",
  title: "Read one tensor of many over HTTP",
  unit: "times",
  inputs: async (inputs) => {
    const input = await manyTensors(inputs);
    const url = new URL(input.path.slice(inputs.scratch.folder.length + 1), await inputs.server.url());
    return [{ ...input, label: `one of ${input.label}`, path: url.href }];
  },
  rows: [
    { name: "open, read", kind: "ours", work: readOne },
    { name: "download both files, open nothing", kind: "rival", work: downloadAll },
    { name: "fetch the index, fetch the tensor", kind: "floor", work: plainRequests },
  ],
  bars: [{ row: "open, read", count: "requests", atMost: 4 }],
};
