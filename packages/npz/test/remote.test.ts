// What is asked of a web server.

import { MemorySink } from "@modelbytes/bytes";
import { openNpz, writeNpz } from "@modelbytes/npz";
import { tensor } from "@modelbytes/tensor";
import { beforeEach, expect, test } from "vitest";
import { bytesOf } from "./fixtures.ts";

const files = new Map<string, Uint8Array<ArrayBuffer>>();
const requests: string[] = [];

/** A server that answers ranges. */
async function fetched(request: Request): Promise<Response> {
  const range = request.headers.get("range") ?? "";
  const name = new URL(request.url).pathname.slice(1);
  requests.push(range);
  const bytes = files.get(name) ?? new Uint8Array(0);
  const [, first = 0, last = 0] = (/^bytes=(\d+)-(\d+)$/.exec(range) ?? []).map(Number);
  const stop = Math.min(last + 1, bytes.length);
  const headers = { "content-range": `bytes ${first}-${stop - 1}/${bytes.length}` };
  return new Response(bytes.slice(first, stop), { status: 206, headers });
}

const open = (name: string) => openNpz(new URL(name, "http://host.example/"), { fetch: fetched });

beforeEach(() => {
  requests.length = 0;
});

test("a small archive is one request", async () => {
  files.set("demo", bytesOf("demo/arrays.npz"));
  await using file = await open("demo");
  expect((await file.read("step")).data).toEqual(BigInt64Array.of(42n));
  expect(requests).toEqual(["bytes=0-65535"]);
});

test("of a large one the directory is read and each header, those of small neighbours together; then what is asked for", async () => {
  const sink = new MemorySink();
  const array = (name: string, size: number) => [name, tensor("uint8", [size], new Uint8Array(size).fill(7))] as const;
  const small = Array.from({ length: 10 }, (_, index) => array(`small ${index}`, 100));
  await writeNpz(sink, [array("a", 100_000), array("b", 100_000), ...small, array("c", 100_000)]);
  files.set("large", sink.bytes);
  await using file = await open("large");
  expect(file.entries.size).toBe(13);
  // the first bytes, the last, then b, ten small ones, and c; the directory and `a` were in the first two
  expect(requests.length).toBeLessThanOrEqual(5);
  requests.length = 0;
  expect((await file.read("b", { select: [[50_000, 50_010]] })).data).toEqual(new Uint8Array(10).fill(7));
  expect(requests.length).toBeLessThanOrEqual(2);
  requests.length = 0;
  await file.read("c");
  expect(requests.length).toBe(1);
});
