// A loopback server for the page, its program and the fixtures, which it gives by ranges.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../workspace.ts";

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>modelbytes</title>
<script type="module" src="/program/page.js"></script>
<input id="file" type="file"> <input id="files" type="file" multiple> <input id="folder" type="file" webkitdirectory>
<input id="url"> <output></output>
`;

/** What a page at /strict/ may do: nothing that makes code. At /wasm/ it may also compile WebAssembly. */
const POLICY = "default-src 'none'; connect-src 'self' http://localhost:*; img-src 'self'; script-src 'self'";
const POLICIES: ReadonlyMap<string, string> = new Map([
  ["/strict/", POLICY],
  ["/wasm/", `${POLICY} 'wasm-unsafe-eval'`],
]);

/** The files of the program, as a bundler splits them for browsers, by their path. */
async function program(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}packages/conformance/test/browser/page.ts`],
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    outdir: "/program",
    format: "esm",
    target: "es2022",
    platform: "browser",
    conditions: ["browser"],
    logLevel: "silent", // what is Node's fails here: nothing is external
  });
  return new Map(outputFiles.map(({ path, contents }) => [path, contents]));
}

export class PageServer implements AsyncDisposable {
  readonly port: number;
  /** The paths that were asked for, each as often as it was. */
  readonly requests: string[];
  readonly #server: ReturnType<typeof createServer>;

  constructor(port: number, requests: string[], server: ReturnType<typeof createServer>) {
    this.port = port;
    this.requests = requests;
    this.#server = server;
  }

  static async start(): Promise<PageServer> {
    const files = await program();
    const requests: string[] = [];
    const server = createServer((request, response) => void answer(request, response, files, requests));
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    return new PageServer(address.port, requests, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function answer(
  { url = "/", headers }: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, Uint8Array>,
  requests: string[],
): Promise<void> {
  const { pathname } = new URL(url, "http://localhost");
  requests.push(pathname);
  const policy = POLICIES.get(pathname);
  if (policy !== undefined) {
    response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy }).end(PAGE);
    return;
  }
  const code = files.get(pathname);
  if (code !== undefined) {
    response.writeHead(200, { "content-type": "text/javascript" }).end(code);
    return;
  }
  const cross = { "access-control-allow-origin": "*", "access-control-expose-headers": "Content-Range, ETag" };
  const path = normalize(decodeURIComponent(pathname));
  const bytes = path.startsWith("/fixtures/") ? await readFile(join(ROOT, path)).catch(() => undefined) : undefined;
  if (bytes === undefined) return void response.writeHead(404, cross).end();
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
  if (first === undefined) return void response.writeHead(200, cross).end(bytes);
  const [start, stop] = [Number(first), Math.min(Number(last) + 1, bytes.length)];
  if (start >= bytes.length) {
    response.writeHead(416, { ...cross, "content-range": `bytes */${bytes.length}` }).end();
    return;
  }
  const range = `bytes ${start}-${stop - 1}/${bytes.length}`;
  response.writeHead(206, { ...cross, "content-range": range }).end(bytes.subarray(start, stop));
}
