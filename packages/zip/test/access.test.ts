// How members are read: how many requests and bytes it takes, by several sources, and with a signal.

import { deflateRawSync } from "node:zlib";
import { MemorySink, NotFoundError } from "@modelbytes/bytes";
import { openZip, writeZip, type ZipMemberToWrite } from "@modelbytes/zip";
import { describe, expect, test } from "vitest";
import { CountingSource, codeOf } from "./fixtures.ts";

const NOISE = Uint8Array.from({ length: 3_000_000 }, (_, index) => Math.imul(index, 2654435761) >>> 24);

async function archive(...members: ZipMemberToWrite[]): Promise<Uint8Array> {
  const sink = new MemorySink();
  await writeZip(sink, members);
  return sink.bytes;
}

const large = await archive(
  { name: "config.json", data: Buffer.from('{"a": 1}') },
  { name: "large.bin", data: NOISE },
  { name: "deflated.bin", data: NOISE, method: 8 },
);

describe("requests", () => {
  test("one opens an archive, one reads a member, and one more finds a file in it", async () => {
    const source = new CountingSource(large);
    const zip = await openZip(source);
    expect(source.requests).toBe(1);
    expect(source.bytes).toBeLessThan(66_000);

    expect(Buffer.from(await zip.read("config.json")).toString()).toBe('{"a": 1}');
    expect(source.requests).toBe(2);
    expect(source.bytes).toBeLessThan(66_200);

    const inner = await zip.source("large.bin");
    expect(source.requests).toBe(3);
    expect(await inner.read(1_000_000, 10)).toEqual(NOISE.slice(1_000_000, 1_000_010));
    expect(source.requests).toBe(4);
    expect(source.bytes).toBeLessThan(66_400);
  });

  test("a directory of more than 64 KiB is one more", async () => {
    const members = Array.from({ length: 3000 }, (_, index) => ({ name: `${index}.txt`, data: new Uint8Array(1) }));
    const source = new CountingSource(await archive(...members));
    const zip = await openZip(source);
    expect(zip.members.map(({ name }) => name)).toEqual(members.map(({ name }) => name));
    expect(source.requests).toBe(2);
  });

  test("a deflated member as a file is inflated once", async () => {
    const source = new CountingSource(large);
    const zip = await openZip(source);
    const inner = await zip.source("deflated.bin");
    const { requests } = source;
    expect(await inner.read(2_000_000, 10)).toEqual(NOISE.slice(2_000_000, 2_000_010));
    expect(source.requests).toBe(requests);
  });
});

describe("sources", () => {
  test("a Blob, and bytes", async () => {
    for (const from of [new Blob([new Uint8Array(large)]), large]) {
      await using zip = await openZip(from);
      expect((await zip.read("large.bin")).length).toBe(NOISE.length);
    }
  });

  test("are closed when opening fails, and by close", async () => {
    const broken = new CountingSource(new Uint8Array(100));
    expect(await codeOf(openZip(broken))).toBe("not-zip");
    expect(broken.closed).toBe(1);
    const source = new CountingSource(large);
    await (await openZip(source)).close();
    expect(source.closed).toBe(1);
  });

  test("a member's reads end where it ends", async () => {
    await using zip = await openZip(large);
    const inner = await zip.source("large.bin");
    await expect(inner.read(NOISE.length - 1, 2)).rejects.toMatchObject({ code: "beyond-end", file: inner.name });
  });

  test("a member that is not there", async () => {
    await using zip = await openZip(large);
    expect(zip.has("config.json") && !zip.has("nothing")).toBe(true);
    expect(() => zip.member("nothing")).toThrow(NotFoundError);
    await expect(zip.read("nothing")).rejects.toMatchObject({ code: "no-member" });
  });
});

describe("cancelling", () => {
  test("a signal ends reading, stored and deflated, with its reason", async () => {
    await using zip = await openZip(large);
    for (const name of ["large.bin", "deflated.bin"]) {
      await expect(zip.read(name, { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
    }
  });

  test("leaving the pieces of a deflated member early stops reading", async () => {
    const data = new Uint8Array(2 ** 25).map((_, index) => Math.imul(index, 2654435761) >>> 24);
    const source = new CountingSource(await archive({ name: "a", data, method: 8 }));
    const zip = await openZip(source);
    for await (const piece of zip.pieces("a")) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    const { requests } = source;
    expect(requests).toBeLessThan(5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(source.requests).toBe(requests);
  });
});

test("a deflated member never gives more than the directory says, nor does it make room for it", async () => {
  const bomb = await archive({ name: "a", data: deflateRawSync(new Uint8Array(10_000_000)) });
  const lying = Buffer.from(bomb);
  for (const at of [0, lying.indexOf("PK\x01\x02") + 2]) {
    lying.writeUInt16LE(8, at + 8); // what is stored is a deflated stream: now the headers say so
    lying.writeUInt32LE(1000, at + 22);
  }
  await using zip = await openZip(lying);
  expect(await codeOf(zip.read("a"))).toBe("size");
});
