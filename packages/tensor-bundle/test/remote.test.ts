import { createServer, type Server } from "node:http";

import { NotFoundError, SourceError } from "@modelbytes/bytes";
import { openBundle } from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildIndex } from "./build.ts";
import { filesOf } from "./damage.ts";

/** Files that a web server serves by ranges, and what it was asked for. */
const files = new Map<string, Uint8Array>();
const requests: string[] = [];
let honourRanges = true;
let server: Server;
let base: URL;

beforeAll(async () => {
  for (const [name, bytes] of filesOf("demo")) files.set(`/demo/${name}`, bytes);
  const many = Object.fromEntries(
    Array.from({ length: 50_000 }, (_, n) => [`layer_${n}/kernel`, { offset: 4 * n, crc32c: 0x48674bc7 }]),
  );
  files.set("/many/model.index", buildIndex(many));
  files.set("/many/model.data-00000-of-00001", new Uint8Array(200_000));
  server = createServer((request, response) => {
    const bytes = files.get(decodeURIComponent(request.url ?? ""));
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    requests.push(`${request.url} ${request.headers.range}`);
    if (bytes === undefined) response.writeHead(404).end();
    else if (range === null || !honourRanges) response.writeHead(200).end(bytes);
    else {
      const start = Number(range[1]);
      const stop = Math.min(Number(range[2]) + 1, bytes.length);
      response.writeHead(206, {
        "content-range": `bytes ${start}-${stop - 1}/${bytes.length}`,
        etag: `"${bytes.length}"`,
      });
      response.end(bytes.subarray(start, stop));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = new URL(`http://127.0.0.1:${portOf(server)}/`);
});

afterAll(() => server.close());

beforeEach(() => {
  requests.length = 0;
  honourRanges = true;
});

describe("over HTTP", () => {
  test("opening takes one request for a small index, reading a tensor one more", async () => {
    await using bundle = await openBundle(new URL("demo/ckpt-3", base));
    expect(requests).toEqual(["/demo/ckpt-3.index bytes=0-65535"]);
    await bundle.read("optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE");
    expect(requests.length).toBe(2);
  });

  test("one of 50,000 tensors takes three requests", async () => {
    await using bundle = await openBundle(new URL("many/model", base));
    expect(bundle.entries.size).toBe(50_000);
    expect((await bundle.read("layer_49999/kernel")).data).toEqual(Float32Array.of(0));
    expect(requests.length).toBe(3);
  });

  test("a directory is opened through its state file", async () => {
    await using bundle = await openBundle(new URL("demo/", base));
    expect(bundle.prefix).toContain("/demo/ckpt-3");
  });

  test("verifies and streams", async () => {
    await using bundle = await openBundle(new URL("demo/ckpt-2", base));
    for await (const problem of bundle.verify()) expect.fail(problem.message);
    let tensors = 0;
    for await (const _ of bundle.stream({ concurrency: 8 })) tensors++;
    expect(tensors).toBe(27);
  });

  test("what is not there is not found", async () => {
    await expect(openBundle(new URL("demo/ckpt-9", base))).rejects.toThrow(NotFoundError);
  });

  test("a server that ignores ranges is an error, not wrong bytes", async () => {
    honourRanges = false;
    await expect(openBundle(new URL("demo/ckpt-3", base))).rejects.toThrow(SourceError);
  });

  test("a data file that is replaced between two reads is an error", async () => {
    await using bundle = await openBundle(new URL("demo/ckpt-3", base));
    const name = "/demo/ckpt-3.data-00000-of-00001";
    const bytes = files.get(name) ?? new Uint8Array(0);
    await bundle.read("optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE");
    files.set(name, new Uint8Array(bytes.length + 1));
    await expect(bundle.read("optimizer/_learning_rate/.ATTRIBUTES/VARIABLE_VALUE")).rejects.toMatchObject({
      name: "SourceError",
      code: "changed",
    });
    files.set(name, bytes);
  });
});

function portOf(listening: Server): number {
  const address = listening.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
