// The floors of reading: the same bytes of the same file, into the same number of arrays, and nothing else.

import { open, readFile } from "node:fs/promises";
import type { Input, Work } from "../question.ts";
import { expectBytes } from "./checkpoint-inputs.ts";

/** Reads under way at once, as in `stream`. */
export const CONCURRENCY = 4;

/** Of all powers of two, the floor is lowest with this buffer: it stays in the cache. */
const BUFFER_BYTES = 2 ** 22;

/** Reads files to their ends into one buffer again and again. */
export function readIntoOneBuffer(
  filesOf: (input: Input) => readonly string[],
  bufferBytes: number = BUFFER_BYTES,
): (input: Input) => Promise<Work> {
  return async (input) => {
    const buffer = new Uint8Array(bufferBytes);
    return {
      run: async () => {
        let total = 0;
        for (const path of filesOf(input)) {
          const file = await open(path);
          while (total < input.bytes) {
            const { bytesRead } = await file.read(buffer, 0, Math.min(bufferBytes, input.bytes - total));
            if (bytesRead === 0) break;
            total += bytesRead;
          }
          await file.close();
        }
        expectBytes(total, input);
      },
    };
  };
}

/** Reads a file into as many new arrays as the input has items. */
export function readIntoNewMemory(
  fileOf: (input: Input) => string,
  concurrency: number,
  keep: boolean,
): (input: Input) => Promise<Work> {
  return async (input) => ({
    run: async () => {
      const file = await open(fileOf(input));
      const length = input.bytes / input.items;
      const kept: unknown[] = [];
      let next = 0;
      let total = 0;
      const readSome = async () => {
        while (next < input.items) {
          const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, length * next++);
          if (keep) kept.push(buffer);
          total += bytesRead;
        }
      };
      await Promise.all(Array.from({ length: concurrency }, readSome));
      await file.close();
      expectBytes(total, input);
    },
  });
}

/** Reads the index of a checkpoint. */
export async function readIndex({ path }: Input): Promise<Work> {
  return {
    run: async () => {
      await readFile(`${path}.index`);
    },
  };
}

/** The file of an input that is a file. */
export function ownFile({ path }: Input): string {
  return path;
}
