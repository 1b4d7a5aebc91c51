// Whatever happens to a byte, opening rejects with a typed error, verify finds it, or it meant nothing.

import { fc, test } from "@fast-check/vitest";
import { ModelbytesError } from "@modelbytes/bytes";
import { openKerasArchive } from "@modelbytes/keras-archive";
import { expect } from "vitest";
import { archiveOf, describeTensor } from "./fixtures.ts";

/** All that an archive says, or the code of an error; with whether verify found anything. */
async function outcome(bytes: Uint8Array, tolerant: boolean): Promise<string> {
  try {
    await using archive = await openKerasArchive(bytes, { tolerant });
    for await (const problem of archive.verify()) {
      expect(problem).toBeInstanceOf(ModelbytesError);
      return `found ${problem.code}`;
    }
    const weights: unknown[] = [];
    for await (const [key, tensor] of archive.stream()) weights.push(key, describeTensor(tensor));
    const assets = await Promise.all(archive.assets.map((path) => archive.readAsset(path)));
    return JSON.stringify([archive.config, archive.metadataText ?? null, weights, assets.map((each) => [...each])]);
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    return `refused ${error.code}`;
  }
}

const flips = { numRuns: 300 };

for (const name of ["keras-3-lookup", "zip-deflated"]) {
  const sound = archiveOf(name);

  test(`${name}: every flipped bit of the zip archive's own bytes`, async () => {
    const whole = await outcome(sound, false);
    const positions = new Set<number>();
    for (const signature of ["PK\x01\x02", "PK\x03\x04", "PK\x05\x06"]) {
      for (let at = sound.indexOf(signature); at >= 0; at = sound.indexOf(signature, at + 1)) {
        for (let next = at; next < Math.min(at + 46, sound.length); next++) positions.add(next);
      }
    }
    expect(positions.size).toBeGreaterThan(500);
    for (const at of positions) {
      const flipped = Buffer.from(sound);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const found = await outcome(flipped, false);
      if (!/^(found|refused) /.test(found)) expect(found).toBe(whole);
    }
  });

  test.prop([fc.nat(sound.length - 1), fc.nat(7), fc.boolean()], flips)(
    `${name}: any flipped bit`,
    async (at, bit, tolerant) => {
      const flipped = Buffer.from(sound);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      const found = await outcome(flipped, tolerant);
      if (!/^(found|refused) /.test(found)) expect(found).toBe(await outcome(sound, false));
    },
  );

  test.prop([fc.nat(sound.length - 1)])(`${name}: any cut is refused`, async (length) => {
    for (const tolerant of [false, true])
      expect(await outcome(sound.subarray(0, length), tolerant)).toBe("refused not-zip");
  });
}
