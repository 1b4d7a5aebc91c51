// How fast is a tensor of many short strings read, such as a vocabulary?

import { openBundle } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Inputs, Question, Work } from "../question.ts";
import { countText } from "../units.ts";

/** Strings for each of the many small tensors: a million beside 50,000. */
const PER_TENSOR = 20;

async function vocabulary({ scratch, scale }: Inputs): Promise<Input[]> {
  const items = PER_TENSOR * scale.tensors;
  const path = await scratch.checkpoint("vocabulary", 16 * items, { strings: items });
  return [{ label: `${countText(items)} strings`, path, bytes: 16 * items, items, judged: true }];
}

async function readStrings({ path, items }: Input): Promise<Work> {
  return {
    run: async () => {
      await using bundle = await openBundle(path);
      const { data } = await bundle.read("vocabulary", { dtype: "string" });
      expectEqual("strings", data.length, items);
      expectEqual("bytes of the last", data.at(-1)?.length ?? 0, `word ${items - 1}`.length);
    },
  };
}

export const strings: Question = {
  name: "strings",
  title: "Read a tensor of short strings",
  unit: "strings",
  inputs: vocabulary,
  rows: [
    { name: "read", kind: "ours", work: readStrings },
    { name: "TensorFlow", kind: "rival", work: "checkpoint.read_strings" },
    { name: "read, new process", kind: "ours", work: readStrings, fresh: true },
    { name: "TensorFlow, new process", kind: "rival", work: "checkpoint.read_strings", fresh: true },
  ],
  bars: [{ row: "read", against: "TensorFlow", atLeast: 1 }],
};
