// Odd and broken headers: what Python's safetensors says of them (fixtures/safetensors/headers.py) is what is said here.

import { readFileSync } from "node:fs";
import { ModelbytesError } from "@modelbytes/bytes";
import { isSafetensors, MOST_HEADER_BYTES, openSafetensors, SAFETENSORS_DTYPES } from "@modelbytes/safetensors";
import { describe, expect, test } from "vitest";
import { bytesOf, FIXTURES } from "./fixtures.ts";

interface Case {
  readonly hex: string;
  readonly error?: string;
  readonly tensors?: Readonly<Record<string, readonly [dtype: string, shape: readonly number[], hex: string]>>;
  readonly metadata?: Readonly<Record<string, string>> | null;
}

const { cases }: { cases: Readonly<Record<string, Case>> } = JSON.parse(
  readFileSync(`${FIXTURES}headers.json`, "utf8"),
);

/** The errors, by the words of the reference implementation. */
const CODES: readonly (readonly [RegExp, string])[] = [
  [/header too small|header too large|invalid header length/, "header-length"],
  [/unknown variant/, "dtype"],
  [/invalid JSON in header|invalid UTF-8/, "header"],
  [/invalid offset/, "offsets"],
  [/invalid shape|overflow|slicing for subbytes/, "size"],
  [/not fully covered/, "file-size"],
];

/** Files of which safetensors tells something else first. */
const OTHERS: Readonly<Record<string, string>> = {
  "a product beyond 2^64 before a zero": "too-large",
  "data_offsets beyond 2^64": "size", // where a number ends that it takes
};

/** What the reference implementation accepts and `verify` does not. */
const ODD: Readonly<Record<string, readonly string[]>> = {
  "space in front": ["header-start"],
  "a tensor twice": ["repeated"],
  "a tensor twice, the last elsewhere": ["repeated"],
  "a key of metadata twice": ["repeated"],
};

const all = Object.entries(cases).map(([name, each]) => {
  return { ...each, name, bytes: new Uint8Array(Buffer.from(each.hex, "hex")) };
});

test.each(all.filter(({ error }) => error !== undefined))("$name is refused", async ({ name, bytes, error = "" }) => {
  const refusal = await openSafetensors(bytes, { name: "made" }).catch((each: unknown) => each);
  expect(refusal).toBeInstanceOf(ModelbytesError);
  const code = OTHERS[name] ?? CODES.find(([words]) => words.test(error))?.[1];
  expect(refusal).toMatchObject({ code, file: "made" });
});

test.each(all.filter(({ error }) => error === undefined))("$name is opened", async (made) => {
  await using file = await openSafetensors(made.bytes);
  expect(file.metadata === undefined ? null : Object.fromEntries(file.metadata)).toEqual(made.metadata);
  const found: Record<string, unknown> = {};
  for (const [key, { dtype, shape }] of file.shards[0]?.header.tensors ?? []) {
    found[key] = [dtype, shape, Buffer.from(await file.readBytes(key)).toString("hex")];
  }
  expect(found).toEqual(made.tensors);
  const problems: string[] = [];
  for await (const { code } of file.verify()) problems.push(code);
  expect(problems).toEqual(ODD[made.name] ?? []);
});

/** A file with this header. */
function file(header: string | Uint8Array, data = 0): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

test("every dtype of the reference implementation is known, and no other", () => {
  const words = cases["an unknown dtype"]?.error ?? "";
  const [, ...known] = [...words.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(Object.keys(SAFETENSORS_DTYPES)).toEqual(known);
});

test("dtypes that no tensor has are listed, and their bytes can be read", async () => {
  await using opened = await openSafetensors(
    file(
      '{"a":{"dtype":"F8_E8M0","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}',
      3,
    ),
    { name: "made" },
  );
  expect([...opened.entries.keys()]).toEqual(["b"]);
  expect(opened.unreadable.get("a")).toMatchObject({ code: "dtype", tensor: "a", file: "made" });
  await expect(opened.read("a")).rejects.toBe(opened.unreadable.get("a"));
  await expect(opened.stream({ names: ["a"] }).next()).rejects.toBe(opened.unreadable.get("a"));
  expect(await opened.readBytes("a")).toEqual(new Uint8Array(2));
  const streamed: string[] = [];
  for await (const [name] of opened.stream()) streamed.push(name);
  expect(streamed).toEqual(["b"]);
});

test("bool is 0 or 1", async () => {
  const bytes = file('{"a":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}', 4);
  bytes.set([1, 0, 2, 3], bytes.length - 4);
  await using opened = await openSafetensors(bytes, { name: "made" });
  const problems: string[] = [];
  for await (const { message } of opened.verify()) problems.push(message);
  expect(problems).toEqual([`made, byte ${bytes.length - 2}, tensor "a": element 2 of bool is 2, neither 0 nor 1`]);
});

test("a file is known by its first bytes", () => {
  expect(isSafetensors(bytesOf("demo/model.safetensors").subarray(0, 9))).toBe(true);
  expect(isSafetensors(bytesOf("demo/model.safetensors").subarray(0, 8))).toBe(false);
  expect(isSafetensors(bytesOf("sharded/model.safetensors.index.json"))).toBe(false);
  expect(isSafetensors(new TextEncoder().encode('\0\0\0\0\0\0\0\u0001{"'))).toBe(false);
});

describe("a hostile header", () => {
  test.each([
    ["nested without end", `{"a":${"[".repeat(1_000_000)}`],
    ["objects without end", `${'{"a":'.repeat(1_000_000)}`],
    ["a number without end", `{"a":{"shape":[${"9".repeat(1_000_000)}]}}`],
    ["a string without end", `{"${"a".repeat(1_000_000)}`],
    ["backslashes without end", `{"${"\\".repeat(1_000_001)}"}`],
    ["escaped quotes without end", `{"${'\\"'.repeat(1_000_000)}`],
    ["commas without end", `{"a":[${",".repeat(1_000_000)}`],
    ["names of nothing", `{${'"a":{},'.repeat(100_000)}`],
  ])("%s", async (_, header) => {
    await expect(openSafetensors(file(header))).rejects.toMatchObject({ name: "CorruptError", code: "header" });
  });

  test("one name a hundred thousand times", async () => {
    const info = '"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
    await using opened = await openSafetensors(file(`{${Array.from({ length: 100_000 }, () => info).join()}}`, 1));
    let problems = 0;
    for await (const _ of opened.verify()) problems++;
    expect(problems).toBe(10);
  });

  test("as long as it may be, and one byte longer", async () => {
    const header = new Uint8Array(MOST_HEADER_BYTES).fill(0x20);
    header.set(new TextEncoder().encode("{}"));
    await using opened = await openSafetensors(file(header));
    expect(opened.entries.size).toBe(0);
    await expect(openSafetensors(new Uint8Array([1, 0xe1, 0xf5, 5, 0, 0, 0, 0]))).rejects.toMatchObject({
      code: "header-length",
      message: expect.stringContaining("100000001"),
    });
  });

  test("of a dimension that no number holds", async () => {
    const huge = '{"a":{"dtype":"U8","shape":[18446744073709551615,0],"data_offsets":[0,0]}}';
    await expect(openSafetensors(file(huge))).rejects.toMatchObject({ name: "UnsupportedError", code: "too-large" });
  });
});

describe("a damaged file", () => {
  const sound = bytesOf("demo/model.safetensors");
  const DATA_BYTES = 44;

  async function readAll(bytes: Uint8Array): Promise<void> {
    await using opened = await openSafetensors(bytes, { name: "damaged" });
    for await (const _ of opened.stream());
    for await (const _ of opened.verify());
  }

  test("cut anywhere is refused", async () => {
    for (let length = 0; length < sound.length; length++) {
      const error = await readAll(sound.subarray(0, length)).catch((each: unknown) => each);
      const code = length < sound.length - DATA_BYTES ? "header-length" : "file-size";
      expect(error, `${length} bytes`).toMatchObject({ name: "CorruptError", code, file: "damaged" });
    }
  });

  test("with any byte of its header changed is read, or refused with an error of its own", async () => {
    const end = sound.length - DATA_BYTES;
    let refused = 0;
    for (let at = 0; at < end; at++) {
      for (const bits of [0x01, 0x10, 0x80, 0xff]) {
        const bytes = sound.slice();
        bytes[at] = (bytes[at] ?? 0) ^ bits;
        const error = await readAll(bytes).catch((each: unknown) => each);
        if (error === undefined) continue;
        expect(error, `byte ${at}`).toBeInstanceOf(ModelbytesError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(3 * end);
  });
});
