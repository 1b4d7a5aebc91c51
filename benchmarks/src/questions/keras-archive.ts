// How long does it take to open a large `.keras`, and to have its config and one weight?
//
// Keras itself takes all weights into memory. h5py on the open member reads no more than it needs, as modelbytes does.

import { toSink } from "@modelbytes/bytes";
import { openKerasArchive, writeKerasArchive } from "@modelbytes/keras-archive";
import { fromPlain, stringifyJson } from "@modelbytes/keras-config";
import { CountingSource } from "../counting-source.ts";
import { expectEqual } from "../expect.ts";
import type { Counts, Input, Inputs, Question, Work } from "../question.ts";
import { bytesText } from "../units.ts";
import { functionalConfig } from "./config-inputs.ts";
import { layerGroups } from "./hdf5-inputs.ts";

const LAYERS = 30;
const COLUMNS = 2048;

/** Half as large as the large files: 500 MB beside 1 GiB. */
async function largeArchive({ scratch, scale }: Inputs): Promise<Input[]> {
  const rows = scale.bytes / 2 / LAYERS / 4 / COLUMNS;
  const shape = { rows: Math.floor(rows), columns: COLUMNS };
  const path = await scratch.file("large.keras", scale.bytes / 2, async (path) => {
    const config = stringifyJson(fromPlain(functionalConfig(LAYERS)));
    await writeKerasArchive(toSink(path), { config, weights: { groups: layerGroups(LAYERS, shape) } });
  });
  const name = "layers/dense_10/vars/1";
  const label = `${bytesText(scale.bytes / 2)} in ${LAYERS} layers`;
  return [{ label, path, bytes: 4 * COLUMNS, items: 2 * LAYERS, name, judged: true }];
}

async function openAndReadOne({ path, name = "", bytes }: Input): Promise<Work> {
  let counts: Counts = {};
  return {
    run: async () => {
      const source = new CountingSource(path);
      await using archive = await openKerasArchive(source);
      archive.parseConfig();
      const { data } = await archive.read(name, { dtype: "float32" });
      expectEqual("bytes", data.byteLength, bytes);
      counts = source.counts;
      await source.close();
    },
    counts: async () => counts,
  };
}

export const kerasArchive: Question = {
  name: "keras-archive",
  title: "Open a .keras, read its config and one weight",
  unit: "times",
  inputs: largeArchive,
  rows: [
    { name: "openKerasArchive", kind: "ours", work: openAndReadOne },
    { name: "Python, zipfile and h5py", kind: "rival", work: "hdf5.open_archive" },
    { name: "Python, weights in memory", kind: "rival", work: "hdf5.open_archive_as_keras_does" },
    { name: "openKerasArchive, new process", kind: "ours", work: openAndReadOne, fresh: true },
    { name: "Python, zipfile and h5py, new process", kind: "rival", work: "hdf5.open_archive", fresh: true },
  ],
  bars: [
    { row: "openKerasArchive", within: 0.02 },
    { row: "openKerasArchive", count: "bytes", atMost: 1e6 },
    { row: "openKerasArchive", against: "Python, zipfile and h5py", atLeast: 1 },
  ],
};
