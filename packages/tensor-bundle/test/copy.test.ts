import { MemoryFolder } from "@modelbytes/bytes";
import { openBundle, writeBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { filesOf } from "./damage.ts";
import { fixturesOf } from "./fixtures.ts";

/** What TensorFlow never writes, and a copy therefore does not repeat. */
const REWRITTEN: ReadonlyMap<string, string> = new Map([
  ["gaps", "bytes between tensors that belong to none become zeros"],
  ["sign-extended", "the unused bits of small integers become zeros"],
  ["small-blocks", "blocks become TensorFlow's"],
  ["blocks-of-1000", "blocks become TensorFlow's"],
  ["long-restarts", "blocks become TensorFlow's"],
  ["snappy", "blocks are not compressed"],
  ["snappy-blocks", "blocks are not compressed"],
  ["partitioned-bad", "it cannot be read"],
  ["whole-slice", "a slice that is all of its tensor becomes the tensor"],
]);

describe("a copy is the same bytes", () => {
  test.each(fixturesOf("tensor-bundle").filter(([name]) => !REWRITTEN.has(name)))("%s", async (name, { prefix }) => {
    const files = filesOf(name);
    await using bundle = await openBundle(files, { prefix });
    const folder = new MemoryFolder();
    await writeBundle({ folder, prefix }, bundle.stream());
    const shards = String(bundle.header.numShards).padStart(5, "0");
    const expected = [...files].filter(([file]) => file === `${prefix}.index` || file.endsWith(`-of-${shards}`));
    const own = expected.filter(([file]) => file.startsWith(`${prefix}.`));
    expect([...folder.files.keys()].sort()).toEqual(own.map(([file]) => file).sort());
    for (const [file, bytes] of own) {
      expect([file, Buffer.from(folder.files.get(file) ?? []).equals(bytes)]).toEqual([file, true]);
    }
  });
});
