// Every form of group, dataset and attribute, against the files that h5py made of the same operations.

import { readFileSync } from "node:fs";
import { MemorySink } from "@modelbytes/bytes";
import { expect, test } from "vitest";
import { writeHdf5 } from "../src/writer/write.ts";
import { type Played, toOperation } from "./writer-played.ts";

const FOLDER = new URL("../../../fixtures/hdf5/writer-forms/", import.meta.url);

function operations(): Played[] {
  const lines = readFileSync(new URL("operations.jsonl", FOLDER), "utf8").trimEnd().split("\n");
  return lines.map((line): Played => JSON.parse(line));
}

test.each(["path", "file-object"] as const)("driver %s: h5py's bytes", async (driver) => {
  const sink = new MemorySink();
  const { size } = await writeHdf5(sink, operations().map(toOperation), { driver });
  const theirs = readFileSync(new URL(`${driver}.h5`, FOLDER));
  expect(size).toBe(theirs.length);
  expect(theirs.findIndex((byte, index) => byte !== sink.bytes[index])).toBe(-1);
});
