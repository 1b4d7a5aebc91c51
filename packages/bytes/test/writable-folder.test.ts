import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Sink, toSink, toWritableFolder } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { pattern, temporaryDirectory } from "./places.ts";
import { rejection } from "./thrown.ts";

async function write(sink: Sink, bytes: Uint8Array): Promise<void> {
  await sink.write(bytes);
  await sink.close();
}

describe("a folder that is not there", () => {
  test("is made with its first byte, and so are folders inside it", async () => {
    const directory = await temporaryDirectory();
    const folder = toWritableFolder(pathToFileURL(join(directory, "a b", "c")));
    const sink = folder.sink("variables/model.index");
    expect(await readdir(directory)).toEqual([]);
    await Promise.all([write(sink, pattern(3)), write(folder.sink("other/x/file"), pattern(4))]);
    expect(new Uint8Array(await readFile(join(directory, "a b/c/variables/model.index")))).toEqual(pattern(3));
    expect(new Uint8Array(await readFile(join(directory, "a b/c/other/x/file")))).toEqual(pattern(4));
  });

  test("is made for an empty file", async () => {
    const directory = await temporaryDirectory();
    await toWritableFolder(join(directory, "new")).sink("empty").close();
    expect(await readdir(join(directory, "new"))).toEqual(["empty"]);
  });

  test("goes again with all that were made, when the last sink gives up", async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, "own"));
    const folder = toWritableFolder(join(directory, "own/new/deep"));
    const sinks = ["a", "b", "c/d"].map((name) => folder.sink(name));
    for (const sink of sinks) await sink.write(pattern(5));
    expect(await readdir(join(directory, "own/new/deep"))).toHaveLength(3);
    await Promise.all(sinks.map((sink) => sink.abort()));
    expect(await readdir(directory)).toEqual(["own"]);
    expect(await readdir(join(directory, "own"))).toEqual([]);
  });

  test("stays where something is in it, whoever wrote that", async () => {
    const directory = await temporaryDirectory();
    for (const [name, other] of [
      ["ours", (path: string) => write(toWritableFolder(path).sink("kept"), pattern(1))],
      ["theirs", (path: string) => writeFile(join(path, "kept"), "")],
    ] as const) {
      const folder = toWritableFolder(join(directory, name, "deep"));
      const sink = folder.sink("lost");
      await sink.write(pattern(5));
      await other(join(directory, name, "deep"));
      await sink.abort();
      expect(await readdir(join(directory, name, "deep"))).toEqual(["kept"]);
    }
  });

  test("goes again where the file cannot take its name, and can be made anew", async () => {
    const directory = await temporaryDirectory();
    const folder = toWritableFolder(join(directory, "new"));
    const sink = folder.sink("taken");
    await sink.write(pattern(1));
    await mkdir(join(directory, "new", "taken", "x"), { recursive: true });
    expect(await rejection(sink.close())).toMatchObject({ code: "write-failed" });
    expect(await readdir(join(directory, "new"))).toEqual(["taken"]);
    const [first, second] = [toWritableFolder(join(directory, "again")), folder];
    for (let turn = 0; turn < 2; turn++) {
      const given = first.sink("x");
      await given.write(pattern(1));
      await given.abort();
      expect(await readdir(directory)).toEqual(["new"]);
    }
    await write(second.sink("y"), pattern(2));
    expect(await readdir(join(directory, "new"))).toEqual(["taken", "y"]);
  });
});

test("a folder that was there stays when a sink gives up, empty or not", async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, "empty"));
  const sink = toWritableFolder(join(directory, "empty")).sink("x");
  await sink.write(pattern(1));
  await sink.abort();
  expect(await readdir(directory)).toEqual(["empty"]);
});

test("where no directory can be made the error says so", async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "file"), "");
  const inside = toWritableFolder(join(directory, "file")).sink("model.index");
  expect(await rejection(inside.write(pattern(1)))).toMatchObject({ name: "SourceError", code: "write-failed" });
  await inside.abort();
  await symlink(join(directory, "nowhere"), join(directory, "link"));
  const below = toWritableFolder(join(directory, "link/deep")).sink("model.index");
  const reason = expect.stringContaining("the directory cannot be made (");
  expect(await rejection(below.close())).toMatchObject({ name: "SourceError", code: "write-failed", message: reason });
  expect((await readdir(directory)).sort()).toEqual(["file", "link"]);
});

test("a sink of a path makes no directory", async () => {
  const directory = await temporaryDirectory();
  const error = await rejection(toSink(join(directory, "new", "file")).close());
  expect([error, await readdir(directory)]).toMatchObject([{ code: "not-found" }, []]);
});
