// What is asked of a web server.

import { MemorySink } from "@modelbytes/bytes";
import { openSafetensors, openShardedSafetensors, writeSafetensors } from "@modelbytes/safetensors";
import { tensor } from "@modelbytes/tensor";
import { beforeEach, expect, test } from "vitest";
import { bytesOf } from "./fixtures.ts";

const files = new Map<string, Uint8Array<ArrayBuffer>>();
const requests: string[] = [];

/** A server that answers ranges. */
async function fetched(request: Request): Promise<Response> {
  const range = request.headers.get("range") ?? "";
  const { pathname } = new URL(request.url);
  requests.push(`${pathname} ${range}`);
  const bytes = files.get(pathname.slice(1));
  if (bytes === undefined) return new Response(null, { status: 404 });
  const [, first = 0, last = 0] = (/^bytes=(\d+)-(\d+)$/.exec(range) ?? []).map(Number);
  const stop = Math.min(last + 1, bytes.length);
  const headers = { "content-range": `bytes ${first}-${stop - 1}/${bytes.length}` };
  return new Response(bytes.slice(first, stop), { status: 206, headers });
}

const url = (path: string) => new URL(path, "http://host.example/");

beforeEach(() => {
  requests.length = 0;
});

test("opening is one request, and so is a small tensor that lies near", async () => {
  files.set("demo", bytesOf("demo/model.safetensors"));
  await using file = await openSafetensors(url("demo"), { fetch: fetched });
  expect((await file.read("step")).data).toEqual(BigInt64Array.of(42n));
  expect(requests).toEqual(["/demo bytes=0-65535"]);
});

test("a header beyond 64 KiB is one request more, and a tensor is one", async () => {
  const sink = new MemorySink();
  const one = tensor("float32", [2], Float32Array.of(1, 2));
  await writeSafetensors(
    sink,
    Array.from({ length: 2000 }, (_, index) => [`layer ${index}`, one] as const),
  );
  files.set("large", sink.bytes);
  await using file = await openSafetensors(url("large"), { fetch: fetched });
  expect(file.entries.size).toBe(2000);
  expect(requests.length).toBe(2);
  await file.read("layer 1999");
  expect(requests.length).toBe(3);
  let tensors = 0;
  for await (const _ of file.stream()) tensors++;
  expect([tensors, requests.length]).toEqual([2000, 4]);
});

test("sharded tensors are a request for the index and one for each file", async () => {
  const names = ["model.safetensors.index.json", ...[1, 2, 3].map((each) => `model-0000${each}-of-00003.safetensors`)];
  for (const name of names) files.set(`sharded/${name}`, bytesOf(`sharded/${name}`));
  await using file = await openShardedSafetensors(url("sharded/model.safetensors.index.json"), { fetch: fetched });
  expect(file.entries.size).toBe(8);
  expect(requests).toEqual(names.map((name) => `/sharded/${name} bytes=0-65535`));
});

test("what is not there is not found", async () => {
  await expect(openSafetensors(url("nothing"), { fetch: fetched })).rejects.toMatchObject({ name: "NotFoundError" });
});
