// How long does it take to have ten rows of a large tensor?
//
// The rival of checkpoints reads the tensor whole: TensorFlow takes a part of it by the name of a slice, but only after reading all.

import { openKerasHdf5, writeKerasWeights } from "@modelbytes/keras-hdf5";
import { lazyTensor, type TensorFile } from "@modelbytes/tensor";
import { openBundle, writeBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Inputs, Question, Work } from "../question.ts";
import { bytesText } from "../units.ts";

/** Rows that are read, and elements in each row. */
export const ROWS = 10;
export const COLUMNS = 1024;
export const ROW_BYTES: number = 4 * COLUMNS;

/** Rows that the writer is given at once. */
const PIECE_ROWS = 4096;

const NAME = "layers/embedding/vars/0";

/** One tensor of so many bytes. */
async function inBundle({ scratch, scale: { bytes } }: Inputs): Promise<[Input]> {
  const path = await scratch.file("rows", bytes, async (path) => {
    const piece = new Uint8Array(PIECE_ROWS * ROW_BYTES);
    const pieces = Array.from({ length: bytes / piece.length }, () => piece);
    await writeBundle(path, [[NAME, { dtype: "float32", shape: [bytes / ROW_BYTES, COLUMNS], pieces }]]);
  });
  return [{ label: `${ROWS} rows of ${bytesText(bytes)}`, path, bytes, items: ROWS, name: NAME, judged: true }];
}

/** The same tensor, converted. */
async function convert(from: string, to: string): Promise<void> {
  await using bundle = await openBundle(from);
  await writeKerasWeights(to, { groups: [{ path: "layers/embedding", vars: [["0", lazyTensor(bundle, NAME)]] }] });
}

async function inHdf5(inputs: Inputs): Promise<[Input]> {
  const [input] = await inBundle(inputs);
  return [
    { ...input, path: await inputs.scratch.file("rows.weights.h5", input.bytes, (path) => convert(input.path, path)) },
  ];
}

/** Reads rows from the middle. */
export function readRows(open: (path: string) => Promise<TensorFile>): (input: Input) => Promise<Work> {
  return async ({ path, bytes, name = "" }) => {
    const first = bytes / ROW_BYTES / 2;
    return {
      run: async () => {
        await using file = await open(path);
        const { data } = await file.read(name, { dtype: "float32", select: [[first, first + ROWS]] });
        expectEqual("elements", data.length, ROWS * COLUMNS);
      },
    };
  };
}

export const select: Question = {
  name: "select",
  title: "Read some rows of a large tensor",
  unit: "times",
  inputs: inBundle,
  rows: [
    { name: "read, select", kind: "ours", work: readRows(openBundle) },
    { name: "TensorFlow, slice", kind: "rival", work: "checkpoint.read_rows" },
  ],
  bars: [{ row: "read, select", against: "TensorFlow, slice", atLeast: 10 }],
};

export const hdf5Select: Question = {
  name: "hdf5-select",
  title: "Read some rows of a large dataset",
  unit: "times",
  inputs: inHdf5,
  rows: [
    { name: "read, select", kind: "ours", work: readRows(openKerasHdf5) },
    { name: "h5py", kind: "rival", work: "hdf5.read_rows" },
  ],
  bars: [{ row: "read, select", against: "h5py", atLeast: 1 }],
};
