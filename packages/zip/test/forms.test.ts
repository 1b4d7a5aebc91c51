// Every form of archive that zipfile writes, read as zipfile reads it, and written again.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { MemorySink } from "@modelbytes/bytes";
import { openZip, writeZip } from "@modelbytes/zip";
import { describe, expect, test } from "vitest";
import { codeOf, codesOf, described, entryOf, fixtures, hex } from "./fixtures.ts";

describe.each(fixtures("forms"))("%s", (name, path, expected) => {
  test("has the members that zipfile reads", async () => {
    await using zip = await openZip(path);
    expect(zip.members.map(described)).toEqual(expected.members?.map(entryOf));
    expect(hex(zip.comment)).toBe(expected.comment);
    expect(zip.dangers).toEqual([]);
    expect(await codesOf(zip.verify())).toEqual(name === "other-methods" ? ["method", "method"] : []);
  });

  test("gives the bytes that zipfile gives, at once, in pieces and as a file", async () => {
    await using zip = await openZip(path);
    for (const [index, member] of zip.members.entries()) {
      const sha256 = expected.members?.[index]?.sha256;
      if (member.method !== 0 && member.method !== 8) {
        expect(await codeOf(zip.read(member.name))).toBe("method");
        continue;
      }
      const bytes = await zip.read(member.name);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
      const pieces: Uint8Array[] = [];
      for await (const piece of zip.pieces(member)) pieces.push(piece);
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(bytes));
      const source = await zip.source(member);
      expect(source.name).toBe(`${path}!/${member.name}`);
      expect(await source.read(0, await source.size())).toEqual(bytes);
    }
  });
});

test.each(fixtures("forms").filter(([, , { rewritten }]) => rewritten))(
  "%s is written again byte for byte",
  async (_, path) => {
    await using zip = await openZip(path);
    const sink = new MemorySink();
    const members = zip.members.map(async (member) => ({
      ...member,
      data: await zip.source(member),
      zip64: member.versionNeeded >= 45,
    }));
    await writeZip(sink, await Promise.all(members), { comment: zip.comment });
    expect(Buffer.from(sink.bytes)).toEqual(readFileSync(path));
  },
);
