// Archives written: what cannot be written, what data may be, and the limits at which zipfile changes to zip64.

import { MemorySink, type Sink } from "@modelbytes/bytes";
import { crc32, openZip, toZipDate, writeZip, type ZipMemberToWrite } from "@modelbytes/zip";
import { describe, expect, test } from "vitest";
import { codesOf } from "./fixtures.ts";

const bytes = Buffer.from("twelve bytes");
const LARGE = 2 ** 24 + 5;

async function written(...members: ZipMemberToWrite[]): Promise<Uint8Array> {
  const sink = new MemorySink();
  await writeZip(sink, members);
  return sink.bytes;
}

/** As a file that is computed: `size` bytes in pieces, from one buffer. */
function computed(size: number, value: () => number = () => 7) {
  return {
    size,
    *pieces() {
      const piece = new Uint8Array(65_536).fill(value());
      for (let at = 0; at < size; at += piece.length) yield piece.subarray(0, Math.min(piece.length, size - at));
    },
  };
}

test("data of every kind is the same member", async () => {
  const source = { name: "s", size: async () => 12, read: async () => new Uint8Array(bytes) };
  const replayable = { size: 12, pieces: () => [bytes.subarray(0, 5), bytes.subarray(5)] };
  const all = await Promise.all(
    [bytes, new Blob([bytes]), source, replayable].map((data) => written({ name: "a", data })),
  );
  for (const each of all) expect(each).toEqual(all[0]);
});

test("members may come one by one", async () => {
  const sink = new MemorySink();
  const names: string[] = [];
  await writeZip(
    sink,
    (async function* () {
      for (const name of ["a", "b"]) {
        names.push(name);
        yield { name, data: bytes };
      }
    })(),
  );
  expect((await openZip(sink.bytes)).members.map(({ name }) => name)).toEqual(names);
});

test("large data is read twice, once if its CRC is given, and checked either way", async () => {
  let passes = 0;
  const data = () => ({ ...computed(LARGE, () => 7 + 0 * passes++) });
  const whole = await written({ name: "a", data: data() });
  expect(passes).toBe(2);
  const crc = crc32(new Uint8Array(LARGE).fill(7));
  expect(Buffer.compare(await written({ name: "a", data: data(), crc32: crc }), whole)).toBe(0);
  expect(passes).toBe(3);
  expect(await codesOf((await openZip(whole)).verify())).toEqual([]);

  const changing = computed(LARGE, () => passes++);
  await expect(written({ name: "a", data: changing })).rejects.toMatchObject({ code: "changed" });
  await expect(written({ name: "a", data: data(), crc32: 1 })).rejects.toThrow(RangeError);
  await expect(written({ name: "a", data: bytes, crc32: 1 })).rejects.toThrow(RangeError);
  await expect(written({ name: "a", data: bytes, crc32: 1, method: 8 })).rejects.toThrow(RangeError);
  for (const size of [3, 5]) {
    const data = { size: 4, pieces: () => [new Uint8Array(size)] };
    await expect(written({ name: "a", data })).rejects.toMatchObject({ code: "changed" });
  }
});

describe("what cannot be written", () => {
  test.each([
    [{ name: "../a", data: bytes }],
    [{ name: "a\\b", data: bytes }],
    [{ name: "", data: bytes }],
    [{ name: "x".repeat(70_000), data: bytes }],
    [{ name: "a", data: bytes, method: 12 }],
    [{ name: "a", data: bytes, date: "1979-12-31T00:00:00" }],
    [{ name: "a", data: bytes, date: "2024-05-06" }],
    [{ name: "a", data: bytes, extra: Uint8Array.of(1, 2, 3) }],
    [{ name: "a", data: bytes, comment: new Uint8Array(65_536) }],
    [{ name: "a", data: bytes, externalAttributes: 2 ** 32 }],
    [{ name: "a", data: bytes, internalAttributes: -1 }],
    [{ name: "a", data: bytes, versionNeeded: 1.5 }],
  ])("%o", async (member) => {
    await expect(written(member)).rejects.toThrow(RangeError);
  });

  test("two members of one name, and a long comment", async () => {
    await expect(written({ name: "a", data: bytes }, { name: "a", data: bytes })).rejects.toThrow("two members");
    await expect(writeZip(new MemorySink(), [], { comment: new Uint8Array(70_000) })).rejects.toThrow(RangeError);
  });

  test("nothing is left of it", async () => {
    const ends: string[] = [];
    const sink: Sink = {
      name: "s",
      write: async () => {},
      close: async () => void ends.push("close"),
      abort: async () => void ends.push("abort"),
    };
    await expect(writeZip(sink, [{ name: "a", data: bytes, date: "" }])).rejects.toThrow(RangeError);
    const signal = AbortSignal.abort("enough");
    await expect(writeZip(sink, [{ name: "a", data: bytes }], { signal })).rejects.toBe("enough");
    expect(ends).toEqual(["abort", "abort"]);
  });
});

test("a folder is what zipfile makes of such a name", async () => {
  const { members } = await openZip(await written({ name: "folder/", data: new Uint8Array(0) }));
  expect(members[0]?.externalAttributes).toBe(0o40775 * 65_536 + 16);
});

test("more members than 16 bits count", async () => {
  const count = 65_536;
  const data = new Uint8Array(0);
  const members = Array.from({ length: count }, (_, index) => ({ name: index.toString(36), data }));
  const whole = await written(...members);
  await using zip = await openZip(whole);
  expect(zip.members.length).toBe(count);
  expect(zip.dangers).toEqual([]);
  expect(Buffer.from(whole).indexOf("PK\x06\x06")).toBe(whole.length - 98);
  const fewer = await written(...members.slice(1));
  expect(Buffer.from(fewer).indexOf("PK\x06\x06")).toBe(-1);
});

test("a moment becomes a date", () => {
  const moment = new Date(Date.UTC(2024, 4, 6, 7, 8, 11, 999));
  expect(toZipDate(moment, { utc: true })).toBe("2024-05-06T07:08:11");
  const local = new Date(2024, 4, 6, 7, 8, 10);
  expect(toZipDate(local)).toBe("2024-05-06T07:08:10");
  expect(() => toZipDate(new Date(0))).toThrow(RangeError);
});
