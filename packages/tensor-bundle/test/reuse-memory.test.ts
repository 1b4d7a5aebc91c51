// Streams whose tensors lie in memory that is used again: the same tensors, in few buffers.

import { MemoryFolder } from "@modelbytes/bytes";
import { tensor } from "@modelbytes/tensor";
import { openBundle, writeBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { attempt } from "./damage.ts";
import { describeTensor, FIXTURES, fixturesOf } from "./fixtures.ts";

const KIB = 1024;

describe("a stream that uses memory again gives the tensors, or the error, of", () => {
  test.each(fixturesOf("tensor-bundle").map(([name, { prefix }]) => [name, prefix]))("%s", async (name, prefix) => {
    await using bundle = await openBundle(`${FIXTURES}${name}/${prefix}`);
    const [again, fresh] = [true, false].map((reuseMemory) =>
      attempt(async () => {
        const found: unknown[] = [];
        for await (const [key, each] of bundle.stream({ reuseMemory })) found.push([key, describeTensor(each)]);
        return found;
      }),
    );
    expect(await again).toEqual(await fresh);
  });
});

test("a file on disk is read into few buffers, whatever the sizes, and again by the next stream", async ({
  onTestFinished,
}) => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const folder = await mkdtemp(`${tmpdir()}/modelbytes-`);
  onTestFinished(() => rm(folder, { recursive: true }));
  const sizes = Array.from({ length: 40 }, (_, at) => (1100 + ((at * 7919) % 900)) * KIB);
  await writeBundle(
    `${folder}/model`,
    sizes.map((size, at) => [
      `t${String(at).padStart(2, "0")}`,
      tensor("uint8", [size], new Uint8Array(size).fill(at)),
    ]),
  );
  await using bundle = await openBundle(`${folder}/model`);
  const buffers = new Set<unknown>();
  for (const concurrency of [4, 4, 2]) {
    let at = 0;
    for await (const [, { data }] of bundle.stream({ reuseMemory: true, concurrency })) {
      if (!(data instanceof Uint8Array)) throw new TypeError("not of bytes");
      expect([data.length, data[0], data.at(-1)]).toEqual([sizes[at], at, at]);
      buffers.add(data.buffer);
      at++;
    }
    expect(at).toBe(40);
  }
  expect(buffers.size).toBe(4);
});

test("what is in memory already is given as it is, and never written to", async () => {
  const folder = new MemoryFolder();
  await writeBundle({ folder, prefix: "a" }, [["t", tensor("float32", [4], Float32Array.of(1, 2, 3, 4))]]);
  const before = folder.files.get("a.data-00000-of-00001")?.slice();
  await using bundle = await openBundle(folder.files, { prefix: "a" });
  for await (const [, { data }] of bundle.stream({ reuseMemory: true }))
    expect(data).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(folder.files.get("a.data-00000-of-00001")).toEqual(before);
});
