// How fast are safetensors read, listed and written?

import { openSafetensors, writeSafetensors } from "@modelbytes/safetensors";
import { tensor } from "@modelbytes/tensor";
import type { Input, Inputs, Question, Work } from "../question.ts";
import { countText } from "../units.ts";
import { LARGE_TENSORS, largeLabel } from "./checkpoint-inputs.ts";
import { CONCURRENCY, ownFile, readIntoNewMemory } from "./floors.ts";
import { openAndList, streamAll } from "./tensor-work.ts";
import { values, writeRaw, writeTargets } from "./write-inputs.ts";

/** Elements of a tensor where they are many and small. */
const SMALL_ELEMENTS = 16;

/** Tensors that share their values. */
function* tensorsOf({ bytes, items }: Pick<Input, "bytes" | "items">) {
  const data = new Float32Array(bytes / items / 4).fill(0.5);
  for (let item = 0; item < items; item++) {
    yield [`layer_${item}/kernel`, tensor("float32", [data.length], data)] as const;
  }
}

async function written(
  { scratch }: Inputs,
  bytes: number,
  items: number,
): Promise<Pick<Input, "path" | "bytes" | "items">> {
  const path = await scratch.file(`${items}-${bytes}.safetensors`, bytes, async (path) => {
    await writeSafetensors(path, tensorsOf({ bytes, items }));
  });
  return { path, bytes, items };
}

async function writeTensors(input: Input): Promise<Work> {
  const data = values(input);
  const kernel = tensor("float32", [data.length], data);
  const tensors = Array.from({ length: input.items }, (_, item) => [`layer_${item}/kernel`, kernel] as const);
  return {
    run: async () => {
      const { bytes } = await writeSafetensors(`${input.path}-ours`, tensors);
      if (bytes < input.bytes) throw new Error(`${bytes} bytes written`);
    },
  };
}

const ours = openAndList(openSafetensors);

export const safetensorsRead: Question = {
  name: "safetensors-read",
  title: "Read all of a safetensors file",
  unit: "bytes",
  inputs: async (inputs) => {
    const { bytes } = inputs.scale;
    return [
      { ...(await written(inputs, bytes, LARGE_TENSORS)), label: largeLabel(bytes, LARGE_TENSORS), judged: true },
    ];
  },
  rows: [
    { name: "stream, new memory", kind: "ours", work: streamAll(openSafetensors, false) },
    { name: "Python, tensor by tensor", kind: "rival", work: "arrays.load_one_by_one" },
    { name: "fs.read, new memory", kind: "floor", work: readIntoNewMemory(ownFile, CONCURRENCY, false) },
    { name: "stream, new process, all kept", kind: "ours", work: streamAll(openSafetensors, true), fresh: true },
    { name: "Python, load_file, new process", kind: "rival", work: "arrays.load_all", fresh: true },
    {
      name: "fs.read, new process, all kept",
      kind: "floor",
      work: readIntoNewMemory(ownFile, CONCURRENCY, true),
      fresh: true,
    },
  ],
  bars: [
    { row: "stream, new memory", against: "Python, tensor by tensor", atLeast: 1 },
    { row: "stream, new process, all kept", against: "Python, load_file, new process", atLeast: 1 },
  ],
};

export const safetensorsList: Question = {
  name: "safetensors-list",
  title: "Open a safetensors file and list its tensors",
  unit: "tensors",
  inputs: async (inputs) => {
    const { tensors } = inputs.scale;
    const label = `${countText(tensors)} tensors`;
    return [{ ...(await written(inputs, tensors * SMALL_ELEMENTS * 4, tensors)), label, judged: true }];
  },
  rows: [
    { name: "openSafetensors", kind: "ours", work: ours },
    { name: "Python, safe_open", kind: "rival", work: "arrays.open_and_list" },
    { name: "openSafetensors, new process", kind: "ours", work: ours, fresh: true },
    { name: "Python, safe_open, new process", kind: "rival", work: "arrays.open_and_list", fresh: true },
  ],
  bars: [
    { row: "openSafetensors", against: "Python, safe_open", atLeast: 1 },
    { row: "openSafetensors, new process", against: "Python, safe_open, new process", atLeast: 1 },
  ],
};

export const safetensorsWrite: Question = {
  name: "safetensors-write",
  title: "Write a safetensors file",
  unit: "bytes",
  inputs: writeTargets,
  rows: [
    { name: "writeSafetensors", kind: "ours", work: writeTensors },
    { name: "Python, save_file", kind: "rival", work: "arrays.write" },
    { name: "fs.write", kind: "floor", work: writeRaw },
  ],
  bars: [{ row: "writeSafetensors", against: "Python, save_file", atLeast: 1 }],
};
