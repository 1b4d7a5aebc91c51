// nginx with a configuration of its own, in a temporary directory, for as long as it is needed.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian puts it. */
export const NGINX = "/usr/sbin/nginx";

/** The rest of a configuration: what it may write, it writes below its directory. */
function configuration(servers: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
  return `${process.getuid?.() === 0 ? "user root;" : ""}
daemon off; pid nginx.pid; error_log error.log info; worker_processes 1;
events { worker_connections 256; }
http {
  access_log off; sendfile off; default_type application/octet-stream;
  ${temporary.join(" ")}
  ${servers}
}
`;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}

/** A running nginx. */
export class Nginx implements AsyncDisposable {
  /** Its directory. Files below `files` are there to be served. */
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(folder: string, child: ChildProcess, ended: Promise<unknown>) {
    this.folder = folder;
    this.#child = child;
    this.#ended = ended;
  }

  /** Starts it and waits until it answers at `port`. `servers` are the blocks of its configuration. */
  static async start(port: number, servers: string): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), "modelbytes-nginx-"));
    mkdirSync(join(folder, "files"));
    writeFileSync(join(folder, "nginx.conf"), configuration(servers));
    const child = spawn(NGINX, ["-p", folder, "-e", "error.log", "-c", "nginx.conf"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let complaints = "";
    child.stderr?.on("data", (text: Buffer) => {
      complaints += text.toString();
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    for (;;) {
      if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}: ${complaints}`);
      const answers = await fetch(`http://127.0.0.1:${port}/`).then(
        async (response) => await response.body?.cancel().then(() => true),
        () => false,
      );
      if (answers) return new Nginx(folder, child, ended);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it at once, with whatever it is sending. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
