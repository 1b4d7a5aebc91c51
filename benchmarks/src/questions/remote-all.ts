// What does it take to load a whole checkpoint from behind HTTP, every checksum checked?

import { openBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Question, Work } from "../question.ts";
import { dataFile, expectBytes, largeCheckpoint } from "./checkpoint-inputs.ts";
import { counted, download, served } from "./remote.ts";

/** The part of the large checkpoint that goes over the wire. */
const PART = 1 / 16;

async function streamAll(input: Input): Promise<Work> {
  return counted(input.path, async (url) => {
    await using bundle = await openBundle(new URL(url));
    let total = 0;
    for await (const [, { data }] of bundle.stream()) total += "byteLength" in data ? data.byteLength : 0;
    expectBytes(total, input);
  });
}

async function downloadAll({ path, bytes }: Input): Promise<Work> {
  return counted(path, async (url) => {
    await download(`${url}.index`);
    expectEqual("bytes", await download(dataFile(url)), bytes);
  });
}

export const remoteAll: Question = {
  name: "remote-all",
  title: "Load a checkpoint over HTTP, checksums on",
  unit: "bytes",
  inputs: async (inputs) => [await served(inputs, await largeCheckpoint(inputs, inputs.scale.bytes * PART))],
  rows: [
    { name: "open, stream", kind: "ours", work: streamAll },
    { name: "download both files, open nothing", kind: "floor", work: downloadAll },
  ],
  bars: [],
};
