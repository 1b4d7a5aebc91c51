// What rows of several formats do, whatever the format.

import type { TensorFile } from "@modelbytes/tensor";
import { expectEqual } from "../expect.ts";
import type { Input, Work } from "../question.ts";
import { expectBytes } from "./checkpoint-inputs.ts";

type Open = (path: string) => Promise<TensorFile>;

/** Opens and reads every tensor into an array of its own, or into memory that is used again; drops it, or keeps it. */
export function streamAll(open: Open, keep: boolean, reuseMemory = false): (input: Input) => Promise<Work> {
  return async (input) => ({
    run: async () => {
      await using file = await open(input.path);
      const kept: unknown[] = [];
      let total = 0;
      for await (const [, { data }] of file.stream({ reuseMemory })) {
        if (keep) kept.push(data);
        total += "byteLength" in data ? data.byteLength : 0;
      }
      expectBytes(total, input);
    },
  });
}

/** Opens and looks at the name, dtype and shape of every tensor. */
export function openAndList(open: Open): (input: Input) => Promise<Work> {
  return async ({ path, items }) => ({
    run: async () => {
      await using file = await open(path);
      let found = 0;
      for (const { dtype, shape } of file.entries.values()) if (dtype !== "string" && shape.length < 9) found++;
      expectEqual("tensors", found, items);
    },
  });
}
