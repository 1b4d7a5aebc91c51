// Archives that are tricks, or damaged: what is told of them, when they are opened, read and verified.

import { openZip } from "@modelbytes/zip";
import { expect, test } from "vitest";
import { codeOf, codesOf, fixtures } from "./fixtures.ts";

/** Codes of the dangers, of reading each member by name, and of what `verify` finds beyond the dangers. */
type Findings = readonly [dangers: readonly string[], reading: readonly string[], verify: readonly string[]];
const SOUND = "(none)";
const FINE = [SOUND, SOUND, SOUND];

const OPENED: Readonly<Record<string, Findings>> = {
  "dot-dot": [["name"], [SOUND], []],
  "dot-dot-inside": [["name"], [SOUND], []],
  absolute: [["name"], [SOUND], []],
  drive: [["name"], [SOUND], []],
  backslash: [["name"], [SOUND], []],
  nul: [["name"], [SOUND], []],
  spelling: [["name"], [SOUND], []],
  "not-utf-8": [["name"], [SOUND], []],
  "symbolic-link": [["mode"], [SOUND], []],
  device: [["mode"], [SOUND], []],
  duplicate: [["duplicate"], ["duplicate", SOUND, "duplicate"], []],
  "local-name": [[], ["local-header", SOUND, SOUND], ["local-header"]],
  "local-size": [[], ["local-header"], ["local-header"]],
  "local-method": [[], ["local-header"], ["local-header"]],
  overlap: [["overlap", "overlap"], ["overlap", "overlap", SOUND], []],
  beyond: [["prefix", "range"], ["range", SOUND, SOUND], []],
  "too-long": [["range"], ["range", SOUND, SOUND], []],
  bomb: [["expansion"], ["expansion", SOUND], []],
  longer: [[], ["size", SOUND], ["size"]],
  shorter: [[], ["size", SOUND], ["size"]],
  checksum: [[], [SOUND, "checksum", SOUND], ["checksum"]],
  inflate: [[], ["inflate", SOUND], ["inflate"]],
  encrypted: [[], ["encrypted"], ["encrypted"]],
  prefix: [["prefix"], FINE, []],
  trailing: [["trailing"], FINE, []],
  gap: [[], FINE, ["gap"]],
  "two-ends": [["prefix", "two-ends"], [SOUND], []],
};

const REFUSED: Readonly<Record<string, string>> = {
  count: "directory",
  "zip64-locator": "end-record",
  disks: "disks",
};

test.each(fixtures("hostile").filter(([name]) => name in REFUSED))("%s is refused", async (name, path) => {
  expect(await codeOf(openZip(path))).toBe(REFUSED[name]);
});

test.each(fixtures("hostile").filter(([name]) => !(name in REFUSED)))(
  "%s: its dangers are told",
  async (name, path) => {
    await using zip = await openZip(path);
    const reading: string[] = [];
    for (const { name: member } of zip.members)
      reading.push(await codeOf(Promise.resolve().then(() => zip.read(member))));
    const dangers = zip.dangers.map(({ code }) => code);
    const verified = await codesOf(zip.verify());
    expect([dangers, reading, verified.slice(dangers.length)]).toEqual(OPENED[name]);
    expect(verified.slice(0, dangers.length)).toEqual(dangers);
  },
);

test("members that share a name are read by their entries", async () => {
  const [found] = fixtures("hostile").filter(([name]) => name === "duplicate");
  await using zip = await openZip(found?.[1] ?? "");
  const texts = await Promise.all(zip.members.map(async (member) => Buffer.from(await zip.read(member)).toString()));
  expect(texts).toEqual(["one", "other", "two"]);
});
