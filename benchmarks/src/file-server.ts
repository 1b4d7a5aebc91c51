import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { basename, dirname, join } from "node:path";
import type { Counts } from "./question.ts";

/** The name of no file: what was counted, which is forgotten then. */
const COUNTS = "counts";

/**
 * A loopback server for the files of a folder, with ranges, that counts requests and bytes. It pays no attention to folders in a URL, and
 * counts for each of them on its own.
 */
export class Server implements AsyncDisposable {
  readonly #folder: string;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  readonly #counts = new Map<string, { requests: number; bytes: number }>();

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
    const client = dirname(url);
    const counts = this.#counts.get(client) ?? { requests: 0, bytes: 0 };
    if (basename(url) === COUNTS) {
      this.#counts.delete(client);
      response.end(JSON.stringify(counts satisfies Counts));
      return;
    }
    this.#counts.set(client, counts);
    counts.requests++;
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
    counts.bytes += end - start + 1;
    response.writeHead(from === undefined ? 200 : 206, {
      "accept-ranges": "bytes",
      "content-length": end - start + 1,
      etag: `"${size}"`,
      ...(from !== undefined && { "content-range": `bytes ${start}-${end}/${size}` }),
    });
    createReadStream(path, { start, end, highWaterMark: 2 ** 18 }).pipe(response);
  }
}

/** A URL of its own for this process, and what the server counts for it. */
export function ownUrl(url: string): { url: string; takeCounts: () => Promise<Counts> } {
  const own = new URL(`${process.pid}/${basename(url)}`, url);
  const takeCounts = async () => {
    const response = await fetch(new URL(COUNTS, own));
    const counts: Counts = JSON.parse(await response.text());
    return counts;
  };
  return { url: own.href, takeCounts };
}
