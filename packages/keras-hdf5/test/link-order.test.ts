// The order in which links were made, of sound files and of damaged ones.

import { readFileSync } from "node:fs";
import { test } from "@fast-check/vitest";
import { BytesSource } from "@modelbytes/bytes";
import { expect } from "vitest";
import { readLinkOrder } from "../src/link-order.ts";
import { FIXTURES } from "./fixtures.ts";
import { dataset, fileOf } from "./made-file.ts";

async function orderIn(bytes: Uint8Array): Promise<Map<string, readonly string[]>> {
  return await readLinkOrder(new BytesSource(bytes, "made"), {});
}

test("names as they came, in groups of any size", async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `${(index * 619) % 1000}`.padEnd(1 + (index % 40), "x"));
  const order = await orderIn(
    await fileOf(...names.map((name) => dataset(`a/b/${name}`)), dataset("a/first"), dataset("z")),
  );
  expect([...order]).toEqual([
    ["/", ["a", "z"]],
    ["a", ["b", "first"]],
    ["a/b", names],
  ]);
});

test("a newer form of file does not tell", async () => {
  expect((await orderIn(readFileSync(`${FIXTURES}form-latest/model.h5`))).size).toBe(0);
});

test("damaged files give another order, or none", async () => {
  const sound = await fileOf(dataset("layers/b/vars/0"), dataset("layers/a/vars/0"), dataset("vars/0"));
  expect((await orderIn(sound)).get("layers")).toEqual(["b", "a"]);
  let told = 0;
  for (let at = 0; at < sound.length; at++) {
    const damaged = sound.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    if ((await orderIn(damaged)).size > 0) told++;
    if (at % 8 === 0) await orderIn(sound.slice(0, at));
  }
  expect(told).toBeGreaterThan(sound.length / 2);
});

test("structures that are shared again and again are looked at once", async () => {
  const sound = await fileOf(dataset("a/b/c"));
  const circle = sound.slice();
  const view = new DataView(circle.buffer);
  const root = view.getBigUint64(80, true);
  for (let at = 96; at + 8 <= circle.length; at += 8) {
    const isSymbol = view.getUint32(at, true) === 0x444f4e53; // "SNOD": its first entry is the root again
    if (isSymbol) view.setBigUint64(at + 8 + 24, root, true);
  }
  expect((await orderIn(circle)).size).toBe(1);
});
