import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { FIXTURES, modelbytes, ROOT } from "./command.ts";

/**
 * Serves the fixtures by range; below /whole/ it ignores ranges, below /broken/ it fails, below /key/ it wants a header, which /bare/
 * refuses, where /away/ leads.
 */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  requests.push(pathname);
  const [, kind = "", path = ""] = /^\/(\w+)\/(.*)$/.exec(decodeURIComponent(pathname)) ?? [];
  if (kind === "key" && request.headers["x-key"] !== "5ecret") return void response.writeHead(403).end();
  if (kind === "away") return void response.writeHead(302, { location: `${other}/bare/${path}` }).end();
  if (kind === "bare" && request.headers["x-key"] !== undefined) return void response.writeHead(400).end();
  if (kind === "broken") return void response.writeHead(500).end();
  const bytes = await readFile(join(ROOT, FIXTURES, path)).catch(() => undefined);
  if (bytes === undefined) return void response.writeHead(404).end();
  if (kind === "whole") return void response.writeHead(200).end(bytes);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const [start, stop] = [Number(first), Math.min(Number(last) + 1, bytes.length)];
  if (start >= bytes.length) return void response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
  const range = { "content-range": `bytes ${start}-${stop - 1}/${bytes.length}`, "content-length": stop - start };
  response.writeHead(206, range).end(bytes.subarray(start, stop));
}

const requests: string[] = [];
const server = createServer((request, response) => void answer(request, response));
let base = "";
/** The same server as another origin. */
let other = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address !== null && typeof address === "object") {
    base = `http://127.0.0.1:${address.port}`;
    other = `http://localhost:${address.port}`;
  }
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.concurrent("a checkpoint behind a URL", { timeout: 30_000 }, () => {
  test("is hashed, verified and read as on disk", async ({ expect }) => {
    const [remote, local, verified, read] = await Promise.all([
      modelbytes("hash", `${base}/ranges/demo/ckpt-3`),
      modelbytes("hash", `${FIXTURES}/demo/ckpt-3`),
      modelbytes("verify", `${base}/ranges/demo/ckpt-3`),
      modelbytes("read", `${base}/ranges/demo/ckpt-3`, "adam/iteration"),
    ]);
    expect(remote).toEqual(local);
    expect(verified.stdout).toBe("ok: 27 tensors, 65,231 bytes, every checksum holds\n");
    expect(read).toEqual({ code: 0, stdout: "int64 []\n3\n", stderr: "" });
  });

  test("is found by its directory, without the query showing", async ({ expect }) => {
    const [inspected, newest] = await Promise.all([
      modelbytes("inspect", `${base}/ranges/demo/?secret=1`),
      modelbytes("latest", `${base}/ranges/demo/`),
    ]);
    expect(inspected.code).toBe(0);
    expect(inspected.stderr).toBe(`note: reading the checkpoint ${base}/ranges/demo/ckpt-3\n`);
    expect(newest).toEqual({ code: 0, stdout: `${base}/ranges/demo/ckpt-3\n`, stderr: "" });
  });

  test("takes two requests to read one tensor", async ({ expect }) => {
    await modelbytes("read", `${base}/ranges/golden-mixed/model`, "b");
    expect(requests.filter((path) => path.includes("golden-mixed"))).toEqual([
      "/ranges/golden-mixed/model.index",
      "/ranges/golden-mixed/model.data-00000-of-00001",
    ]);
  });

  test("is asked for with the headers that are given, which stay with its server", async ({ expect }) => {
    const header = ["--header", "X-Key: 5ecret", "--header", "X-Other: 1"];
    const [local, ...remote] = await Promise.all([
      modelbytes("hash", `${FIXTURES}/demo/ckpt-3`),
      modelbytes("hash", `${base}/key/demo/ckpt-3`, ...header),
      modelbytes("hash", `${base}/away/demo/ckpt-3`, ...header),
    ]);
    for (const outcome of remote) expect(outcome).toEqual(local);
    const [refused, malformed] = await Promise.all([
      modelbytes("hash", `${base}/key/demo/ckpt-3`, "--header", "X-Key: 5ecrets"),
      modelbytes("hash", `${base}/key/demo/ckpt-3`, "--header", "5ecret"),
    ]);
    expect([refused.code, malformed.code]).toEqual([5, 2]);
    expect(refused.stderr).toContain("--header");
    expect(refused.stderr + malformed.stderr).not.toContain("5ecret");
  });

  test("fails with the exit code of what went wrong", async ({ expect }) => {
    const outcomes = await Promise.all([
      modelbytes("inspect", `${base}/ranges/nowhere/x`),
      modelbytes("inspect", `${base}/whole/demo/ckpt-3`),
      modelbytes("verify", `${base}/broken/demo/ckpt-3`),
      modelbytes("inspect", "http://127.0.0.1:1/x"),
    ]);
    expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual([
      [3, ""],
      [5, ""],
      [5, ""],
      [5, ""],
    ]);
    for (const { stderr } of outcomes) expect(stderr.split("\n").length).toBeLessThanOrEqual(3);
  });
});
