import { File } from "node:buffer";
import { getEventListeners } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkRange, type Source, toSource } from "@modelbytes/bytes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pattern, ranges, serve, temporaryDirectory } from "./places.ts";
import { rejection, thrown } from "./thrown.ts";

const FILE = pattern(70_000); // beyond the first request of an HTTP source
const within = Buffer.concat([new Uint8Array(3), FILE, new Uint8Array(3)]).subarray(3, 3 + FILE.length);

const kinds: readonly (readonly [kind: string, make: (bytes: Uint8Array<ArrayBuffer>) => Promise<Source>])[] = [
  ["bytes", async (bytes) => toSource(bytes)],
  ["a part of a Buffer", async (bytes) => toSource(bytes === FILE ? within : Buffer.from(bytes))],
  ["shared memory", async (bytes) => toSource(shared(bytes))],
  ["an ArrayBuffer", async (bytes) => toSource(bytes.slice().buffer)],
  ["a Blob", async (bytes) => toSource(new Blob([bytes]))],
  ["a File", async (bytes) => toSource(fileOf(bytes))],
  ["a path", async (bytes) => toSource(await fileOnDisk(bytes))],
  ["a file: URL", async (bytes) => toSource(pathToFileURL(await fileOnDisk(bytes)))],
  ["an HTTP server", async (bytes) => toSource((await serve(ranges(bytes))).url)],
];

function shared(bytes: Uint8Array): Uint8Array {
  const memory = Buffer.from(new SharedArrayBuffer(bytes.length));
  memory.set(bytes);
  return memory;
}

function fileOf(bytes: Uint8Array<ArrayBuffer>): Blob {
  const file: unknown = new File([bytes], "model.bin");
  if (!(file instanceof Blob)) throw new TypeError("a File is a Blob");
  return file;
}

async function fileOnDisk(bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryDirectory(), "model [1] #%20.bin");
  await writeFile(path, bytes);
  return path;
}

describe.each(kinds)("a source of %s", (_, make) => {
  test("gives the bytes of any range, and an error for any other", async () => {
    const source = await make(FILE);
    const near = fc.constantFrom(0, 1, 65_535, 65_536, FILE.length - 1, FILE.length, FILE.length + 1);
    const offset = fc.oneof(near, fc.nat(FILE.length));
    const length = fc.oneof(fc.constantFrom(0, 1, FILE.length), fc.nat(FILE.length), fc.nat(100));
    await fc.assert(
      fc.asyncProperty(offset, length, fc.boolean(), async (offset, length, withScratch) => {
        const options = withScratch ? { scratch: new Uint8Array(length + 5) } : {};
        const reading = source.read(offset, length, options);
        if (offset + length > FILE.length) {
          expect(await rejection(reading)).toMatchObject({ name: "SourceError", code: "beyond-end", offset });
        } else {
          expect(Buffer.compare(await reading, FILE.subarray(offset, offset + length))).toBe(0);
        }
      }),
    );
    await source.close?.();
  });

  test("knows its size, and that nothing lies beyond it", async () => {
    const source = await make(FILE);
    expect(await source.size()).toBe(FILE.length);
    expect(await source.read(FILE.length, 0)).toHaveLength(0);
    for (const [offset, length] of [
      [FILE.length + 1, 0],
      [FILE.length, 1],
      [1, FILE.length],
      [2 ** 52, 2 ** 52],
    ] as const) {
      const error = await rejection(source.read(offset, length));
      expect(error).toMatchObject({ name: "SourceError", code: "beyond-end", file: source.name, offset });
    }
    await source.close?.();
  });

  test("may be empty", async () => {
    const source = await make(new Uint8Array(0));
    expect(await source.size()).toBe(0);
    expect(await source.read(0, 0)).toHaveLength(0);
    expect(await rejection(source.read(0, 1))).toMatchObject({ code: "beyond-end" });
    await source.close?.();
  });

  test("refuses what is no range, and a scratch that is too small", async () => {
    const source = await make(FILE);
    for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(await rejection(source.read(wrong, 1))).toBeInstanceOf(RangeError);
      expect(await rejection(source.read(0, wrong))).toBeInstanceOf(RangeError);
    }
    expect(await rejection(source.read(0, 10, { scratch: new Uint8Array(9) }))).toBeInstanceOf(RangeError);
    await source.close?.();
  });

  test("without scratch gives memory that is the caller's own", async () => {
    const source = await make(FILE);
    await source.size();
    const bytes = await source.read(10, 100);
    expect(bytes.buffer.byteLength).toBe(100);
    bytes.fill(0);
    expect(await source.read(10, 100)).toEqual(FILE.slice(10, 110));
    await source.close?.();
  });

  test("never writes to a scratch beyond the bytes asked for", async () => {
    const source = await make(FILE);
    await source.size();
    for (const [offset, length] of [
      [5, 10],
      [65_530, 20],
      [66_000, 20],
    ] as const) {
      const scratch = new Uint8Array(100).fill(0xee);
      await source.read(offset, length, { scratch });
      expect([...scratch.subarray(length)].every((byte) => byte === 0xee)).toBe(true);
    }
    await source.close?.();
  });

  test("rejects with the reason of a signal that was aborted before", async () => {
    const source = await make(FILE);
    const reason = { because: "of me" };
    const signal = AbortSignal.abort(reason);
    expect(await rejection(source.size({ signal }))).toBe(reason);
    expect(await rejection(source.read(0, 1, { signal }))).toBe(reason);
    expect(await source.read(0, 1)).toEqual(FILE.slice(0, 1));
    await source.close?.();
  });

  test("leaves nothing behind on a signal that many calls share", async () => {
    const source = await make(FILE);
    const { signal } = new AbortController();
    expect(await source.size({ signal })).toBe(FILE.length);
    expect(await source.read(0, 10, { signal })).toEqual(FILE.slice(0, 10));
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    await source.close?.();
  });

  test("rejects with the reason of a signal that is aborted meanwhile, and leaves the other callers alone", async () => {
    const source = await make(FILE);
    const reason = { because: "of me" };
    const mine = new AbortController();
    const reading = source.read(0, FILE.length, { signal: mine.signal });
    const other = source.read(0, FILE.length);
    mine.abort(reason);
    const outcome = await reading.catch((error: unknown) => error);
    expect(outcome === reason || (outcome instanceof Uint8Array && source.constructor.name === "BytesSource")).toBe(
      true,
    );
    expect(Buffer.compare(await other, FILE)).toBe(0);
    await source.close?.();
  });
});

describe("toSource", () => {
  test("reads bytes without a copy where scratch allows a look", async () => {
    const looked = await toSource(FILE).read(16, 32, { scratch: new Uint8Array(32) });
    expect(looked.buffer).toBe(FILE.buffer);
    expect(looked.byteOffset).toBe(16);
  });

  test("gives a source back as it is", () => {
    const source: Source = { name: "mine", size: async () => 0, read: async () => new Uint8Array(0) };
    expect(toSource(source)).toBe(source);
  });

  test("names sources for errors", () => {
    expect(toSource("a/b.bin").name).toBe("a/b.bin");
    expect(toSource(new URL("file:///a/b%20c.bin")).name).toBe("/a/b c.bin");
    expect(toSource(fileOf(new Uint8Array(1))).name).toBe("model.bin");
    expect(toSource(new Blob([])).name).toBe("(blob)");
    expect(toSource(new Blob([]), { name: "shard 0" }).name).toBe("shard 0");
    expect(toSource(new Uint8Array(0)).name).toBe("(bytes)");
    expect(toSource(new ArrayBuffer(0), { name: "index" }).name).toBe("index");
  });

  test.each([undefined, null, 5, {}, new Float32Array(1), new Map()])("refuses %s, which holds no bytes", (wrong) => {
    expect(thrown(() => Reflect.apply(toSource, undefined, [wrong]))).toBeInstanceOf(TypeError);
  });

  test.each(["ftp://host/f", "data:,abc", "blob:https://host/id"])("refuses %s, which has no ranges", (url) => {
    expect(thrown(() => toSource(new URL(url)))).toMatchObject({ name: "UnsupportedError", code: "url-scheme" });
  });
});

test("checkRange is exact up to 2^53", () => {
  const largest = Number.MAX_SAFE_INTEGER;
  expect(() => checkRange("f", largest, largest, 0)).not.toThrow();
  expect(() => checkRange("f", largest, 1, largest - 1)).not.toThrow();
  expect(thrown(() => checkRange("f", largest, largest, 1))).toMatchObject({ code: "beyond-end", file: "f" });
  expect(thrown(() => checkRange("f", largest, largest, largest))).toMatchObject({ code: "beyond-end" });
});
