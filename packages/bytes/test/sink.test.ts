import { type FileHandle, mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MemorySink, type Sink, toSink } from "@modelbytes/bytes";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { pattern, temporaryDirectory } from "./places.ts";
import { rejection, thrown } from "./thrown.ts";

afterEach(() => void vi.restoreAllMocks());

interface Target {
  readonly sink: Sink;
  /** The file's bytes, once it is closed. */
  readonly bytes: () => Promise<Uint8Array>;
}

const kinds: readonly (readonly [kind: string, make: () => Promise<Target>])[] = [
  [
    "a path",
    async () => {
      const path = join(await temporaryDirectory(), "model [1] #%20.index");
      return { sink: toSink(path), bytes: async () => new Uint8Array(await readFile(path)) };
    },
  ],
  [
    "memory",
    async () => {
      const sink = new MemorySink();
      return { sink, bytes: async () => sink.bytes };
    },
  ],
];

describe.each(kinds)("a sink into %s", (_, make) => {
  test("holds what was written, in order, also where the calls overlap", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), async (pieces) => {
        const { sink, bytes } = await make();
        await Promise.all(pieces.map((piece) => sink.write(piece)));
        await sink.close();
        expect([...(await bytes())]).toEqual(pieces.flatMap((piece) => [...piece]));
      }),
      { numRuns: 20 },
    );
  });

  test("may be empty", async () => {
    const { sink, bytes } = await make();
    await sink.close();
    expect(await bytes()).toHaveLength(0);
  });

  test("leaves the memory to its owner once it is written, Buffers too", async () => {
    const { sink, bytes } = await make();
    const memory = Buffer.from("one");
    await sink.write(memory);
    memory.write("two");
    await sink.write(memory);
    await sink.close();
    expect(Buffer.from(await bytes()).toString()).toBe("onetwo");
  });

  test("can be closed twice, and aborted afterwards, without harm", async () => {
    const { sink, bytes } = await make();
    await sink.write(pattern(10));
    await Promise.all([sink.close(), sink.close()]);
    await sink.close();
    await sink.abort();
    expect(await bytes()).toEqual(pattern(10));
    expect(await rejection(sink.write(pattern(1)))).toBeInstanceOf(TypeError);
    expect(await bytes()).toEqual(pattern(10));
  });

  test("is no file after an abort", async () => {
    const { sink, bytes } = await make();
    await sink.write(pattern(10));
    await sink.abort();
    await sink.abort();
    expect(await rejection(sink.write(pattern(10)))).toBeInstanceOf(TypeError);
    expect(await rejection(sink.close())).toBeInstanceOf(TypeError);
    await rejection(bytes());
  });
});

test("a sink into memory has no bytes before it is closed", async () => {
  const sink = new MemorySink("w.h5");
  await sink.write(pattern(3));
  expect(thrown(() => sink.bytes)).toBeInstanceOf(TypeError);
  await sink.close();
  expect(sink.bytes).toEqual(pattern(3));
  expect(sink.name).toBe("w.h5");
});

test("toSink gives a sink back as it is, and takes file: URLs but no others", async () => {
  const sink = new MemorySink();
  expect(toSink(sink)).toBe(sink);
  const path = join(await temporaryDirectory(), "a b");
  expect(toSink(pathToFileURL(path)).name).toBe(path);
  const error = thrown(() => toSink(new URL("https://me:w0rd@host/f?s3cr3t")));
  expect(error).toMatchObject({ name: "UnsupportedError", code: "url-scheme", file: "https://host/f" });
});

describe("a sink into a path", () => {
  /** Makes the next write, or every one, behave like a broken disk's. */
  async function breakWrites(path: string): Promise<{ mockRestore: () => void }> {
    const handle: FileHandle = await open(path, "w");
    await handle.close();
    const cause = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    return vi.spyOn(Object.getPrototypeOf(handle), "write").mockRejectedValueOnce(cause);
  }

  test("makes nothing before it is written to, and shows nothing under the final name before it is closed", async () => {
    const directory = await temporaryDirectory();
    const sink = toSink(join(directory, "model.index"));
    expect(await readdir(directory)).toEqual([]);
    await sink.write(pattern(10));
    expect(await readdir(directory)).toEqual([expect.stringMatching(/^model\.index\.tempstate\d{1,20}$/)]);
    await sink.close();
    expect(await readdir(directory)).toEqual(["model.index"]);
  });

  test("leaves the file that was there until it is closed, and replaces it then", async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, "model.index");
    await writeFile(path, "a longer file, from before");
    const [first, second] = [toSink(path), toSink(path)];
    await first.write(pattern(5));
    await second.write(pattern(6));
    await first.abort();
    expect(await readFile(path, "utf8")).toBe("a longer file, from before");
    await second.close();
    expect(new Uint8Array(await readFile(path))).toEqual(pattern(6));
    expect(await readdir(directory)).toEqual(["model.index"]);
  });

  test("leaves nothing behind after an abort, also with writes under way, or with none", async () => {
    const directory = await temporaryDirectory();
    const sink = toSink(join(directory, "model.index"));
    const writes = [1, 2, 3].map((length) => sink.write(pattern(length)).catch((error: unknown) => error));
    await sink.abort(new Error("no more"));
    await Promise.all(writes);
    expect(await readdir(directory)).toEqual([]);
    await toSink(join(directory, "other")).abort();
    expect(await readdir(directory)).toEqual([]);
  });

  test("never becomes a file after a write has failed", async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, "model.index");
    const stub = await breakWrites(path);
    await writeFile(path, "before");
    const sink = toSink(path);
    const error = await rejection(sink.write(pattern(10)));
    stub.mockRestore();
    expect(error).toMatchObject({ name: "SourceError", code: "write-failed", file: path, cause: { code: "ENOSPC" } });
    expect(await rejection(sink.write(pattern(10)))).toBe(error);
    expect(await rejection(sink.close())).toBe(error);
    expect(await rejection(sink.close())).toBe(error);
    await sink.abort();
    expect(await readdir(directory)).toEqual(["model.index"]);
    expect(await readFile(path, "utf8")).toBe("before");
  });

  test("writes on after a system call that took less than it was given", async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, "model.index");
    const handle = await open(path, "w");
    const taken: number[] = [];
    const stub = vi.spyOn(Object.getPrototypeOf(handle), "write").mockImplementation(async (...call: unknown[]) => {
      taken.push(Number(call[1]), Number(call[2]));
      return { bytesWritten: Math.min(Number(call[2]), 7), buffer: Buffer.alloc(0) };
    });
    const sink = toSink(path);
    await sink.write(pattern(20));
    stub.mockRestore();
    await handle.close();
    await sink.abort();
    expect(taken).toEqual([0, 20, 7, 13, 14, 6]);
  });

  test("fails where no file can be, and can be aborted all the same", async () => {
    const directory = await temporaryDirectory();
    const nowhere = toSink(join(directory, "missing", "model.index"));
    expect(await rejection(nowhere.write(pattern(1)))).toMatchObject({ name: "NotFoundError", code: "not-found" });
    await nowhere.abort();
    await writeFile(join(directory, "file"), "");
    const below = toSink(join(directory, "file", "model.index"));
    expect(await rejection(below.close())).toMatchObject({ name: "SourceError", code: "write-failed" });
    await mkdir(join(directory, "taken", "x"), { recursive: true });
    const taken = toSink(join(directory, "taken"));
    await taken.write(pattern(1));
    expect(await rejection(taken.close())).toMatchObject({ name: "SourceError", code: "write-failed" });
    expect((await readdir(directory)).sort()).toEqual(["file", "taken"]);
  });
});
