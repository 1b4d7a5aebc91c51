// What does it cost that an index is compressed? TensorFlow has not written such an index since 1.2, but reads it.

import { readFile } from "node:fs/promises";
import { openBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Question, Work } from "../question.ts";
import { manyTensors } from "./checkpoint-inputs.ts";
import { readIndex } from "./floors.ts";
import { openAndList } from "./tensor-work.ts";

/** Decompresses the blocks of the index and knows nothing of what is in them. */
function uncompressBlocks(
  uncompressOf: () => Promise<(block: Uint8Array) => Uint8Array>,
): (input: Input) => Promise<Work> {
  return async ({ path }) => {
    const uncompress = await uncompressOf();
    const index = await readFile(`${path}.index`);
    const places: [offset: number, size: number][] = JSON.parse(await readFile(`${path}.index.blocks`, "utf8"));
    const blocks = places.map(([offset, size]) => index.subarray(offset, offset + size));
    return {
      run: () => {
        for (const block of blocks)
          expectEqual("bytes of a block", uncompress(block).length, uncompressedLength(block));
      },
    };
  };
}

/** Snappy begins with it, as a varint. */
function uncompressedLength(block: Uint8Array): number {
  let length = 0;
  for (let at = 0; ; at++) {
    const byte = block[at] ?? 0;
    length += (byte & 127) * 128 ** at;
    if (byte < 128) return length;
  }
}

const snappyjs = async () => (await import("snappyjs")).default.uncompress;
const snappy = async () => {
  const { uncompressSync } = await import("snappy");
  return (block: Uint8Array) => {
    const bytes = uncompressSync(block);
    return typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  };
};

export const openSnappy: Question = {
  name: "open-snappy",
  title: "Open a checkpoint whose index is compressed and list its tensors",
  unit: "tensors",
  inputs: async (inputs) => [await manyTensors(inputs, inputs.scale.tensors, true)],
  rows: [
    { name: "openBundle", kind: "ours", work: openAndList(openBundle) },
    { name: "TensorFlow", kind: "rival", work: "checkpoint.open_and_list" },
    { name: "snappyjs, uncompress the blocks", kind: "rival", work: uncompressBlocks(snappyjs) },
    { name: "snappy (native), uncompress the blocks", kind: "rival", work: uncompressBlocks(snappy) },
    { name: "read the index", kind: "floor", work: readIndex },
  ],
  bars: [{ row: "openBundle", against: "TensorFlow", atLeast: 2 }],
};
