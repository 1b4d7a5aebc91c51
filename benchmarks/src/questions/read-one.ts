// How long does it take to have one tensor of very many, in a process that has done nothing yet?

import { openBundle } from "@modelbytes/tensor-bundle";
import { CountingSource } from "../counting-source.ts";
import { expectEqual } from "../expect.ts";
import type { Counts, Input, Inputs, Question, Work } from "../question.ts";
import { dataFile, manyTensors } from "./checkpoint-inputs.ts";

/** How many times the many small tensors: a million beside 50,000. */
const TIMES = 20;

async function veryMany(inputs: Inputs): Promise<Input[]> {
  const { path, label, items, bytes } = await manyTensors(inputs, TIMES * inputs.scale.tensors);
  const name = `model/layer_with_weights-${items / 20}/variable_7/.ATTRIBUTES/VARIABLE_VALUE`;
  return [{ path, label: `one of ${label}`, items, bytes: bytes / items, name, judged: true }];
}

async function readOne({ path, name = "", bytes }: Input): Promise<Work> {
  let counts: Counts = {};
  return {
    run: async () => {
      const index = new CountingSource(`${path}.index`);
      const data = new CountingSource(dataFile(path));
      await using bundle = await openBundle({ index, data: [data] }, { names: [name] });
      const tensor = await bundle.read(name, { dtype: "float32" });
      expectEqual("bytes", tensor.data.byteLength, bytes);
      const sum = (count: string) => (index.counts[count] ?? 0) + (data.counts[count] ?? 0);
      counts = { reads: sum("reads"), bytes: sum("bytes") };
      await Promise.all([index.close(), data.close()]);
    },
    counts: async () => counts,
  };
}

export const readOneOfMany: Question = {
  name: "read-one",
  title: "Read one tensor of very many, in a new process",
  unit: "times",
  inputs: veryMany,
  rows: [
    { name: "openBundle, read", kind: "ours", work: readOne, fresh: true },
    { name: "TensorFlow", kind: "rival", work: "checkpoint.read_one", fresh: true },
  ],
  bars: [
    { row: "openBundle, read", within: 0.1 },
    { row: "openBundle, read", count: "bytes", atMost: 4e6 },
    { row: "openBundle, read", against: "TensorFlow", atLeast: 1 },
  ],
};
