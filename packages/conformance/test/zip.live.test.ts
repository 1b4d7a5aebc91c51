// Python's zipfile and we read the same of random archives, and write the same bytes, also where 32 bits do not suffice.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemorySink, type Sink } from "@modelbytes/bytes";
import { openZip, writeZip } from "@modelbytes/zip";
import { afterAll, describe, expect, test } from "vitest";
import { codesOf, described, type Expected, entryOf } from "../../zip/test/fixtures.ts";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_RUNS = "300", MODELBYTES_SEED = "5" } = process.env;
const SCRIPT = "fixtures/zip/random_archives.py";

interface Written extends Expected {
  readonly file: string;
}

describe.runIf(hasPython())("Python's zipfile", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-zip-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("random archives", async () => {
    const python = await interpreter("tensorflow-2.21");
    const lines = (await runPython(python, SCRIPT, folder, MODELBYTES_SEED, MODELBYTES_RUNS)).trim().split("\n");
    let rewritten = 0;
    for (const line of lines) {
      const written: Written = JSON.parse(line);
      const { file, members = [] } = written;
      await using zip = await openZip(file);
      expect([file, zip.members.map(described)]).toEqual([file, members.map(entryOf)]);
      expect([file, await codesOf(zip.verify())]).toEqual([file, []]);
      for (const { name, sha256 } of members) {
        expect(
          createHash("sha256")
            .update(await zip.read(name))
            .digest("hex"),
        ).toBe(sha256);
      }
      if (!written.rewritten) continue;
      rewritten++;
      const sink = new MemorySink();
      const data = await Promise.all(zip.members.map((member) => zip.source(member)));
      const again = zip.members.map((member, index) => ({
        ...member,
        data: data[index] ?? "",
        zip64: member.versionNeeded >= 45,
      }));
      await writeZip(sink, again, { comment: zip.comment });
      expect(Buffer.compare(sink.bytes, readFileSync(file)), file).toBe(0);
    }
    expect(lines.length).toBe(Number(MODELBYTES_RUNS));
    expect(rewritten).toBeGreaterThan(lines.length / 5);
  });

  test("an archive of more than 2 GiB", async () => {
    const file = join(folder, "large.zip");
    await runPython(await interpreter("tensorflow-2.21"), SCRIPT, "--large", file);
    await using zip = await openZip(file);
    expect(zip.dangers).toEqual([]);
    expect(zip.members.map(({ size, localHeaderOffset }) => [size, localHeaderOffset])).toEqual([
      [2_045_222_521, 0],
      [3, 2_045_222_581],
      [110_000_000, 2_045_222_623],
      [3, 2_155_222_661],
    ]);
    expect(await zip.read("last.txt")).toEqual(new Uint8Array(3));

    const theirs = await open(file);
    try {
      const sink = comparing(async (offset, bytes) => {
        const piece = Buffer.alloc(bytes.length);
        await theirs.read(piece, 0, bytes.length, offset);
        expect(Buffer.compare(piece, bytes), `byte ${offset} on`).toBe(0);
      });
      const zeros = new Uint8Array(2 ** 24);
      await writeZip(
        sink,
        zip.members.map(({ name, size, crc32, date }) => ({
          name,
          date,
          crc32,
          data: {
            size,
            *pieces() {
              for (let at = 0; at < size; at += zeros.length)
                yield zeros.subarray(0, Math.min(zeros.length, size - at));
            },
          },
        })),
      );
      expect(sink.length).toBe((await theirs.stat()).size);
    } finally {
      await theirs.close();
      rmSync(file);
    }
  });
});

/** A sink that keeps nothing. */
function comparing(compare: (offset: number, bytes: Uint8Array) => Promise<void>): Sink & { readonly length: number } {
  let length = 0;
  return {
    name: "(compared)",
    get length() {
      return length;
    },
    async write(bytes) {
      await compare(length, bytes);
      length += bytes.length;
    },
    async close() {},
    async abort() {},
  };
}
