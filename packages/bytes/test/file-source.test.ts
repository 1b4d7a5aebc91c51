import { execFileSync } from "node:child_process";
import { type FileHandle, open, readdir, readlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toSource } from "@modelbytes/bytes";
import { afterEach, describe, expect, test, vi } from "vitest";
import { pattern, temporaryDirectory } from "./places.ts";
import { rejection } from "./thrown.ts";

afterEach(() => void vi.restoreAllMocks());

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryDirectory(), "model.data");
  await writeFile(path, bytes);
  return path;
}

/** What all file handles inherit, to stand in for disks that are slow, full or broken. */
async function handles(path: string): Promise<FileHandle> {
  const handle = await open(path);
  await handle.close();
  return Object.getPrototypeOf(handle);
}

/** The files that this process holds open below a directory. */
async function openBelow(directory: string): Promise<number> {
  const links = await Promise.all(
    (await readdir("/proc/self/fd")).map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => "")),
  );
  return links.filter((link) => link.startsWith(directory)).length;
}

// Open files are counted in /proc; pipes and devices are made or found as on Linux.
describe.runIf(process.platform === "linux")("a file on disk", () => {
  test("is read at its end where it is larger than 4 GiB", async () => {
    const path = await fileOf(new Uint8Array(0));
    const end = 2 ** 32 + 12_345;
    await truncate(path, end); // a hole: it takes no room on disk
    const handle = await open(path, "r+");
    await handle.write(Uint8Array.of(1, 2, 3), 0, 3, end - 3);
    await handle.close();
    const source = toSource(path);
    expect(await source.size()).toBe(end);
    expect(await source.read(end - 4, 4)).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(await rejection(source.read(end - 4, 5))).toMatchObject({ code: "beyond-end", offset: end - 4 });
    await source.close?.();
  });

  test("is read in two halves at once, and in system calls of at most 1 GiB, also beyond 2 GiB", async () => {
    const path = await fileOf(new Uint8Array(0));
    const size = 2 ** 31 + 10;
    await truncate(path, size);
    // Only the calls matter here. The stand-in touches no memory, so the 2 GiB of the result are never really used.
    const calls: unknown[][] = [];
    const stub = vi.spyOn(await handles(path), "read").mockImplementation(async (...call: unknown[]) => {
      calls.push(call.slice(1));
      return { bytesRead: Number(call[2]), buffer: Buffer.alloc(0) };
    });
    const source = toSource(path);
    expect(await source.read(0, size)).toHaveLength(size);
    stub.mockRestore();
    const gib = 2 ** 30;
    expect(calls).toEqual([
      [0, gib, 0],
      [gib + 5, gib, gib + 5],
      [gib, 5, gib],
      [2 * gib + 5, 5, 2 * gib + 5],
    ]);
    await source.close?.();
  });

  test.each([
    ["first", [0]],
    ["second", [1]],
    ["first and the second", [0, 1]],
  ])("of which the %s half cannot be read is written to no more once that is said", async (_, failing) => {
    const path = await fileOf(new Uint8Array(0));
    const size = 2 ** 21;
    await truncate(path, size);
    let underWay = 0;
    const stub = vi.spyOn(await handles(path), "read").mockImplementation(async (...call: unknown[]) => {
      const half = Number(call[1]) === 0 ? 0 : 1;
      underWay++;
      await new Promise((resolve) => setTimeout(resolve, failing.includes(half) ? 1 : 20));
      underWay--;
      if (failing.includes(half)) throw Object.assign(new Error("EIO"), { code: "EIO" });
      return { bytesRead: Number(call[2]), buffer: Buffer.alloc(0) };
    });
    const source = toSource(path);
    const error = await rejection(source.read(0, size));
    expect(underWay).toBe(0);
    expect(error).toMatchObject({ code: "read-failed", file: path, offset: failing[0] === 0 ? 0 : size / 2 });
    stub.mockRestore();
    await source.close?.();
  });

  test("is read on after a system call that gave less than asked for", async () => {
    const bytes = pattern(1000);
    const path = await fileOf(bytes);
    const stub = vi.spyOn(await handles(path), "read").mockImplementation(async (...call: unknown[]) => {
      const [target, at, length, position] = call;
      if (!(target instanceof Uint8Array)) throw new TypeError("no memory to read into");
      const piece = bytes.subarray(Number(position), Number(position) + Math.min(Number(length), 7));
      target.set(piece, Number(at));
      return { bytesRead: piece.length, buffer: target };
    });
    const source = toSource(path);
    expect(await source.read(10, 900)).toEqual(bytes.slice(10, 910));
    stub.mockRestore();
    await source.close?.();
  });

  test("that is cut while it is read is an error, not zeros", async () => {
    const path = await fileOf(pattern(1000));
    const source = toSource(path);
    expect(await source.size()).toBe(1000);
    await truncate(path, 500);
    const error = await rejection(source.read(400, 200));
    expect(error).toMatchObject({ name: "SourceError", code: "short-read", file: path, offset: 400 });
    await source.close?.();
  });

  test("that is not there is a NotFoundError, each time, until it is there", async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, "later.bin");
    const source = toSource(path);
    expect(await rejection(source.size())).toMatchObject({ name: "NotFoundError", code: "not-found", file: path });
    expect(await rejection(source.read(0, 1))).toMatchObject({ name: "NotFoundError", cause: { code: "ENOENT" } });
    await source.close?.();
    await writeFile(path, pattern(3));
    expect(await source.read(0, 3)).toEqual(pattern(3));
    expect(await rejection(toSource(join(path, "below")).size())).toMatchObject({ name: "NotFoundError" });
    await source.close?.();
  });

  test("that is a directory, a device or a pipe is refused without waiting", async () => {
    const directory = await temporaryDirectory();
    expect(await rejection(toSource(directory).read(0, 1))).toMatchObject({ code: "not-a-file", file: directory });
    expect(await rejection(toSource("/dev/zero").size())).toMatchObject({ name: "SourceError", code: "not-a-file" });
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(await rejection(toSource(pipe).size())).toMatchObject({ name: "SourceError", code: "not-a-file" });
    expect(await openBelow(directory)).toBe(0);
  });

  test("with a name that no file can have is a SourceError", async () => {
    expect(await rejection(toSource("a\0b").size())).toMatchObject({ name: "SourceError", code: "read-failed" });
    expect(await rejection(toSource("x".repeat(5000)).size())).toMatchObject({ cause: { code: "ENAMETOOLONG" } });
  });

  test("that the disk fails to read is a SourceError at the place", async () => {
    const path = await fileOf(pattern(10));
    const cause = Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    const stub = vi.spyOn(await handles(path), "read").mockRejectedValueOnce(cause);
    const source = toSource(path);
    expect(await rejection(source.read(4, 4))).toMatchObject({ code: "read-failed", file: path, offset: 4, cause });
    stub.mockRestore();
    expect(await source.read(4, 4)).toEqual(pattern(10).slice(4, 8));
    await source.close?.();
  });

  test("is opened once for many readers, closed, and opened again", async () => {
    const bytes = pattern(1000);
    const path = await fileOf(bytes);
    const source = toSource(path);
    const directory = join(path, "..");
    await source.close?.();
    expect(await openBelow(directory)).toBe(0);
    const reads = Array.from({ length: 20 }, (_, index) => source.read(index, 100));
    expect(await Promise.all(reads)).toEqual(reads.map((_, index) => bytes.slice(index, index + 100)));
    expect(await openBelow(directory)).toBe(1);
    await source.close?.();
    await source.close?.();
    expect(await openBelow(directory)).toBe(0);
    expect(await source.read(0, 10)).toEqual(bytes.slice(0, 10));
    await source.close?.();
    expect(await openBelow(directory)).toBe(0);
  });

  test("that is closed while it is read gives its bytes or a SourceError, and stays closed", async () => {
    const bytes = pattern(1000);
    const path = await fileOf(bytes);
    const source = toSource(path);
    const reading = source.read(0, 1000).catch((error: unknown) => error);
    await source.close?.();
    const outcome = await reading;
    if (outcome instanceof Uint8Array) expect(outcome).toEqual(bytes);
    else expect(outcome).toMatchObject({ name: "SourceError", code: "closed" });
    expect(await openBelow(join(path, ".."))).toBe(0);
  });
});
