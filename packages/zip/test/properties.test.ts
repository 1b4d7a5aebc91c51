// Any members are read as they were written; no damage gives other bytes, and none is anything but a typed error.

import { readFileSync } from "node:fs";
import { fc, test } from "@fast-check/vitest";
import { MemorySink, ModelbytesError } from "@modelbytes/bytes";
import { openZip, writeZip, type ZipMember } from "@modelbytes/zip";
import { expect } from "vitest";
import { FIXTURES } from "./fixtures.ts";

const two = (value: number) => String(value).padStart(2, "0");
const date = fc
  .tuple(fc.integer({ min: 1980, max: 2107 }), fc.nat(15), fc.nat(31), fc.nat(31), fc.nat(63), fc.nat(31))
  .map(([y, m, d, h, min, s]) => `${y}-${two(m)}-${two(d)}T${two(h)}:${two(min)}:${two(2 * s)}`);
const extra = fc.uint8Array({ maxLength: 20 }).map((data) => Uint8Array.of(0xfe, 0xca, data.length, 0, ...data));
const member = fc.record({
  name: fc.stringMatching(/^[a-zé語 ]{1,8}(\/[a-z.]{3,8}){0,2}$/).filter((name) => !name.includes("..")),
  data: fc.uint8Array({ maxLength: 300 }),
  date,
  method: fc.constantFrom(0, 8),
  externalAttributes: fc.integer({ min: 1, max: 0xffffffff }),
  internalAttributes: fc.nat(0xffff),
  extra: fc.oneof(fc.constant(new Uint8Array(0)), extra),
  comment: fc.uint8Array({ maxLength: 20 }),
  zip64: fc.boolean(),
});
const archive = fc.record({
  members: fc.uniqueArray(member, { maxLength: 5, selector: ({ name }) => name }),
  comment: fc.uint8Array({ maxLength: 40 }),
});

async function contents(bytes: Uint8Array): Promise<[ZipMember, Uint8Array][]> {
  await using zip = await openZip(bytes);
  const result: [ZipMember, Uint8Array][] = [];
  for (const each of zip.members) result.push([each, await zip.read(each)]);
  return result;
}

test.prop([archive])("what is written is read, and written again the same bytes", async ({ members, comment }) => {
  const sink = new MemorySink();
  await writeZip(sink, members, { comment });
  const read = await contents(sink.bytes);
  expect(
    read.map(([{ name, date, method, externalAttributes, internalAttributes }, data]) => ({
      name,
      date,
      method,
      externalAttributes,
      internalAttributes,
      data,
    })),
  ).toEqual(
    members.map(({ extra: _, comment: __, zip64: ___, ...rest }) => ({ ...rest, data: Uint8Array.from(rest.data) })),
  );
  expect((await openZip(sink.bytes)).comment).toEqual(comment);
  const again = new MemorySink();
  await writeZip(
    again,
    read.map(([entry, data]) => ({ ...entry, data, zip64: entry.versionNeeded >= 45 })),
    { comment },
  );
  expect(again.bytes).toEqual(sink.bytes);
});

/** What an archive gives: the bytes of each member by name, or the code of the error. */
async function outcome(bytes: Uint8Array): Promise<Map<string, string> | string> {
  try {
    await using zip = await openZip(bytes);
    const found = new Map<string, string>();
    for (const each of zip.members) {
      try {
        found.set(each.name, Buffer.from(await zip.read(each)).toString("latin1"));
      } catch (error) {
        if (!(error instanceof ModelbytesError)) throw error;
        found.set(each.name, `!${error.code}`);
      }
    }
    for await (const problem of zip.verify()) expect(problem).toBeInstanceOf(ModelbytesError);
    return found;
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    return error.code;
  }
}

for (const name of ["plain", "deflated", "forced-zip64", "streamed"]) {
  const sound = readFileSync(`${FIXTURES}forms/${name}.zip`);

  test(`${name}: no flipped bit gives other bytes for a name that is there`, async () => {
    const before = await outcome(sound);
    if (typeof before === "string") throw new Error(before);
    for (let at = 0; at < sound.length; at++) {
      const flipped = Buffer.from(sound);
      flipped[at] = (sound[at] ?? 0) ^ (1 << (at % 8));
      const after = await outcome(flipped);
      if (typeof after === "string") continue;
      for (const [member, data] of after) {
        if (!data.startsWith("!") && before.has(member)) expect(data).toBe(before.get(member));
      }
    }
  });

  test(`${name}: no cut gives anything but an error`, async () => {
    for (let length = 0; length < sound.length; length++) {
      expect(typeof (await outcome(sound.subarray(0, length)))).toBe("string");
    }
  });
}

test.prop([fc.uint8Array({ maxLength: 200 }), fc.nat()])("no junk is anything but an error", async (junk, at) => {
  const end = Buffer.from(`PK\x05\x06${"\0".repeat(18)}`, "latin1");
  const cut = at % (junk.length + 1);
  for (const bytes of [junk, Buffer.concat([junk.subarray(0, cut), end, junk.subarray(cut)])]) await outcome(bytes);
});
