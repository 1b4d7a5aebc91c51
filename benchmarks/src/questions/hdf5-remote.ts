// What does it take to read one dataset of an HDF5 file behind HTTP, and to list all?
//
// Without ranges, whoever wants one dataset downloads the file.

import { openHdf5 } from "@modelbytes/hdf5";
import { openKerasHdf5 } from "@modelbytes/keras-hdf5";
import { expectEqual } from "../expect.ts";
import type { Input, Question, Work } from "../question.ts";
import { deepModel } from "./hdf5-inputs.ts";
import { counted, download, served } from "./remote.ts";

async function readOne({ path, name = "" }: Input): Promise<Work> {
  return counted(path, async (url) => {
    await using file = await openHdf5(new URL(url));
    const value = await file.read(name);
    if (!("dtype" in value) || value.dtype !== "float32") throw new Error(`${name} is ${JSON.stringify(value)}`);
  });
}

async function listAll({ path, items }: Input): Promise<Work> {
  return counted(path, async (url) => {
    await using file = await openKerasHdf5(new URL(url));
    expectEqual("tensors", file.entries.size, items);
  });
}

async function downloadAll({ path, bytes }: Input): Promise<Work> {
  return counted(path, async (url) => {
    if ((await download(url)) < bytes) throw new Error("the file is cut");
  });
}

export const hdf5Remote: Question = {
  name: "hdf5-remote",
  title: "Read an HDF5 model over HTTP",
  unit: "times",
  inputs: async (inputs) => await Promise.all((await deepModel(inputs)).map((input) => served(inputs, input))),
  rows: [
    { name: "open, read one dataset", kind: "ours", work: readOne },
    { name: "open, list all", kind: "ours", work: listAll },
    { name: "download the file, open nothing", kind: "rival", work: downloadAll },
  ],
  bars: [
    { row: "open, read one dataset", count: "requests", atMost: 6 },
    { row: "open, list all", count: "requests", atMost: 25 },
  ],
};
