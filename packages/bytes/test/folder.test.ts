import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { decodeName, type Folder, isFolder, toFolder } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { ranges, serve, temporaryDirectory } from "./places.ts";
import { rejection, thrown } from "./thrown.ts";

const PATHS = [
  "checkpoint",
  "variables/variables.index",
  "deep/er/est/file",
  "with space/a+b & c",
  "a#b?c=d",
  "100%/%2e%2e/%41",
  "model[1]*.data-00000-of-00001",
  "größe/模型😀",
  "c:d",
  "..hidden/...",
];

/** Every file holds its own path. */
const text = (path: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(path);

const fromDisk = async (): Promise<string> => {
  const directory = await temporaryDirectory();
  for (const path of PATHS) {
    await mkdir(join(directory, dirname(path)), { recursive: true });
    await writeFile(join(directory, path), text(path));
  }
  return directory;
};

const fromServer = async (base: string): Promise<URL> => {
  const server = await serve((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://host");
    const path = decodeURIComponent(pathname).slice("/ckpt/".length);
    if (PATHS.includes(path)) ranges(text(path))(request, response);
    else response.writeHead(404).end();
  });
  return new URL(base, server.url);
};

const kinds: readonly (readonly [kind: string, make: () => Promise<Folder>])[] = [
  ["a path", async () => toFolder(await fromDisk())],
  ["a path with a slash", async () => toFolder(`${await fromDisk()}/`)],
  ["a file: URL", async () => toFolder(pathToFileURL(await fromDisk()))],
  ["a URL", async () => toFolder(await fromServer("/ckpt"))],
  ["a URL with a slash", async () => toFolder(await fromServer("/ckpt/"))],
  ["a URL with a query and a fragment", async () => toFolder(await fromServer("/ckpt/?sig=a%2Fb#x"))],
  ["a map", async () => toFolder(new Map(PATHS.map((path) => [path, text(path)])))],
  ["dropped files", async () => toFolder(PATHS.map((path) => dropped(`ckpt/${path}`, text(path))))],
];

/** A File as a browser gives it for a dropped folder: its path is there, and not only its name. */
function dropped(webkitRelativePath: string, bytes: Uint8Array<ArrayBuffer>): File {
  return Object.assign(new File([bytes], webkitRelativePath.split("/").at(-1) ?? ""), { webkitRelativePath });
}

describe.each(kinds)("a folder of %s", (_, make) => {
  test("finds files by their literal names", async () => {
    const folder = await make();
    expect(isFolder(folder)).toBe(true);
    expect(toFolder(folder)).toBe(folder);
    for (const path of PATHS) {
      const source = folder.file(path);
      expect(new TextDecoder().decode(await source.read(0, await source.size()))).toBe(path);
      await source.close?.();
    }
  });

  test("takes `.` and empty names for nothing", async () => {
    const source = (await make()).file("./variables//./variables.index");
    expect(await source.size()).toBe("variables/variables.index".length);
    await source.close?.();
  });

  test("shows a missing file when it is read", async () => {
    const folder = await make();
    for (const path of ["missing", "variables/missing", "checkpoint2", "Checkpoint"]) {
      const source = folder.file(path);
      const place = { name: "NotFoundError", code: "not-found", file: source.name };
      expect(await rejection(source.size())).toMatchObject(place);
      expect(await rejection(source.read(0, 1))).toMatchObject(place);
    }
  });

  test.each(["..", "../ckpt/checkpoint", "a/../checkpoint", "a/..", "/checkpoint", "/", "", ".", "./"])(
    "refuses %j, which names no file inside",
    async (path) => {
      const folder = await make();
      expect(thrown(() => folder.file(path))).toBeInstanceOf(RangeError);
    },
  );

  test("lists its files, unless it is a server", async () => {
    const folder = await make();
    if (folder.list === undefined) return expect(folder.name).toMatch(/^http:\/\/[^?#]*\/ckpt\/$/);
    const paths: string[] = [];
    for await (const path of folder.list()) paths.push(path);
    expect(paths.sort()).toEqual([...PATHS].sort());
    const reason = { because: "of me" };
    const listing = folder.list({ signal: AbortSignal.abort(reason) })[Symbol.asyncIterator]();
    expect(await rejection(listing.next())).toBe(reason);
  });
});

describe("a folder of a path", () => {
  test("lists links to files, but follows none to directories", async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "real"), "x");
    await mkdir(join(directory, "b"));
    await writeFile(join(directory, "b", "x"), "x");
    await writeFile(join(directory, "b.x"), "x");
    await symlink("real", join(directory, "link"));
    await symlink("nowhere", join(directory, "broken"));
    await symlink(".", join(directory, "loop"));
    const paths: string[] = [];
    for await (const path of toFolder(directory).list?.() ?? []) paths.push(path);
    expect(paths).toEqual(["b/x", "b.x", "link", "real"]);
  });

  test("says so when it is not there, or is a file", async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "file"), "");
    const list = (path: string) => toFolder(path).list?.()[Symbol.asyncIterator]().next() ?? Promise.resolve();
    const missing = join(directory, "missing");
    expect(await rejection(list(missing))).toMatchObject({ name: "NotFoundError", code: "not-found", file: missing });
    const file = join(directory, "file");
    expect(await rejection(list(file))).toMatchObject({ name: "SourceError", code: "not-a-folder", file });
  });
});

describe("a folder of a URL", () => {
  test("passes on its query, its password and its fetch, and shows none of them", async () => {
    const asked: (string | null)[] = [];
    const folder = toFolder(new URL("https://me:w0rd@host/ckpt?sig=s3cr3t"), {
      fetch: async (request) => {
        asked.push(request.url, request.headers.get("authorization"));
        return new Response(null, { status: 404 });
      },
    });
    const file = folder.file("a b/c");
    expect(await rejection(file.size())).toMatchObject({ name: "NotFoundError" });
    expect(asked).toEqual(["https://host/ckpt/a%20b/c?sig=s3cr3t", `Basic ${btoa("me:w0rd")}`]);
    expect([folder.name, file.name]).toEqual(["https://host/ckpt/", "https://host/ckpt/a%20b/c"]);
  });

  test("escapes names that are no UTF-8 byte by byte", () => {
    const name = decodeName(Uint8Array.of(0x61, 0xff, 0x2f, 0x80));
    expect(toFolder(new URL("https://host/")).file(name).name).toBe("https://host/%61%ff/%80");
    expect(thrown(() => toFolder(new URL("https://host/")).file("\ud800"))).toBeInstanceOf(RangeError);
  });

  test.each(["ftp://host/d", "data:,x", "blob:https://host/id"])("refuses %s", (url) => {
    expect(thrown(() => toFolder(new URL(url)))).toMatchObject({ name: "UnsupportedError", code: "url-scheme" });
  });
});

describe("a folder in memory", () => {
  test("holds whatever can be a source, and passes its fetch on to URLs", async () => {
    const fetch = async () => new Response("x", { status: 206, headers: { "content-range": "bytes 0-0/1" } });
    const files = new Map([["a", new URL("https://host/elsewhere")]]);
    const folder = toFolder(files, { fetch });
    expect(await folder.file("a").read(0, 1)).toEqual(text("x"));
    files.set("b", new URL("https://host/b"));
    expect(folder.file("b").name).toBe("https://host/b");
  });

  test("knows files without a path by their name, and refuses two of one name", async () => {
    const file = (): File => new File(["abc"], "model.index");
    expect(await toFolder([file()]).file("model.index").size()).toBe(3);
    expect(toFolder([file()]).file("model.index").name).toBe("model.index");
    expect(thrown(() => toFolder([file(), file()]))).toBeInstanceOf(RangeError);
    expect(thrown(() => toFolder([dropped("a/x", text("")), dropped("b/x", text(""))]))).toBeInstanceOf(RangeError);
  });
});
