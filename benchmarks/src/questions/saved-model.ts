// How fast is the graph of a large SavedModel opened, indexed, decoded, and written again?
//
// All rows begin with the bytes in memory. The rivals have to decode all of them before they know anything.

import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MetaGraph } from "@modelbytes/saved-model";
import { decodeMessage, encodeMessage, indexRecords, openTree } from "@modelbytes/tf-proto";
import { SavedModel } from "@modelbytes/tf-proto/messages";
import { expectEqual } from "../expect.ts";
import type { Input, Inputs, Question, Work } from "../question.ts";
import { bytesText } from "../units.ts";
import { prepareRivals, withBufbuild, withProtobufjs } from "./graph-rivals.ts";

const SMALL = fileURLToPath(new URL("../../../fixtures/saved-model/keras-3-export/model", import.meta.url));

/** EfficientNetB7, or in a hurry a small one that is there already. */
async function largeModel({ scale, scratch }: Inputs): Promise<Input[]> {
  const folder = scale.quick ? SMALL : await scratch.savedModel();
  const path = `${folder}/saved_model.pb`;
  const { size } = await stat(path);
  await prepareRivals(scratch);
  const label = `saved_model.pb of ${bytesText(size)}`;
  return [{ label, path, bytes: size, items: 1, prepared: scratch.folder, judged: true }];
}

async function openOnly({ path }: Input): Promise<Work> {
  const bytes = await readFile(path);
  return { run: () => expectEqual("MetaGraphs", openTree(SavedModel, bytes).messages("metaGraphs").length, 1) };
}

async function listSignatures({ path }: Input): Promise<Work> {
  const bytes = await readFile(path);
  return {
    run: () => {
      const [tree] = openTree(SavedModel, bytes).messages("metaGraphs");
      const names = tree === undefined ? [] : [...new MetaGraph(tree, 0, {}).signatures.keys()];
      expectEqual("signatures", names.filter((name) => name === "serving_default").length, 1);
    },
  };
}

async function indexAll({ path }: Input): Promise<Work> {
  const bytes = await readFile(path);
  const records = indexRecords(SavedModel, bytes).count; // one in about nine bytes
  return { run: () => expectEqual("records", indexRecords(SavedModel, bytes).count, records) };
}

async function decodeAll({ path }: Input): Promise<Work> {
  const bytes = await readFile(path);
  return { run: () => expectEqual("MetaGraphs", decodeMessage(SavedModel, bytes).metaGraphs.length, 1) };
}

async function roundTrip({ path, bytes: size }: Input): Promise<Work> {
  const bytes = await readFile(path);
  return {
    run: () => expectEqual("bytes", encodeMessage(SavedModel, decodeMessage(SavedModel, bytes)).length, size),
  };
}

async function editAndCopy({ path, bytes: size }: Input): Promise<Work> {
  const bytes = await readFile(path);
  return {
    run: () => {
      const tree = openTree(SavedModel, bytes);
      tree.messages("metaGraphs")[0]?.renameEntry("signatureDef", "serving_default", "serving_edited!");
      expectEqual("bytes", tree.encode().length, size);
    },
  };
}

export const savedModel: Question = {
  name: "saved-model",
  title: "Open the graph of a SavedModel",
  unit: "bytes",
  inputs: largeModel,
  rows: [
    { name: "open", kind: "ours", work: openOnly },
    { name: "open, list signatures", kind: "ours", work: listSignatures },
    { name: "index every record", kind: "ours", work: indexAll },
    { name: "rename a signature, write again", kind: "ours", work: editAndCopy },
    { name: "decode all", kind: "ours", work: decodeAll },
    { name: "decode all, encode all", kind: "ours", work: roundTrip },
    { name: "Python, SavedModel.FromString", kind: "rival", work: "checkpoint.parse_saved_model" },
    { name: "Python, and SerializeToString", kind: "rival", work: "checkpoint.rewrite_saved_model" },
    { name: "protobufjs static, decode", kind: "rival", work: withProtobufjs(false) },
    { name: "protobufjs static, decode and encode", kind: "rival", work: withProtobufjs(true) },
    { name: "@bufbuild/protobuf, fromBinary", kind: "rival", work: withBufbuild(false) },
    { name: "@bufbuild/protobuf, and toBinary", kind: "rival", work: withBufbuild(true) },
  ],
  bars: [
    { row: "open, list signatures", against: "Python, SavedModel.FromString", atLeast: 10 },
    { row: "index every record", against: "Python, SavedModel.FromString", atLeast: 1 },
    { row: "rename a signature, write again", within: 0.05 },
  ],
};
