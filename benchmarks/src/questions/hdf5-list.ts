// How long does it take to open a model of 300 layers with its optimizer and to have all names, types and shapes?
//
// A browser without modelbytes starts libhdf5 first, which is what "h5wasm, new process" mostly does.

import { readFile } from "node:fs/promises";
import { openKerasHdf5 } from "@modelbytes/keras-hdf5";
import type { Input, Question, Row, Work } from "../question.ts";
import { deepModel, manyDatasets } from "./hdf5-inputs.ts";
import { listWithH5wasm, listWithJsfive } from "./hdf5-rivals.ts";
import { openAndList } from "./tensor-work.ts";

async function readWhole({ path }: Input): Promise<Work> {
  return {
    run: async () => {
      await readFile(path);
    },
  };
}

const ours = openAndList(openKerasHdf5);

/** Of 100 to 10,000 datasets; the deep model has 1802. */
const COUNTS = [100, 1000, 10_000];
const QUICK_COUNTS = [100];

const ROWS: readonly Row[] = [
  { name: "openKerasHdf5", kind: "ours", work: ours },
  { name: "h5py", kind: "rival", work: "hdf5.list_datasets" },
  { name: "h5wasm", kind: "rival", work: listWithH5wasm },
  { name: "jsfive", kind: "rival", work: listWithJsfive },
  { name: "read the file", kind: "floor", work: readWhole },
];

export const hdf5List: Question = {
  name: "hdf5-list",
  title: "Open an HDF5 model and list its tensors",
  unit: "tensors",
  inputs: deepModel,
  rows: [
    ...ROWS,
    { name: "openKerasHdf5, new process", kind: "ours", work: ours, fresh: true },
    { name: "h5py, new process", kind: "rival", work: "hdf5.list_datasets", fresh: true },
    { name: "h5wasm, new process", kind: "rival", work: listWithH5wasm, fresh: true },
    { name: "jsfive, new process", kind: "rival", work: listWithJsfive, fresh: true },
  ],
  bars: [
    { row: "openKerasHdf5", against: "h5py", atLeast: 1 },
    { row: "openKerasHdf5", against: "h5wasm", atLeast: 5 },
    { row: "openKerasHdf5, new process", against: "h5wasm, new process", atLeast: 5 },
  ],
};

export const hdf5ListMany: Question = {
  name: "hdf5-list-many",
  title: "Open weights of few and many tensors in HDF5 and list them",
  unit: "tensors",
  growth: "items",
  inputs: async (inputs) => {
    const counts = inputs.scale.quick ? QUICK_COUNTS : COUNTS;
    return await Promise.all(counts.map((count) => manyDatasets(inputs, count)));
  },
  rows: ROWS,
  bars: [{ row: "openKerasHdf5", against: "h5py", atLeast: 1 }],
};
