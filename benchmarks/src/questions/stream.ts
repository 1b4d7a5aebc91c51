// How fast are all tensors loaded into arrays of their own, every checksum checked?
//
// "new process, all kept" is how a model is loaded: once, and every array stays. The other rows drop each array as soon as it is
// there, again and again; there Python's allocator hands the memory of the last array to the next, which no caller may rely on.
// The floor reads as many bytes into as many new arrays, and checks nothing.

import { open } from "node:fs/promises";
import { openBundle } from "@modelbytes/tensor-bundle";
import type { Input, Question, Work } from "../question.ts";
import { dataFile, expectBytes, LARGE_TENSORS, largeCheckpoint } from "./checkpoint-inputs.ts";

/** Reads under way at once in the floor, as in `stream`. */
const CONCURRENCY = 4;

function streamAll(keep: boolean): (input: Input) => Promise<Work> {
  return async (input) => ({
    run: async () => {
      await using bundle = await openBundle(input.path);
      const kept: unknown[] = [];
      let total = 0;
      for await (const [, { data }] of bundle.stream()) {
        if (keep) kept.push(data);
        total += "byteLength" in data ? data.byteLength : 0;
      }
      expectBytes(total, input);
    },
  });
}

function readIntoNewMemory(concurrency: number, keep: boolean): (input: Input) => Promise<Work> {
  return async (input) => ({
    run: async () => {
      const file = await open(dataFile(input.path));
      const length = input.bytes / input.items;
      const kept: unknown[] = [];
      let next = 0;
      let total = 0;
      const readSome = async () => {
        while (next < input.items) {
          const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, length * next++);
          if (keep) kept.push(buffer);
          total += bytesRead;
        }
      };
      await Promise.all(Array.from({ length: concurrency }, readSome));
      await file.close();
      expectBytes(total, input);
    },
  });
}

export const stream: Question = {
  name: "stream",
  title: "Load every tensor into new memory, checksums on",
  unit: "bytes",
  inputs: async (inputs) => [await largeCheckpoint(inputs, inputs.scale.bytes, LARGE_TENSORS)],
  rows: [
    { name: "stream", kind: "ours", work: streamAll(false) },
    { name: "TensorFlow, load all", kind: "rival", work: "load_all" },
    { name: "fs.read, new memory", kind: "floor", work: readIntoNewMemory(1, false) },
    { name: "fs.read, new memory, 4 at a time", kind: "floor", work: readIntoNewMemory(CONCURRENCY, false) },
    { name: "stream, new process, all kept", kind: "ours", work: streamAll(true), fresh: true },
    { name: "TensorFlow, new process, all kept", kind: "rival", work: "keep_all", fresh: true },
    { name: "fs.read, new process, all kept", kind: "floor", work: readIntoNewMemory(CONCURRENCY, true), fresh: true },
  ],
  bars: [
    { row: "stream", against: "TensorFlow, load all", atLeast: 1.5 },
    { row: "stream, new process, all kept", against: "TensorFlow, new process, all kept", atLeast: 1.5 },
  ],
};
