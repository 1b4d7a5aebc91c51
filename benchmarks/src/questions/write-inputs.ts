// What the questions about writing share. All rows write beside what they wrote before and then take its name, so that the disk sees
// the same work. A disk that writes back while others still write makes one row wait for another's bytes, so the bars are about files in
// memory, where there is nothing but the writer; the rows of the disk stand beside them.

import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Input, Inputs, Work } from "../question.ts";
import { expectBytes, LARGE_TENSORS, largeLabel } from "./checkpoint-inputs.ts";

/** The values of each tensor: those of an input share them. */
export function values({ bytes, items }: Input): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: bytes / items / 4 }, (_, index) => index / 2);
}

/** The floor: the same bytes, one write for each tensor. */
export async function writeRaw(input: Input): Promise<Work> {
  const bytes = new Uint8Array(values(input).buffer);
  return {
    run: async () => {
      const path = `${input.path}-raw`;
      const file = await open(`${path}.new`, "w");
      let total = 0;
      for (let item = 0; item < input.items; item++) total += (await file.write(bytes)).bytesWritten;
      await file.close();
      await rename(`${path}.new`, path);
      expectBytes(total, input);
    },
  };
}

/** Files in memory where the host has room for what three rows keep and write, and files on the disk. */
export async function writeTargets({ scale, scratch }: Inputs): Promise<Input[]> {
  const what = largeLabel(scale.bytes, LARGE_TENSORS);
  const input = { bytes: scale.bytes, items: LARGE_TENSORS };
  const room = 4 * scale.bytes;
  const memory = await scratch.inMemory(2 * room);
  await scratch.needs(room);
  const onDisk = { ...input, label: `${what}, on the disk`, path: join(scratch.folder, "written") };
  if (memory === undefined) return [{ ...onDisk, judged: true }];
  const inMemory = { ...input, label: `${what}, files in memory`, path: join(memory, "written") };
  return [
    { ...inMemory, judged: true },
    { ...onDisk, judged: false },
  ];
}
