// The order in which links were made, of sound files and of damaged ones.

import { MemorySink, ModelbytesError } from "@modelbytes/bytes";
import { type Hdf5Operation, h5pyType, openHdf5, writeHdf5 } from "@modelbytes/hdf5";
import { expect, test } from "vitest";
import { FIXTURES } from "./described.ts";

async function fileOf(...paths: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const sink = new MemorySink();
  const data = Uint8Array.of(1);
  const operations = paths.map(
    (path): Hdf5Operation => ({ kind: "dataset", path, datatype: h5pyType("uint8"), shape: [1], data }),
  );
  await writeHdf5(sink, operations);
  return sink.bytes;
}

/** The order in each group of a file, by path; checks that the names are those of the links. */
async function orderIn(file: Uint8Array | string): Promise<Map<string, readonly string[] | undefined>> {
  await using opened = await openHdf5(file, { engine: "classic" });
  const order = new Map<string, readonly string[] | undefined>();
  const groups = [await opened.group("/")];
  for await (const object of opened.walk()) if (object.kind === "group") groups.push(object);
  for (const { path, links, creationOrder } of groups) {
    if (creationOrder !== undefined) expect(creationOrder.toSorted()).toEqual([...links.keys()].toSorted());
    order.set(path, creationOrder);
  }
  return order;
}

test("names as they came, in groups of any size", async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `${(index * 619) % 1000}`.padEnd(1 + (index % 40), "x"));
  const order = await orderIn(await fileOf(...names.map((name) => `a/b/${name}`), "a/first", "z"));
  expect([...order]).toEqual([
    ["/", ["a", "z"]],
    ["a", ["b", "first"]],
    ["a/b", names],
  ]);
});

test("a newer form of group tells only if it keeps the order", async () => {
  const orders = new Map(await orderIn(`${FIXTURES}groups/latest.h5`));
  expect(orders.get("/")).toBe(undefined);
});

test("damaged files give another order, or none, or their error", async () => {
  const sound = await fileOf("layers/b/vars/0", "layers/a/vars/0", "vars/0");
  expect((await orderIn(sound)).get("layers")).toEqual(["b", "a"]);
  let told = 0;
  for (let at = 0; at < sound.length; at++) {
    const damaged = sound.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    try {
      await orderIn(damaged);
      told++;
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
    }
  }
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(sound.length);
});
