// Models behind a real nginx, whole, refused, moved, replaced, slow and broken: what the command does, and what `openModel` throws.

import { copyFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openModel } from "modelbytes";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SAMPLES } from "./browser/samples.ts";
import { type Ended, run } from "./command.ts";
import { freePort, NGINX, Nginx } from "./nginx.ts";
import { hasProgram } from "./program.ts";
import { ROOT } from "./workspace.ts";

const KEY = "X-Key: 5ecret";
const PASSWORD = "5ecret-word";
const BASIC = `Basic ${btoa(`reader:${PASSWORD}`)}`;

/** The files of a location. */
const FILES = `alias ${ROOT}fixtures/;`;

function servers(port: number, other: number): string {
  return `
  server {
    listen 127.0.0.1:${port};
    location / { ${FILES} }
    location /whole/ { ${FILES} max_ranges 0; }
    location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
    location /elsewhere/ { rewrite ^/elsewhere/(.*)$ http://127.0.0.1:${other}/$1 redirect; }
    location /round/ { return 302 /round/; }
    location /busy/ { return 503; }
    location /closed/ { return 444; }
    location /slow/ { ${FILES} limit_rate 30k; }
    location /packed/ { ${FILES} gzip on; gzip_types *; gzip_min_length 1; }
    location /password/ { ${FILES} auth_basic "models"; auth_basic_user_file passwords; }
    location /key/ { ${FILES} if ($http_x_key != "5ecret") { return 403; } }
    location /files/ { alias files/; }
  }
  server {
    listen 127.0.0.1:${other};
    if ($http_x_key != "") { return 400; }
    if ($http_authorization != "") { return 400; }
    location / { ${FILES} }
  }`;
}

const DATA = ".data-00000-of-00001";
const DEMO = "tensor-bundle/demo/ckpt-3";

/** What is printed, without where it was read. */
function placeless({ status, stdout, stderr }: Ended): Ended {
  const places = /(?:http:\/\/[^/]+\/(?:[a-z]+\/)?|fixtures\/)(?=(?:tensor-bundle|saved-model|keras-)\b)/g;
  return { status, stdout: stdout.replace(places, ""), stderr: stderr.replace(places, "") };
}

describe.runIf(await hasProgram(NGINX, "nginx-light"))("behind nginx", () => {
  let nginx: Nginx;
  let base = "";

  beforeAll(async () => {
    const [port, other] = [await freePort(), await freePort()];
    nginx = await Nginx.start(port, servers(port, other));
    writeFileSync(join(nginx.folder, "passwords"), `reader:{PLAIN}${PASSWORD}\n`);
    base = `http://127.0.0.1:${port}/`;
  });
  afterAll(async () => await nginx?.[Symbol.asyncDispose]());

  test.each(SAMPLES)("$url has every tensor", async ({ url, format, tensors }) => {
    await using model = await openModel(new URL(url.replace("fixtures/", ""), base));
    expect(model.format).toBe(format);
    const found = [...model.weights.entries].map(([name, { dtype, shape }]) => [name, dtype, shape]);
    const expected = Object.entries(tensors).map(([name, { dtype, shape }]) => [name, dtype, shape]);
    expect(found.sort()).toEqual(expected.sort());
    for await (const problem of model.verify()) throw problem;
  });

  const COMMANDS: readonly (readonly [command: string, path: string, ...rest: string[]])[] = [
    ["inspect", DEMO],
    ["inspect", "saved-model/keras-3-export/model", "--json"],
    ["inspect", "keras-archive/keras-3-trained/model.keras", "--tree"],
    ["verify", DEMO, "--json"],
    ["verify", "keras-hdf5/keras-2.12-model/model.h5"],
    ["hash", DEMO, "--json"],
    ["hash", "keras-hdf5/keras-3-sharded/model.weights.json"],
    ["read", DEMO, "adam/iteration"],
    ["diff", DEMO, "fixtures/tensor-bundle/demo/ckpt-2"],
    ["scan", "keras-archive/keras-3-trained/model.keras"],
    ["latest", "tensor-bundle/demo/"],
    ["show", "saved-model/keras-3-export/model", "--all"],
    ["verify", "keras-archive/keras-3-folder/model/"],
  ];

  test.each(COMMANDS)("%s %s, with a key", async (command, path, ...rest) => {
    const [local, remote] = await Promise.all([
      run("modelbytes", [command, `fixtures/${path}`, ...rest]),
      run("modelbytes", [command, `${base}key/${path}`, ...rest, "--header", KEY]),
    ]);
    expect(placeless(remote)).toEqual(placeless(local));
    expect(local.stdout).not.toBe("");
  });

  test.each([
    ["convert", "model.safetensors"],
    ["salvage", "model"],
  ])("%s, with a key", async (command, name) => {
    const out = join(nginx.folder, name);
    const { status, stderr } = await run("modelbytes", [command, `${base}key/${DEMO}`, out, "--header", KEY]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test.each([
    ["a key", `key/${DEMO}`, ["--header", KEY]],
    ["a password in a header", `password/${DEMO}`, ["--header", `Authorization: ${BASIC}`]],
    ["a redirect", `moved/${DEMO}`, ["--header", KEY]],
    ["a redirect to another server, which does not get the headers", `elsewhere/${DEMO}`, ["--header", KEY]],
    ["no speed", `slow/${DEMO}`, []],
    ["compression", `packed/${DEMO}`, []],
  ])("with %s the values are the same", async (_, path, options) => {
    const [local, remote] = await Promise.all([
      run("modelbytes", ["hash", `fixtures/${DEMO}`]),
      run("modelbytes", ["hash", base + path, ...options]),
    ]);
    expect(remote).toEqual(local);
  });

  test("with a password in the URL", async () => {
    const url = base.replace("//", `//reader:${PASSWORD}@`);
    const { status, stdout, stderr } = await run("modelbytes", ["verify", `${url}password/${DEMO}`]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("every checksum holds");
  });

  test.each([
    ["without range support", `whole/${DEMO}`, [], 5, "the server ignores range requests"],
    ["that compresses what is asked for", `packed/${DEMO}`, ["--header", "Accept-Encoding: gzip"], 5, "range"],
    ["that is busy", `busy/${DEMO}`, [], 5, "the server answers 503"],
    ["that hangs up", `closed/${DEMO}`, [], 5, "the request failed"],
    ["that sends in circles", `round/${DEMO}`, [], 5, "the request failed"],
    ["that sends in circles, with a header", `round/${DEMO}`, ["--header", KEY], 5, "the request failed"],
    ["without the checkpoint", "tensor-bundle/demo/ckpt-4", [], 3, "no checkpoint here"],
    ["without the file", "model.h5", [], 3, "no checkpoint here"],
    ["without a model in the directory", "tensor-bundle", [], 3, "no checkpoint here"],
    ["that wants a key", `key/${DEMO}`, [], 5, "the server answers 403 Forbidden\nhint: the server wants to know"],
    ["that wants another key", `key/${DEMO}`, ["--header", "X-Key: 5ecrets"], 5, "the server answers 403"],
    ["that wants a password", `password/${DEMO}`, [], 5, "the server answers 401"],
    ["that wants another password", `password/${DEMO}`, ["--header", "Authorization: Basic 5ecret"], 5, "answers 401"],
  ])("a server %s", async (_, path, options, status, message) => {
    const [ended, debugged] = await Promise.all([
      run("modelbytes", ["verify", base + path, ...options]),
      run("modelbytes", ["verify", base + path, ...options, "--debug"]),
    ]);
    expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status, stdout: "" });
    expect(ended.stderr).toContain(message);
    expect(ended.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect(debugged.status).toBe(status);
    expect(ended.stderr + debugged.stderr).not.toContain("5ecret");
  });

  test("a header that is none is wrong usage, and is not shown", async () => {
    for (const header of ["5ecret", "X Key: 5ecret", "X-Key: 5ecret\n2"]) {
      const { status, stderr } = await run("modelbytes", ["inspect", base + DEMO, "--header", header]);
      expect([status, stderr]).toEqual([2, expect.stringContaining("'Name: value'")]);
      expect(stderr).not.toContain("5ecret");
    }
  });

  test("a file that is replaced in the middle", async () => {
    const served = (end: string) => join(nginx.folder, "files", `model${end}`);
    for (const end of [".index", DATA]) copyFileSync(`${ROOT}fixtures/${DEMO}${end}`, served(end));
    await using model = await openModel(new URL("files/model", base));
    const [first = "", second = ""] = model.weights.entries.keys();
    await model.weights.read(first);
    utimesSync(served(DATA), 1, 1); // nginx makes the ETag of the time and the size
    await expect(model.weights.read(second)).rejects.toMatchObject({ name: "SourceError", code: "changed" });
  });

  test("a slow file can be given up", async () => {
    const reason = new Error("enough");
    const stop = new AbortController();
    await using model = await openModel(new URL(`slow/${DEMO}`, base));
    const reading = (async () => {
      for await (const _ of model.weights.stream({ signal: stop.signal }));
    })();
    setTimeout(() => stop.abort(reason), 50); // all of it takes two seconds
    await expect(reading).rejects.toBe(reason);
  });

  test("a server that stops in the middle of a file", async () => {
    const port = await freePort();
    const server = `listen 127.0.0.1:${port}; root ${ROOT}fixtures; location ~ data- { limit_rate 1k; }`;
    const stopping = await Nginx.start(port, `server { ${server} }`);
    let stopped = false;
    const fetchAndStop = async (request: Request) => {
      const response = await fetch(request);
      if (request.url.includes(".data-") && !stopped) {
        stopped = true;
        await stopping[Symbol.asyncDispose]();
      }
      return response;
    };
    await using model = await openModel(new URL(`http://127.0.0.1:${port}/${DEMO}`), { fetch: fetchAndStop });
    const large = [...model.weights.entries].find(([, { byteLength = 0 }]) => byteLength > 4000)?.[0] ?? "";
    await expect(model.weights.read(large)).rejects.toMatchObject({ name: "SourceError", code: "short-read" });
    await expect(model.weights.read(large)).rejects.toMatchObject({ name: "SourceError", code: "request-failed" });
  });
});
