// How fast is a variable read that was saved in many slices, as TensorFlow 1 partitions large embeddings: whole, and a few rows of it?

import { openBundle } from "@modelbytes/tensor-bundle";
import type { Input, Inputs, Question, Work } from "../question.ts";
import { bytesText } from "../units.ts";
import { dataFileOf, expectBytes } from "./checkpoint-inputs.ts";
import { readIntoNewMemory } from "./floors.ts";
import { COLUMNS, ROW_BYTES, ROWS, readRows } from "./select.ts";

const NAME = "embedding/partitioned";
const SLICES = 256;

/** It is read whole, so that it must fit into memory. */
const MOST_BYTES = 2 ** 30;

/** One variable; the items are its slices. */
async function inSlices({ scratch, scale }: Inputs): Promise<Input> {
  const bytes = Math.min(scale.bytes, MOST_BYTES);
  const wanted = { rows: bytes / ROW_BYTES, columns: COLUMNS, slices: SLICES };
  const path = await scratch.checkpoint("partitioned", bytes, wanted);
  return { label: `${bytesText(bytes)} in ${SLICES} slices`, path, bytes, items: SLICES, name: NAME, judged: true };
}

async function readWhole(input: Input): Promise<Work> {
  return {
    run: async () => {
      await using bundle = await openBundle(input.path);
      expectBytes((await bundle.read(NAME, { dtype: "float32" })).data.byteLength, input);
    },
  };
}

export const partitioned: Question = {
  name: "partitioned",
  title: "Read a variable saved in many slices",
  unit: "bytes",
  inputs: async (inputs) => [await inSlices(inputs)],
  rows: [
    { name: "read", kind: "ours", work: readWhole },
    { name: "TensorFlow, get_tensor", kind: "rival", work: "checkpoint.read_one" },
    { name: "fs.read, new memory", kind: "floor", work: readIntoNewMemory(dataFileOf, 1, false) },
  ],
  bars: [{ row: "read", against: "TensorFlow, get_tensor", atLeast: 1 }],
};

export const partitionedRows: Question = {
  name: "partitioned-rows",
  title: "Read some rows of a variable saved in many slices",
  unit: "times",
  inputs: async (inputs) => {
    const input = await inSlices(inputs);
    return [{ ...input, label: `${ROWS} rows of ${input.label}`, items: ROWS }];
  },
  rows: [
    { name: "read, select", kind: "ours", work: readRows(openBundle) },
    { name: "TensorFlow, slice", kind: "rival", work: "checkpoint.read_rows" },
  ],
  bars: [{ row: "read, select", against: "TensorFlow, slice", atLeast: 1 }],
};
