import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory of the test's own, gone after it. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "modelbytes-bytes-"));
  onTestFinished(async () => await rm(path, { recursive: true, force: true }));
  return path;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Server {
  readonly url: URL;
  /** What was asked for so far: `path range`. */
  readonly requests: string[];
  /** How many connections they came over. */
  readonly connections: () => number;
  /** How to answer from now on. */
  answer: Answer;
}

/** A real server on the loopback interface, gone after the test. */
export async function serve(answer: Answer): Promise<Server> {
  let connections = 0;
  const http = createServer((request, response) => {
    server.requests.push(`${request.url} ${request.headers.range ?? ""}`.trim());
    server.answer(request, response);
  });
  http.on("connection", () => connections++);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  const address = http.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  const url = new URL(`http://127.0.0.1:${address.port}/file`);
  const server: Server = { url, requests: [], connections: () => connections, answer };
  return server;
}

/** Answers as a good server does: 206 with the range, 416 beyond the end. `headers` are added, or replace those. */
export function ranges(bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer {
  return (request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(first);
    const stop = Math.min(Number(last) + 1, bytes.length);
    if (start >= bytes.length) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}`, ...headers }).end();
      return;
    }
    const range = {
      "content-range": `bytes ${start}-${stop - 1}/${bytes.length}`,
      "content-length": `${stop - start}`,
    };
    response.writeHead(206, { ...range, ...headers }).end(bytes.subarray(start, stop));
  };
}

/** `length` bytes, each unlike its neighbours. */
export function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 167 + (index >> 8)) & 0xff);
}
