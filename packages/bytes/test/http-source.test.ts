import { inspect } from "node:util";
import { FIRST_REQUEST_BYTES, toSource } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { pattern, ranges, serve } from "./places.ts";
import { rejection } from "./thrown.ts";

const FILE = pattern(100_000);

describe("a file behind HTTP", () => {
  test("costs one request for its size, and none more for its first 64 KiB", async () => {
    const server = await serve(ranges(FILE));
    const source = toSource(server.url);
    expect(await source.size()).toBe(FILE.length);
    expect(await source.size()).toBe(FILE.length);
    expect(await source.read(0, FIRST_REQUEST_BYTES)).toEqual(FILE.slice(0, FIRST_REQUEST_BYTES));
    expect(await source.read(1000, 10, { scratch: new Uint8Array(10) })).toEqual(FILE.slice(1000, 1010));
    expect(await rejection(source.read(FILE.length, 1))).toMatchObject({ code: "beyond-end" });
    expect(server.requests).toEqual(["/file bytes=0-65535"]);
  });

  test("costs one request for a read, of exactly its bytes, and none more for the size then", async () => {
    const server = await serve(ranges(FILE));
    const source = toSource(server.url);
    expect(await source.read(50_000, 20_000)).toEqual(FILE.slice(50_000, 70_000));
    expect(await source.size()).toBe(FILE.length);
    expect(await rejection(source.read(99_999, 2))).toMatchObject({ code: "beyond-end", offset: 99_999 });
    expect(server.requests).toEqual(["/file bytes=50000-69999"]);
  });

  test("is asked only for what the first request did not bring", async () => {
    const server = await serve(ranges(FILE));
    const source = toSource(server.url);
    await source.size();
    expect(await source.read(65_000, 1000)).toEqual(FILE.slice(65_000, 66_000));
    const scratch = new Uint8Array(1000);
    expect((await source.read(65_000, 1000, { scratch })).buffer).toBe(scratch.buffer);
    expect(scratch).toEqual(FILE.slice(65_000, 66_000));
    expect(server.requests.slice(1)).toEqual(["/file bytes=65536-65999", "/file bytes=65536-65999"]);
  });

  test("is asked once where many ask for the size at the same time", async () => {
    const server = await serve(ranges(FILE));
    const source = toSource(server.url);
    const answers = await Promise.all([source.size(), source.size(), source.read(0, 3), source.size()]);
    expect(answers).toEqual([FILE.length, FILE.length, FILE.slice(0, 3), FILE.length]);
    expect(server.requests).toHaveLength(1);
  });

  test("is read over connections that are used again", async () => {
    const server = await serve(ranges(FILE));
    const source = toSource(server.url);
    for (let offset = 0; offset < FILE.length; offset += 10_000) await source.read(offset, 10_000);
    expect(server.requests).toHaveLength(10);
    expect(server.connections()).toBeLessThan(5); // fetch may open a second one while it puts the first aside
  });

  test("is asked for as it is, not compressed", async () => {
    const seen: unknown[] = [];
    const server = await serve((request, response) => {
      seen.push(request.method, request.headers["accept-encoding"]);
      ranges(FILE)(request, response);
    });
    await toSource(server.url).read(0, 1);
    expect(seen).toEqual(["GET", "identity"]);
  });

  test("is found behind redirects", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/real") ranges(FILE)(request, response);
      else response.writeHead(302, { location: "/real" }).end();
    });
    const source = toSource(server.url);
    expect(await source.read(10, 5)).toEqual(FILE.slice(10, 15));
    expect(server.requests).toEqual(["/file bytes=10-14", "/real bytes=10-14"]);
    expect(source.name).toBe(`${server.url}`);
  });

  test("is no directory, to which servers add a slash", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/file") response.writeHead(301, { location: "/file/" }).end();
      else response.writeHead(403).end();
    });
    expect(await rejection(toSource(server.url).size())).toMatchObject({ name: "SourceError", code: "not-a-file" });
    const asked = new URL("/file/", server.url);
    expect(await rejection(toSource(asked).size())).toMatchObject({ name: "SourceError", code: "http-status" });
  });

  test("is one file, whatever becomes of the URL object afterwards", async () => {
    const server = await serve(ranges(FILE));
    const url = new URL(`${server.url}#part`);
    const source = toSource(url);
    url.pathname = "/other";
    await source.size();
    expect(server.requests).toEqual(["/file bytes=0-65535"]);
    expect(url.hash).toBe("#part");
  });

  test.each([
    ["416 with a size", { status: 416, headers: { "content-range": "bytes */0" } }],
    ["416 without one", { status: 416, headers: {} }],
    ["200 without a byte", { status: 200, headers: { "content-length": "0" } }],
  ])("is empty where the server answers %s", async (_, { status, headers }) => {
    const server = await serve((_request, response) => response.writeHead(status, headers).end());
    const source = toSource(server.url);
    expect(await source.size()).toBe(0);
    expect(await source.read(0, 0)).toHaveLength(0);
    expect(await rejection(source.read(0, 1))).toMatchObject({ name: "SourceError", code: "beyond-end" });
    expect(server.requests).toHaveLength(1);
    const other = toSource(server.url);
    expect(await rejection(other.read(0, 1))).toMatchObject({ name: "SourceError", code: "beyond-end" });
  });

  test("is asked through a hook, which may sign and count", async () => {
    const server = await serve((request, response) => {
      if (request.headers.authorization === "Bearer t") ranges(FILE)(request, response);
      else response.writeHead(401).end("who are you?");
    });
    const asked: (string | null)[] = [];
    const source = toSource(server.url, {
      fetch: async (request) => {
        asked.push(request.headers.get("range"));
        request.headers.set("authorization", "Bearer t");
        return await fetch(request);
      },
    });
    expect(await source.read(7, 3)).toEqual(FILE.slice(7, 10));
    expect(asked).toEqual(["bytes=7-9"]);
    expect(await rejection(toSource(server.url).size())).toMatchObject({ code: "http-status" });
  });

  test("may have any scheme that the hook understands", async () => {
    const source = toSource(new URL("s3://bucket/model.index"), {
      fetch: async () => new Response(FILE, { status: 206, headers: { "content-range": "bytes 0-99999/100000" } }),
    });
    expect(await source.read(0, 100_000)).toEqual(FILE);
    expect(source.name).toBe("s3://bucket/model.index");
  });
});

describe("secrets in a URL", () => {
  test("reach the server, but neither the name nor an error", async () => {
    const seen: unknown[] = [];
    const server = await serve((request, response) => {
      seen.push(request.headers.authorization, request.url);
      response.writeHead(403).end();
    });
    const url = new URL(`${server.url}?X-Amz-Signature=s3cr3t`);
    url.username = "us€r";
    url.password = "p%ss:w0rd";
    const source = toSource(url);
    const error = await rejection(source.size());
    const authorization = `Basic ${Buffer.from("us€r:p%ss:w0rd").toString("base64")}`;
    expect(seen).toEqual([authorization, "/file?X-Amz-Signature=s3cr3t"]);
    expect(error).toMatchObject({ code: "http-status", file: `${server.url}` });
    for (const text of [source.name, String(error), JSON.stringify(error)])
      expect(text).not.toMatch(/s3cr3t|w0rd|us€r/);
  });

  test("stay out of errors and their causes where no server answers", async () => {
    const error = await rejection(toSource(new URL("http://me:w0rd@127.0.0.1:1/f?key=s3cr3t")).size());
    expect(error).toMatchObject({ name: "SourceError", code: "request-failed", file: "http://127.0.0.1:1/f" });
    expect(inspect(error, { depth: 9 })).not.toMatch(/s3cr3t|w0rd/);
  });
});
