import { BlobSource, toSource } from "@modelbytes/bytes";
import { describe, expect, test, vi } from "vitest";
import { rejection } from "./thrown.ts";

const MIB = 2 ** 20;

/** A Blob whose pieces are what `piece` makes of them. */
function blobOf(size: number, piece: (start: number, stop: number) => Promise<ArrayBuffer>): Blob {
  const blob = new Blob([]);
  Object.defineProperty(blob, "size", { value: size });
  vi.spyOn(blob, "slice").mockImplementation((start = 0, stop = 0) => {
    const part = new Blob([]);
    vi.spyOn(part, "arrayBuffer").mockImplementation(() => piece(start, stop));
    return part;
  });
  return blob;
}

describe("a Blob", () => {
  test("is read in pieces of at most 64 MiB, into scratch where there is one", async () => {
    const pieces: [number, number][] = [];
    const blob = blobOf(2 ** 33, async (start, stop) => {
      pieces.push([start, stop]);
      const bytes = new Uint8Array(stop - start);
      bytes[0] = pieces.length;
      return bytes.buffer;
    });
    const scratch = new Uint8Array(64 * MIB + 3);
    const at = 2 ** 32 + 1;
    const bytes = await toSource(blob).read(at, 64 * MIB + 3, { scratch });
    expect(pieces).toEqual([
      [at, at + 64 * MIB],
      [at + 64 * MIB, at + 64 * MIB + 3],
    ]);
    expect(bytes.buffer).toBe(scratch.buffer);
    expect([bytes.length, bytes[0], bytes[64 * MIB]]).toEqual([64 * MIB + 3, 1, 2]);
  });

  test("that cannot be read any more is a SourceError, and one whose file is gone a NotFoundError", async () => {
    const changed = new DOMException("changed", "NotReadableError");
    const gone = new DOMException("gone", "NotFoundError");
    const read = (cause: unknown) =>
      rejection(
        new BlobSource(
          blobOf(9, () => Promise.reject(cause)),
          "f",
        ).read(4, 2),
      );
    expect(await read(changed)).toMatchObject({ name: "SourceError", code: "read-failed", offset: 4, cause: changed });
    expect(await read(gone)).toMatchObject({ name: "NotFoundError", code: "not-found", file: "f", cause: gone });
  });

  test("that gives fewer bytes than it has is a SourceError", async () => {
    const blob = blobOf(9, async () => new ArrayBuffer(1));
    expect(await rejection(toSource(blob).read(4, 2))).toMatchObject({ name: "SourceError", code: "short-read" });
  });

  test("that takes its time can be abandoned", async () => {
    const source = toSource(blobOf(9, () => new Promise<never>(() => undefined)));
    const mine = new AbortController();
    const reading = rejection(source.read(0, 9, { signal: mine.signal }));
    const reason = { because: "of me" };
    mine.abort(reason);
    expect(await reading).toBe(reason);
  });
});
