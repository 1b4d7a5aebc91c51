// Archives written: the bytes that Keras wrote, from an open archive, from its parts, and from weights laid out here.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MemorySink } from "@modelbytes/bytes";
import {
  type KerasArchiveContents,
  openKerasArchive,
  toKerasArchive,
  writeKerasArchive,
} from "@modelbytes/keras-archive";
import { openKerasHdf5, openShardedKerasWeights, toKerasWeights } from "@modelbytes/keras-hdf5";
import { openZip } from "@modelbytes/zip";
import { describe, expect, test } from "vitest";
import { archiveOf, codeOf, FIXTURES, fixtures } from "./fixtures.ts";

async function written(contents: Parameters<typeof writeKerasArchive>[1]): Promise<Buffer> {
  const sink = new MemorySink();
  await writeKerasArchive(sink, contents);
  return Buffer.from(sink.bytes);
}

const REWRITTEN = fixtures().filter(([, , { rewritten }]) => rewritten);

describe.each(REWRITTEN)("%s", (_, path) => {
  test("is written again byte for byte", async () => {
    await using archive = await openKerasArchive(path);
    expect(await written(archive)).toEqual(readFileSync(path));
  });

  test("also with weights that are laid out again", async () => {
    await using archive = await openKerasArchive(path);
    const contents = await toKerasArchive(archive);
    expect(await written({ ...contents, weights: archive.weights })).toEqual(readFileSync(path));
  });
});

test("others are written in Keras's order, stored", async () => {
  for (const name of ["zip-deflated", "zip-shuffled"]) {
    await using archive = await openKerasArchive(archiveOf(name));
    const again = await written(archive);
    await using zip = await openZip(again);
    expect(zip.members.map(({ name: member, method }) => [member.split("/")[0], method])).toEqual([
      ["metadata.json", 0],
      ["config.json", 0],
      ["model.weights.h5", 0],
      ["assets", 0],
      ["assets", 0],
      ["assets", 0],
    ]);
    await using reopened = await openKerasArchive(again);
    expect(reopened.config).toBe(archive.config);
    expect([...reopened.assets].sort()).toEqual([...archive.assets].sort());
  }
});

test("a folder is written as an archive", async () => {
  await using folder = await openKerasArchive(`${FIXTURES}keras-3-folder/model`);
  await using archive = await openKerasArchive(await written(folder));
  expect(archive.config).toBe(folder.config);
  expect(archive.metadata).toEqual(folder.metadata);
  expect([...archive.entries.keys()].sort()).toEqual([...folder.entries.keys()].sort());
});

describe("parts", () => {
  const keras = archiveOf("keras-3-sequential");

  async function parts(): Promise<KerasArchiveContents & { readonly h5: Uint8Array }> {
    await using zip = await openZip(keras);
    const h5 = await zip.read("model.weights.h5");
    return {
      config: Buffer.from(await zip.read("config.json")).toString(),
      metadata: { kerasVersion: "3.15.1", dateSaved: "2024-05-06@07:08:10" },
      weights: h5,
      h5,
    };
  }

  test("give the archive that Keras writes, with the date of the metadata", async () => {
    expect(await written(await parts())).toEqual(keras);
  });

  test("of which the weights may be what they are to hold", async () => {
    const contents = await parts();
    await using weights = await openKerasHdf5(contents.h5);
    expect(await written({ ...contents, weights: await toKerasWeights(weights) })).toEqual(keras);
  });

  test("of which the weights may lie in several files", async () => {
    const shards = fileURLToPath(
      new URL("../../../fixtures/keras-hdf5/keras-3-sharded/model.weights.json", import.meta.url),
    );
    await using weights = await openShardedKerasWeights(shards);
    await using archive = await openKerasArchive(await written({ config: "{}", weights }));
    expect(archive.metadata).toBeUndefined();
    expect([...archive.entries.keys()].sort()).toEqual([...weights.entries.keys()].sort());
    for await (const [key, tensor] of weights.stream()) expect(await archive.read(key)).toEqual(tensor);
  });

  test("have dates and modes of their own", async () => {
    const contents = await parts();
    const data = Buffer.from("one\ntwo");
    const whole = await written({
      ...contents,
      metadata: undefined,
      date: "2025-01-02T03:04:06",
      assets: [{ path: "layers/lookup/vocabulary.txt", data, date: "2025-01-01T00:00:00", mode: 0o100600 }],
      others: [{ path: "README.md", data }],
    });
    const { members } = await openZip(whole);
    expect(members.map(({ name, date, externalAttributes }) => [name, date, externalAttributes / 65536])).toEqual([
      ["config.json", "1980-01-01T00:00:00", 0o600],
      ["model.weights.h5", "2025-01-02T03:04:06", 0o600],
      ["assets/layers/lookup/vocabulary.txt", "2025-01-01T00:00:00", 0o100600],
      ["README.md", "2025-01-02T03:04:06", 0o100644],
    ]);
  });

  test.each([
    { assets: [{ path: "../out", data: new Uint8Array(1) }] },
    {
      assets: [
        { path: "a", data: new Uint8Array(1) },
        { path: "a", data: new Uint8Array(1) },
      ],
    },
    { others: [{ path: "config.json", data: new Uint8Array(1) }] },
    { others: [{ path: "assets/a", data: new Uint8Array(1) }] },
    { date: "yesterday" },
  ])("that cannot be: %o", async (more) => {
    await expect(written({ ...(await parts()), ...more })).rejects.toThrow(RangeError);
  });

  test("that fail leave nothing, and say why", async () => {
    const contents = await parts();
    const failing = { dtype: "float32", shape: [2], read: () => Promise.reject(new Error("no values")) } as const;
    const weights = { groups: [{ path: "layers/dense", vars: [["0", failing] as const] }] };
    await expect(written({ ...contents, weights })).rejects.toThrow("no values");
    await using broken = await openKerasArchive(`${FIXTURES}hostile/dot-dot.keras`, { tolerant: true });
    expect(await codeOf(written(broken))).toBe("name");
  });

  test("are not copied where they are damaged", async () => {
    await using sound = await openKerasArchive(keras);
    const { data } = await sound.read("layers/dense/vars/0", { dtype: "float32" });
    const damaged = Buffer.from(keras);
    const at = damaged.indexOf(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await using archive = await openKerasArchive(damaged);
    expect(await codeOf(written(archive))).toBe("checksum");
  });
});
