import { toSource } from "@modelbytes/bytes";
import { expect, test } from "vitest";
import { pattern, ranges, serve } from "./places.ts";
import { rejection } from "./thrown.ts";

const FILE = pattern(100_000);
const REASON = { because: "of me" };

/** A promise, and what fulfils it. */
function signal(): { readonly reached: Promise<void>; readonly reach: () => void } {
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}

test("of two who wait for the first request, the one who aborts leaves alone", async () => {
  const asked = signal();
  const go = signal();
  const server = await serve((request, response) => {
    asked.reach();
    void go.reached.then(() => ranges(FILE)(request, response));
  });
  const source = toSource(server.url);
  const mine = new AbortController();
  const first = rejection(source.size({ signal: mine.signal }));
  const second = source.read(5, 10);
  await asked.reached;
  mine.abort(REASON);
  expect(await first).toBe(REASON);
  go.reach();
  expect(await second).toEqual(FILE.slice(5, 15));
  expect(await source.size()).toBe(FILE.length);
  expect(server.requests).toHaveLength(1);
});

test("a read that is aborted before the answer closes its connection", async () => {
  const asked = signal();
  const closed = signal();
  const server = await serve((request) => {
    request.socket.on("close", closed.reach);
    asked.reach();
  });
  const mine = new AbortController();
  const reading = rejection(toSource(server.url).read(5, 10, { signal: mine.signal }));
  await asked.reached;
  mine.abort(REASON);
  expect(await reading).toBe(REASON);
  await closed.reached;
});

test("a read that is aborted in the middle of the body closes its connection, and touches its scratch no more", async () => {
  const begun = signal();
  const closed = signal();
  const server = await serve((request, response) => {
    request.socket.on("close", closed.reach);
    response.writeHead(206, { "content-range": "bytes 0-99999/100000", "content-length": "100000" });
    response.write(FILE.subarray(0, 50_000));
  });
  const mine = new AbortController();
  const source = toSource(server.url, {
    fetch: async (request) => {
      const response = await fetch(request);
      begun.reach();
      return response;
    },
  });
  const scratch = new Uint8Array(100_000);
  const reading = rejection(source.read(0, 100_000, { scratch, signal: mine.signal }));
  await begun.reached;
  mine.abort(REASON);
  expect(await reading).toBe(REASON);
  const seen = scratch.slice();
  await closed.reached;
  expect(Buffer.compare(scratch, seen)).toBe(0);
});

test("an abort does not depend on a hook that heeds it, and the late answer is thrown away", async () => {
  const asked = signal();
  const discarded = signal();
  const late = signal();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: discarded.reach });
  const mine = new AbortController();
  const source = toSource(new URL("https://host/f"), {
    fetch: async () => {
      asked.reach();
      await late.reached;
      return new Response(body, { status: 206, headers: { "content-range": "bytes 0-9/10" } });
    },
  });
  const reading = rejection(source.read(0, 10, { signal: mine.signal }));
  await asked.reached;
  mine.abort(REASON);
  expect(await reading).toBe(REASON);
  late.reach();
  await discarded.reached;
});

test("an abort in the body does not depend on a hook that heeds it", async () => {
  const asked = signal();
  const discarded = signal();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    { pull: asked.reach, cancel: discarded.reach },
    { highWaterMark: 0 }, // nothing is pulled before somebody reads
  );
  const mine = new AbortController();
  const source = toSource(new URL("https://host/f"), {
    fetch: async () => new Response(body, { status: 206, headers: { "content-range": "bytes 0-9/10" } }),
  });
  const reading = rejection(source.read(0, 10, { signal: mine.signal }));
  await asked.reached;
  mine.abort(REASON);
  expect(await reading).toBe(REASON);
  await discarded.reached;
});
