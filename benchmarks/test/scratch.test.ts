import { statfs } from "node:fs/promises";
import { expect, test } from "vitest";
import { Refusal } from "../src/refusal.ts";
import { Scratch } from "../src/scratch.ts";

test("none of several inputs is made where there is no room for all of them", async () => {
  await using scratch = await Scratch.make();
  const { bavail, bsize } = await statfs(scratch.folder);
  const made: string[] = [];
  const sizes = [0.6, 0.01, 0.6].map((part) => Math.floor(part * bavail * bsize));
  const making = sizes.map((bytes, index) => scratch.file(`${index}`, bytes, async (path) => made.push(path)));
  for (const { status, reason } of (await Promise.allSettled(making)).map((each) => ({ reason: undefined, ...each }))) {
    expect([status, reason]).toEqual(["rejected", expect.any(Refusal)]);
  }
  expect(made).toEqual([]);
});

test("an input is made once", async () => {
  await using scratch = await Scratch.make();
  const made: string[] = [];
  const make = () => scratch.file("input", 1, async (path) => made.push(path));
  expect(await Promise.all([make(), make()])).toEqual([`${scratch.folder}/input`, `${scratch.folder}/input`]);
  expect(await make()).toBe(`${scratch.folder}/input`);
  expect(made).toHaveLength(1);
});
