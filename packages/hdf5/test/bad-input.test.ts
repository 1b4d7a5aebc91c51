// Damaged files: a typed error or a value, never a hang, and no wrong value where a checksum covers what is damaged.

import { readFileSync } from "node:fs";
import { ModelbytesError } from "@modelbytes/bytes";
import { openHdf5 } from "@modelbytes/hdf5";
import { describe, expect, test } from "vitest";
import { attempt, describeFile, FIXTURES, fixtures } from "./described.ts";

function bytesOf(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(`${FIXTURES}${file}`));
}

/** All that a file says, or the error of reading it. */
async function contents(bytes: Uint8Array): Promise<string> {
  const found = await attempt(async () => {
    await using file = await openHdf5(bytes, { engine: "classic" });
    return await describeFile(file);
  });
  return found instanceof ModelbytesError ? `${found.name} ${found.code}` : JSON.stringify(found);
}

function isError(said: string): boolean {
  return /^\w+Error /.test(said);
}

async function flipped(bytes: Uint8Array, at: number, xor: number): Promise<string> {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ xor;
  return await contents(copy);
}

describe.each(["small/earliest.h5", "small/latest.h5"])("%s", (name) => {
  const bytes = bytesOf(name);

  test("flipping every byte gives a value or a typed error", async () => {
    let errors = 0;
    for (let at = 0; at < bytes.length; at++) {
      if (isError(await flipped(bytes, at, [0x01, 0x80, 0xff][at % 3] ?? 0))) errors++;
    }
    expect(errors).toBeGreaterThan(bytes.length / 20);
  }, 60_000);

  test("cut at every length it is refused", async () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(await contents(bytes.subarray(0, length))).toMatch(/^CorruptError (not-hdf5|truncated)$/);
    }
  }, 60_000);
});

test("where everything has a checksum, no flipped bit gives another value", async () => {
  const bytes = bytesOf("checked/latest.h5");
  const sound = await contents(bytes);
  expect(isError(sound)).toBe(false);
  let errors = 0;
  for (let at = 0; at < bytes.length; at++) {
    const said = await flipped(bytes, at, 1 << (at % 8));
    if (isError(said)) errors++;
    else expect([at, said]).toEqual([at, sound]);
  }
  expect(errors).toBeGreaterThan(bytes.length / 3);
}, 60_000);

/** A linear congruential generator, so that each run damages the same bytes. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state;
  }
}

test.each(fixtures())(
  "%s/%s: damage here and there gives values or typed errors",
  async (fixture, name) => {
    const bytes = bytesOf(`${fixture}/${name}`);
    const random = numbers(bytes.length);
    for (let run = 0; run < 60; run++) {
      const copy = bytes.slice();
      for (let left = 1 + (run % 3); left > 0; left--)
        copy[random.next().value % copy.length] = random.next().value >>> 24;
      await contents(copy);
    }
  },
  60_000,
);
