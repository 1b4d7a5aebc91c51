import { gzipSync } from "node:zlib";
import { toSource } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { type Answer, pattern, ranges, serve } from "./places.ts";
import { rejection } from "./thrown.ts";

const FILE = pattern(100_000);
const answer = (status: number, headers: Readonly<Record<string, string>> = {}, body?: Uint8Array | string): Answer => {
  return (_, response) => response.writeHead(status, headers).end(body);
};
/** A 206 for bytes 10 to 19, with this Content-Range and this body, in chunks without a Content-Length. */
const ten = (contentRange: string, ...pieces: readonly Uint8Array[]): Answer => {
  return (_, response) => {
    response.writeHead(206, { "content-range": contentRange });
    for (const piece of pieces) response.write(piece);
    response.end();
  };
};

describe("a read of bytes 10 to 19 fails where the server", () => {
  test.each<[string, Answer, object]>([
    ["ignores ranges", answer(200, {}, FILE), { name: "SourceError", code: "range-ignored" }],
    ["answers 200 with just these bytes", answer(200, {}, FILE.subarray(10, 20)), { code: "range-ignored" }],
    ["knows no such file", answer(404, {}, "no"), { name: "NotFoundError", code: "not-found" }],
    ["had such a file", answer(410), { name: "NotFoundError", code: "not-found" }],
    ["forbids it", answer(403, {}, "no"), { name: "SourceError", code: "http-status", offset: 10 }],
    ["breaks", answer(500, {}, "oh"), { name: "SourceError", code: "http-status" }],
    ["has nothing to say", answer(204), { name: "SourceError", code: "http-status" }],
    ["has no such bytes", answer(416, { "content-range": "bytes */5" }), { code: "beyond-end", offset: 10 }],
    ["has no such bytes, without a size", answer(416), { name: "SourceError", code: "beyond-end" }],
    ["refuses bytes that it has", answer(416, { "content-range": "bytes */100" }), { code: "wrong-range" }],
    ["says not which bytes these are", answer(206, {}, FILE.subarray(10, 20)), { code: "wrong-range" }],
    ["says not how large the file is", ten("bytes 10-19/*", FILE.subarray(10, 20)), { code: "wrong-range" }],
    ["counts other things", ten("items 10-19/100", FILE.subarray(10, 20)), { code: "wrong-range" }],
    ["sends others", ten("bytes 0-9/100000", FILE.subarray(0, 10)), { name: "SourceError", code: "wrong-range" }],
    ["sends one before them too", ten("bytes 9-19/100000", FILE.subarray(9, 20)), { code: "wrong-range" }],
    ["sends more", ten("bytes 10-20/100000", FILE.subarray(10, 21)), { code: "wrong-range" }],
    ["sends fewer", ten("bytes 10-18/100000", FILE.subarray(10, 19)), { code: "wrong-range" }],
    ["ends before", ten("bytes 10-14/15", FILE.subarray(10, 15)), { code: "beyond-end", offset: 10 }],
    ["contradicts itself", ten("bytes 10-19/15", FILE.subarray(10, 20)), { code: "wrong-range" }],
    ["counts backwards", ten("bytes 19-10/100", FILE.subarray(10, 20)), { code: "wrong-range" }],
    ["has a file beyond numbers", ten(`bytes 10-19/${10n ** 30n}`, FILE.subarray(10, 20)), { code: "wrong-range" }],
    ["stops short", ten("bytes 10-19/100000", FILE.subarray(10, 19)), { code: "short-read", offset: 10 }],
    ["sends no byte", ten("bytes 10-19/100000"), { code: "short-read" }],
    ["goes on", ten("bytes 10-19/100000", FILE.subarray(10, 21)), { code: "wrong-length" }],
    [
      "goes on later",
      ten("bytes 10-19/100000", FILE.subarray(10, 20), FILE.subarray(20, 21)),
      { code: "wrong-length" },
    ],
  ])("%s", async (_, trouble, expected) => {
    const server = await serve(trouble);
    const error = await rejection(toSource(server.url).read(10, 10));
    expect(error).toMatchObject({ file: `${server.url}`, ...expected });
    expect(server.requests).toEqual(["/file bytes=10-19"]); // nobody retries on the sly
  });

  test("compresses the answer", async () => {
    const body = gzipSync(FILE.subarray(10, 20));
    const headers = { "content-range": `bytes 10-19/100000`, "content-encoding": "gzip" };
    const server = await serve(answer(206, headers, body));
    expect(await rejection(toSource(server.url).read(10, 10))).toMatchObject({ code: "encoded" });
  });

  test("drops the connection, before the answer or in its middle", async () => {
    const server = await serve((request) => request.socket.destroy());
    const source = toSource(server.url);
    expect(await rejection(source.read(10, 10))).toMatchObject({ code: "request-failed", offset: 10 });
    server.answer = (request, response) => {
      response.writeHead(206, { "content-range": "bytes 10-19/100000", "content-length": "10" });
      response.write(FILE.subarray(10, 15), () => request.socket.destroy());
    };
    expect(await rejection(source.read(10, 10))).toMatchObject({ name: "SourceError", code: "short-read" });
    server.answer = ranges(FILE);
    expect(await source.read(10, 10)).toEqual(FILE.slice(10, 20));
  });

  test("cannot be asked at all, because the hook throws", async () => {
    const cause = new Error("no key");
    const fetches = [
      () => Promise.reject(cause),
      () => {
        throw cause;
      },
    ];
    for (const fetch of fetches) {
      const source = toSource(new URL("https://host/f"), { fetch });
      expect(await rejection(source.read(10, 10))).toMatchObject({ code: "request-failed", cause });
    }
  });
});

describe("the first request fails where the server", () => {
  test.each<[string, Answer, object]>([
    ["ignores ranges", answer(200, {}, FILE), { code: "range-ignored" }],
    ["sends fewer bytes than it has", ten("bytes 0-9/100000", FILE.subarray(0, 10)), { code: "wrong-range" }],
    ["refuses bytes that it has", answer(416, { "content-range": "bytes */100" }), { code: "wrong-range" }],
    ["knows no such file", answer(404), { name: "NotFoundError" }],
  ])("%s, and can be made again", async (_, trouble, expected) => {
    const server = await serve(trouble);
    expect(await rejection(toSource(server.url).size())).toMatchObject(expected);
    server.answer = (_request, response) => response.writeHead(503).end();
    const source = toSource(server.url);
    const both = [rejection(source.size()), rejection(source.read(0, 1))];
    for (const error of await Promise.all(both)) expect(error).toMatchObject({ code: "http-status" });
    server.answer = ranges(FILE);
    expect(await source.size()).toBe(FILE.length);
  });
});

describe("a file whose later answers differ", () => {
  const day = "Sat, 21 Nov 2026 10:00:00 GMT";
  const later = "Sat, 21 Nov 2026 10:00:01 GMT";
  const second = pattern(100_001);
  test.each<["changed" | "same", string, Answer, Answer]>([
    ["changed", "another size", ranges(FILE), ranges(second)],
    ["changed", "another ETag", ranges(FILE, { etag: '"a"' }), ranges(FILE, { etag: '"b"' })],
    ["changed", "another weak ETag", ranges(FILE, { etag: 'W/"a"' }), ranges(FILE, { etag: 'W/"b"' })],
    ["same", "the ETag weakened", ranges(FILE, { etag: '"a"' }), ranges(FILE, { etag: 'W/"a"' })],
    ["changed", "another date", ranges(FILE, { "last-modified": day }), ranges(FILE, { "last-modified": later })],
    [
      "same",
      "another date, the same ETag",
      ranges(FILE, { etag: '"a"', "last-modified": day }),
      ranges(FILE, { etag: '"a"', "last-modified": later }),
    ],
    ["same", "no ETag any more", ranges(FILE, { etag: '"a"' }), ranges(FILE)],
    [
      "changed",
      "no ETag any more, and another date",
      ranges(FILE, { etag: '"a"', "last-modified": day }),
      ranges(FILE, { "last-modified": later }),
    ],
    ["changed", "fewer bytes than are asked for", ranges(FILE), ranges(FILE.subarray(0, 10))],
    ["changed", "an empty file", ranges(FILE), answer(200, { "content-length": "0" })],
  ])("is %s if it has %s", async (outcome, _, before, after) => {
    const server = await serve(before);
    const source = toSource(server.url);
    await source.size();
    server.answer = after;
    const reading = source.read(80_000, 10);
    if (outcome === "same") expect(await reading).toEqual(FILE.slice(80_000, 80_010));
    else expect(await rejection(reading)).toMatchObject({ name: "SourceError", code: "changed", offset: 80_000 });
  });

  test("is compared with every header that any answer had", async () => {
    const server = await serve(ranges(FILE));
    const source = toSource(server.url);
    await source.size();
    server.answer = ranges(FILE, { etag: '"a"' });
    await source.read(80_000, 10);
    server.answer = ranges(FILE, { etag: '"b"' });
    expect(await rejection(source.read(80_000, 10))).toMatchObject({ code: "changed" });
  });
});
