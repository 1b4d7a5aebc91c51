import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { basename, join } from "node:path";
import type { Counts } from "./question.ts";

/** The path that tells, and forgets, what was counted. */
export const COUNTS_PATH = "/counts";

/** A loopback server for the files of a folder, with ranges, that counts requests and bytes. */
export class Server implements AsyncDisposable {
  readonly #folder: string;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  #requests = 0;
  #bytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where it answers, e.g. `http://127.0.0.1:4711/`. It listens from the first call on. */
  async url(): Promise<string> {
    if (!this.#server.listening) {
      await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    }
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    return `http://127.0.0.1:${address.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer({ url = "/", headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (url === COUNTS_PATH) {
      const counts: Counts = { requests: this.#requests, bytes: this.#bytes };
      this.#requests = 0;
      this.#bytes = 0;
      response.end(JSON.stringify(counts));
      return;
    }
    this.#requests++;
    const path = join(this.#folder, basename(url));
    const size = await stat(path).then(
      (file) => file.size,
      () => undefined,
    );
    if (size === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const end = Math.min(Number(to ?? size - 1), size - 1);
    this.#bytes += end - start + 1;
    response.writeHead(from === undefined ? 200 : 206, {
      "accept-ranges": "bytes",
      "content-length": end - start + 1,
      etag: `"${size}"`,
      ...(from !== undefined && { "content-range": `bytes ${start}-${end}/${size}` }),
    });
    createReadStream(path, { start, end, highWaterMark: 2 ** 18 }).pipe(response);
  }
}

/** What the server behind `url` counted since the last call. */
export async function takeCounts(url: string): Promise<Counts> {
  const response = await fetch(new URL(COUNTS_PATH, url));
  const counts: Counts = JSON.parse(await response.text());
  return counts;
}
