// How fast are all tensors loaded into arrays of their own, every checksum checked?
//
// "new process, all kept" is how a model is loaded: once, and every array stays. The other rows drop each array as soon as it is
// there, again and again; there Python's allocator hands the memory of the last array to the next, as "reused memory" does here.
// The floor reads as many bytes into as many new arrays, and checks nothing.

import { openBundle } from "@modelbytes/tensor-bundle";
import type { Question } from "../question.ts";
import { dataFileOf, largeCheckpoint } from "./checkpoint-inputs.ts";
import { CONCURRENCY, readIntoNewMemory } from "./floors.ts";
import { streamAll } from "./tensor-work.ts";

export const stream: Question = {
  name: "stream",
  title: "Load every tensor into new memory, checksums on",
  unit: "bytes",
  inputs: async (inputs) => [await largeCheckpoint(inputs, inputs.scale.bytes)],
  rows: [
    { name: "stream", kind: "ours", work: streamAll(openBundle, false) },
    { name: "stream, reused memory", kind: "ours", work: streamAll(openBundle, false, true) },
    { name: "TensorFlow, load all", kind: "rival", work: "checkpoint.load_all" },
    { name: "fs.read, new memory", kind: "floor", work: readIntoNewMemory(dataFileOf, 1, false) },
    {
      name: "fs.read, new memory, 4 at a time",
      kind: "floor",
      work: readIntoNewMemory(dataFileOf, CONCURRENCY, false),
    },
    { name: "stream, new process, all kept", kind: "ours", work: streamAll(openBundle, true), fresh: true },
    { name: "TensorFlow, new process, all kept", kind: "rival", work: "checkpoint.keep_all", fresh: true },
    {
      name: "fs.read, new process, all kept",
      kind: "floor",
      work: readIntoNewMemory(dataFileOf, CONCURRENCY, true),
      fresh: true,
    },
  ],
  bars: [
    { row: "stream", against: "TensorFlow, load all", atLeast: 2 },
    { row: "stream, reused memory", against: "TensorFlow, load all", atLeast: 2 },
    { row: "stream, new process, all kept", against: "TensorFlow, new process, all kept", atLeast: 2 },
    { row: "stream", against: "fs.read, new memory, 4 at a time", atLeast: 0.9 },
  ],
};
