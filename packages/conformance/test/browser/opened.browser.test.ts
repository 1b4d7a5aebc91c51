// The packages in Chromium: every format, chosen as files and folders, dropped, and by URL, under a strict policy.

import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasProgram } from "../program.ts";
import { ROOT } from "../workspace.ts";
import type { Failed, Found } from "./found.ts";
import { PageServer } from "./page-server.ts";
import { SAMPLES, type Sample } from "./samples.ts";

const CHROMIUM = "/usr/bin/chromium";

describe.runIf(await hasProgram(CHROMIUM, "chromium"))("in Chromium", () => {
  let server: PageServer;
  let browser: Browser;
  const pages = new Map<string, Page>();
  const complaints: string[] = [];
  const folders: string[] = [];

  beforeAll(async () => {
    server = await PageServer.start();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  });

  async function pageAt(path: string): Promise<Page> {
    const known = pages.get(path);
    if (known !== undefined) return known;
    const page = await browser.newPage();
    page.on("pageerror", ({ message }) => complaints.push(message));
    await page.goto(`http://127.0.0.1:${server.port}${path}`);
    await page.waitForSelector("output.ready", { state: "attached" });
    pages.set(path, page);
    return page;
  }

  async function shown(page: Page): Promise<Partial<Found & Failed>> {
    const output = await page.waitForSelector("output.done", { state: "attached" });
    const answer: Partial<Found & Failed> = JSON.parse((await output.textContent()) ?? "");
    return answer;
  }

  async function chosen(page: Page, input: "#file" | "#files" | "#folder", paths: string | string[]) {
    await page.setInputFiles(input, paths);
    return await shown(page);
  }

  async function typed(page: Page, url: string) {
    await page.fill("#url", url);
    await page.dispatchEvent("#url", "change");
    return await shown(page);
  }

  function expected({ format, tensors }: Sample, path: string) {
    return { format, path, problems: [], names: expect.any(Number), tensors };
  }

  const absolute = (paths: readonly string[]) => paths.map((path) => ROOT + path);

  test.each(SAMPLES.filter(({ files }) => files.length === 1))("$url as a file", async (sample) => {
    const found = await chosen(await pageAt("/strict/"), "#file", absolute(sample.files));
    expect(found).toEqual(expected(sample, basename(sample.url)));
  });

  test.each(SAMPLES.filter(({ files }) => files.length > 0))("$url as a list of files", async (sample) => {
    const found = await chosen(await pageAt("/strict/"), "#files", absolute(sample.files));
    expect(found).toEqual(expected(sample, expect.stringMatching(/^(?:\(files\)\/)?[\w.-]+$/)));
  });

  /** A folder with copies of files and nothing else. */
  async function folderOf(paths: readonly string[]): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "modelbytes-chosen-"));
    folders.push(folder);
    await Promise.all(paths.map((path) => copyFile(path, join(folder, basename(path)))));
    return folder;
  }

  test.each(SAMPLES)("$url as a folder", async (sample) => {
    const [folder] = absolute([sample.folder ?? ""]);
    const copied = sample.folder === undefined ? await folderOf(absolute(sample.files)) : folder;
    const found = await chosen(await pageAt("/strict/"), "#folder", copied ?? "");
    expect(found).toEqual(expected(sample, expect.any(String)));
  });

  test.each(SAMPLES)("$url by ranges", async (sample) => {
    const page = await pageAt("/strict/");
    const url = new URL(sample.url, `http://127.0.0.1:${server.port}/`);
    expect(await typed(page, `/${sample.url}`)).toEqual(expected(sample, expect.any(String)));
    // from another origin, whose server allows it
    url.hostname = "localhost";
    expect(await typed(page, `${url}?secret=1`)).toEqual(expected(sample, expect.not.stringContaining("secret")));
  });

  test("libhdf5 is loaded only when it is needed, and runs where the policy allows WebAssembly", async () => {
    const requests = () => server.requests.filter((path) => path.includes("hdf5_hl")).length;
    expect(requests()).toBe(0);
    for (const sample of SAMPLES.filter(({ url }) => url.endsWith(".h5"))) {
      const found = await chosen(await pageAt("/wasm/?engine=h5wasm"), "#file", absolute(sample.files));
      expect(found).toEqual(expected(sample, basename(sample.url)));
    }
    expect(requests()).toBe(1);
    const [path = ""] = absolute(["fixtures/keras-hdf5/keras-2.12-model/model.h5"]);
    expect(await chosen(await pageAt("/strict/?engine=h5wasm"), "#file", path)).toEqual({
      error: {
        name: "UnsupportedError",
        code: "no-webassembly",
        message: expect.stringContaining("'wasm-unsafe-eval'"),
      },
    });
  });

  test.each([
    ["a page", "notes.html", "<!doctype html>", "UnsupportedError", "format"],
    ["nothing", "empty.h5", "", "UnsupportedError", "format"],
    ["the start of a checkpoint", "model.index", "x".repeat(100), "UnsupportedError", "format"],
    ["what only begins like a model", "model.h5", "\x89HDF\r\n\x1a\n", "CorruptError", "not-hdf5"],
  ])("%s is no model", async (_, name, text, error, code) => {
    const page = await pageAt("/strict/");
    await page.setInputFiles("#file", { name, mimeType: "", buffer: Buffer.from(text, "latin1") });
    expect(await shown(page)).toEqual({ error: { name: error, code, message: expect.stringContaining(name) } });
  });

  test("a flipped bit is told", async () => {
    const [path = ""] = absolute(["fixtures/keras-archive/keras-3-trained/model.keras"]);
    const bytes = await readFile(path);
    const page = await pageAt("/strict/");
    const at = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await page.setInputFiles("#file", { name: "model.keras", mimeType: "", buffer: bytes });
    expect((await shown(page)).problems).toEqual(["checksum"]);
  });

  test("files that are dropped on the page", async () => {
    const page = await pageAt("/strict/");
    const [sample] = SAMPLES;
    if (sample === undefined) throw new Error("there are no samples");
    const files = absolute(sample.files).map((path) => ({
      name: basename(path),
      base64: readFileSync(path, "base64"),
    }));
    const dropped = await page.evaluateHandle((each) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of each) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
      }
      return transfer;
    }, files);
    await page.dispatchEvent("body", "drop", { dataTransfer: dropped });
    expect(await shown(page)).toEqual(expected(sample, `(files)/${basename(sample.url)}`));
  });

  test("the pages had nothing to complain of", () => expect(complaints).toEqual([]));
});
