// A writer that pushes, read as pieces that are pulled.

import type { Sink } from "@modelbytes/bytes";
import { expect, test } from "vitest";
import { replayable } from "../src/pulled.ts";

const PIECES = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3), Uint8Array.of(4, 5, 6)];

async function writeAll(sink: Sink): Promise<void> {
  for (const piece of PIECES) await sink.write(piece);
  await sink.close();
}

async function joined(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const piece of pieces) all.push(...piece);
  return all;
}

test("gives what is written, each time from the start", async () => {
  const data = replayable(6, writeAll);
  expect(data.size).toBe(6);
  for (let pass = 0; pass < 2; pass++) expect(await joined(data.pieces())).toEqual([1, 2, 3, 4, 5, 6]);
});

test("also what is written at once, and by a writer that waits", async () => {
  const once = replayable(1, (sink) => sink.write(Uint8Array.of(1)));
  expect(await joined(once.pieces())).toEqual([1]);
  const slow = replayable(1, async (sink) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await sink.write(Uint8Array.of(7));
  });
  expect(await joined(slow.pieces())).toEqual([7]);
  expect(await joined(replayable(0, async () => {}).pieces())).toEqual([]);
});

test("holds the writer up until a piece is used", async () => {
  const buffer = new Uint8Array(1); // written to again and again
  const data = replayable(3, async (sink) => {
    for (const value of [1, 2, 3]) {
      buffer[0] = value;
      await sink.write(buffer);
    }
  });
  const seen: number[] = [];
  for await (const piece of data.pieces()) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(...piece);
  }
  expect(seen).toEqual([1, 2, 3]);
});

test("rejects with what the writer rejects with, even with nothing", async () => {
  const failing = replayable(3, async (sink) => {
    await sink.write(Uint8Array.of(1));
    throw undefined;
  });
  await expect(joined(failing.pieces())).rejects.toBe(undefined);
});

test("stops the writer where the loop is left", async () => {
  let ended: unknown;
  const data = replayable(6, async (sink) => {
    try {
      await writeAll(sink);
    } catch (error) {
      ended = error;
      throw error;
    }
  });
  for await (const piece of data.pieces()) {
    expect([...piece]).toEqual([1, 2]);
    break;
  }
  expect(ended).toBeInstanceOf(TypeError);
});
