// Archives of every era and form, read as Keras wrote them.

import { MemorySink } from "@modelbytes/bytes";
import { openKerasArchive, toKerasArchive, writeKerasArchive } from "@modelbytes/keras-archive";
import { stringifyJson } from "@modelbytes/keras-config";
import { describe, expect, test } from "vitest";
import { describeTensor, FIXTURES, fixtures, sha256 } from "./fixtures.ts";

describe.each(fixtures())("%s", (_, path, expected) => {
  test("has its config, its metadata, its assets and its weights", async () => {
    await using archive = await openKerasArchive(path);
    const { keras_version, date_saved } = expected.metadata ?? {};
    expect(archive.metadata).toEqual(
      expected.metadata === null ? undefined : { kerasVersion: keras_version, dateSaved: date_saved },
    );
    expect(sha256(archive.config)).toBe(expected.config);
    expect(archive.others).toEqual(expected.others);
    expect([...archive.assets].sort()).toEqual(Object.keys(expected.assets).sort());
    for (const asset of archive.assets) expect(sha256(await archive.readAsset(asset))).toBe(expected.assets[asset]);
    const weights: Record<string, object> = {};
    for await (const [key, tensor] of archive.stream()) weights[key] = describeTensor(tensor);
    expect(weights).toEqual(expected.weights);
    expect(archive.damage).toEqual([]);
  });

  test("is sound", async () => {
    await using archive = await openKerasArchive(path);
    const problems: string[] = [];
    for await (const { message } of archive.verify()) problems.push(message);
    expect(problems).toEqual([]);
  });
});

test("a config's numbers are as they are written, and its layers are told", async () => {
  await using archive = await openKerasArchive(`${FIXTURES}keras-3-trained/model.keras`);
  expect(archive.config).toContain('"epsilon": 1e-07');
  expect(stringifyJson(archive.parseConfig())).toBe(archive.config);
  const { kerasVersion, model } = archive.parseArchitecture();
  expect(kerasVersion).toBe("3.15.1");
  expect(model.layers.map(({ name }) => name)).toContain("conv");
});

test("weights of another model are found by verify", async () => {
  await using trained = await openKerasArchive(`${FIXTURES}keras-3-trained/model.keras`);
  await using other = await openKerasArchive(`${FIXTURES}keras-3-sequential/model.keras`);
  const sink = new MemorySink();
  await writeKerasArchive(sink, { ...(await toKerasArchive(trained)), weights: other.weights });
  await using mixed = await openKerasArchive(sink.bytes);
  const messages: string[] = [];
  for await (const { message } of mixed.verify()) messages.push(message);
  expect(messages.join("\n")).toContain("conv");
  expect(messages.length).toBeGreaterThan(2);
});
