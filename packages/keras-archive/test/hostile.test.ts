// Archives that are tricks, or damaged: refused by name, unless the caller wants what is left of them.

import { readdirSync, readFileSync } from "node:fs";
import { UnsupportedError } from "@modelbytes/bytes";
import { openKerasArchive } from "@modelbytes/keras-archive";
import { describe, expect, test } from "vitest";
import { codeOf, FIXTURES } from "./fixtures.ts";

const HOSTILE = `${FIXTURES}hostile/`;

/** The code with which opening rejects, and that with which it does as `tolerant`; without the latter, what `damage` and `verify` tell. */
const REFUSED: Readonly<Record<string, readonly [code: string, tolerant: string | readonly string[]]>> = {
  "dot-dot": ["name", ["name"]],
  absolute: ["name", ["name"]],
  backslash: ["name", ["name"]],
  "symbolic-link": ["mode", ["mode"]],
  "duplicate-config": ["duplicate", "duplicate"],
  bomb: ["expansion", ["expansion"]],
  claimed: ["expansion", "size"],
  npz: ["pickles", "pickles"],
  "no-config": ["no-config", "no-config"],
  "no-weights": ["no-weights", "no-weights"],
  "nothing-of-keras": ["not-keras", "not-keras"],
  "config-not-utf-8": ["utf-8", "utf-8"],
  "metadata-not-json": ["json", ["json"]],
  "metadata-of-another": ["metadata", ["metadata"]],
  "weights-not-hdf5": ["not-hdf5", "not-hdf5"],
  "weights-cut": ["truncated", "truncated"],
};

/** What opens, as nothing has looked at it yet, and what `verify` finds. */
const OPENED: Readonly<Record<string, readonly string[]>> = {
  "local-name": ["local-header"],
  checksum: ["checksum", "checksum"],
  "config-not-json": ["model-config"],
};

test("every file is expected to do something", () => {
  const files = readdirSync(HOSTILE).filter((name) => name.endsWith(".keras"));
  const names = files.map((name) => name.slice(0, -".keras".length));
  expect(names.sort()).toEqual([...Object.keys(REFUSED), ...Object.keys(OPENED)].sort());
});

async function problems(archive: Awaited<ReturnType<typeof openKerasArchive>>): Promise<string[]> {
  const codes: string[] = [];
  for await (const { code } of archive.verify()) codes.push(code);
  return codes;
}

test.each(Object.entries(REFUSED))("%s is refused", async (name, [code, tolerant]) => {
  const path = `${HOSTILE}${name}.keras`;
  expect(await codeOf(openKerasArchive(path))).toBe(code);
  if (typeof tolerant === "string") {
    expect(await codeOf(openKerasArchive(path, { tolerant: true }))).toBe(tolerant);
    return;
  }
  await using archive = await openKerasArchive(path, { tolerant: true });
  expect(archive.damage.map((error) => error.code)).toEqual(tolerant);
  expect((await problems(archive)).slice(0, tolerant.length)).toEqual(tolerant);
  expect(archive.entries.size).toBeGreaterThan(0);
});

test.each(Object.entries(OPENED))("%s is found by verify", async (name, found) => {
  await using archive = await openKerasArchive(`${HOSTILE}${name}.keras`);
  expect(await problems(archive)).toEqual(found);
});

test("an asset whose header names another file is not read", async () => {
  await using archive = await openKerasArchive(`${HOSTILE}local-name.keras`);
  expect(archive.others).toEqual(["notes.txt"]);
  expect(await codeOf(archive.source("notes.txt"))).toBe("local-header");
});

describe("HDF5 that is called .keras", () => {
  test("is recognised, and the message says what opens it", async () => {
    const path = `${FIXTURES}hdf5.keras`;
    for (const from of [path, new Uint8Array(readFileSync(path)), new Blob([readFileSync(path)])]) {
      await expect(openKerasArchive(from)).rejects.toThrow(UnsupportedError);
      await expect(openKerasArchive(from)).rejects.toThrow("openKerasHdf5");
      expect(await codeOf(openKerasArchive(from))).toBe("hdf5");
    }
  });

  test("other bytes are no archive", async () => {
    for (const length of [0, 5, 100]) expect(await codeOf(openKerasArchive(new Uint8Array(length)))).toBe("not-zip");
  });
});
