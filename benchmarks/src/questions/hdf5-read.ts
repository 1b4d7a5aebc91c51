// How fast are all values of a large HDF5 file read?
//
// "reused memory" reads each dataset into the memory of the last, as h5py's `read_direct` can and
// Keras does with the variables of a model that is there. "all kept" is how a model is loaded.
// jsfive makes a JavaScript number of each element, seconds for each GB, and takes no part.

import { isTensor, openHdf5 } from "@modelbytes/hdf5";
import { openKerasHdf5 } from "@modelbytes/keras-hdf5";
import type { Input, Question, Work } from "../question.ts";
import { expectBytes } from "./checkpoint-inputs.ts";
import { CONCURRENCY, ownFile, readIntoNewMemory, readIntoOneBuffer } from "./floors.ts";
import { largeHdf5 } from "./hdf5-inputs.ts";
import { readAllWithH5wasm } from "./hdf5-rivals.ts";
import { streamAll } from "./tensor-work.ts";

async function readIntoReused(input: Input): Promise<Work> {
  const scratch = new Uint8Array(input.bytes / input.items);
  return {
    run: async () => {
      await using file = await openHdf5(input.path);
      let total = 0;
      for await (const { kind, path } of file.walk()) {
        if (kind !== "dataset") continue;
        const value = await file.read(path, { scratch });
        if (isTensor(value) && "byteLength" in value.data) total += value.data.byteLength;
      }
      expectBytes(total, input);
    },
  };
}

export const hdf5Read: Question = {
  name: "hdf5-read",
  title: "Read all of an HDF5 file",
  unit: "bytes",
  inputs: async (inputs) => [await largeHdf5(inputs)],
  rows: [
    { name: "read, reused memory", kind: "ours", work: readIntoReused },
    { name: "h5py, read_direct", kind: "rival", work: "hdf5.read_reused" },
    { name: "Keras, load_weights", kind: "rival", work: "keras_weights.load" },
    { name: "fs.read, reused memory", kind: "floor", work: readIntoOneBuffer((input) => [ownFile(input)]) },
    { name: "stream, new memory", kind: "ours", work: streamAll(openKerasHdf5, false) },
    { name: "h5py, new memory", kind: "rival", work: "hdf5.read_fresh" },
    { name: "h5wasm, new memory", kind: "rival", work: readAllWithH5wasm },
    { name: "fs.read, new memory", kind: "floor", work: readIntoNewMemory(ownFile, CONCURRENCY, false) },
    { name: "stream, new process, all kept", kind: "ours", work: streamAll(openKerasHdf5, true), fresh: true },
    { name: "h5py, new process, all kept", kind: "rival", work: "hdf5.keep_all", fresh: true },
    {
      name: "fs.read, new process, all kept",
      kind: "floor",
      work: readIntoNewMemory(ownFile, CONCURRENCY, true),
      fresh: true,
    },
  ],
  bars: [
    { row: "read, reused memory", against: "h5py, read_direct", atLeast: 1 },
    { row: "stream, new memory", against: "h5py, new memory", atLeast: 1 },
    { row: "stream, new process, all kept", against: "h5py, new process, all kept", atLeast: 1 },
  ],
};
