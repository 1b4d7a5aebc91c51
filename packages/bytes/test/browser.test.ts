import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fileSystem } from "../dist/file-system/none.js";
import { thrown } from "./thrown.ts";

const DIST = new URL("../dist/", import.meta.url);

/** What a built file imports, statically or not. */
async function imports(file: URL): Promise<string[]> {
  const code = await readFile(file, "utf8");
  return [...code.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1] ?? "");
}

/** All that a browser loads: `#file-system` is what the package's `imports` give under `default`. */
async function loaded(file: URL, found: Map<string, string[]> = new Map()): Promise<Map<string, string[]>> {
  if (found.has(file.href)) return found;
  const names = await imports(file);
  found.set(file.href, names);
  for (const name of names) {
    const target = name === "#file-system" ? new URL("./file-system/none.js", DIST) : new URL(name, file);
    if (name.startsWith(".") || name === "#file-system") await loaded(target, found);
  }
  return found;
}

describe("in a browser", () => {
  test("nothing of Node, and no other package, is loaded", async () => {
    const modules = await loaded(new URL("index.js", DIST));
    expect(modules.size).toBeGreaterThan(10);
    const outside = [...modules.values()].flat().filter((name) => !name.startsWith(".") && name !== "#file-system");
    expect(outside).toEqual([]);
    expect([...modules.keys()].filter((href) => href.includes("/file-system/node"))).toEqual([]);
  });

  test("Node's modules and globals appear in the file-system/node files alone", async () => {
    const files = await readdir(DIST, { recursive: true });
    const portable = files.filter((file) => file.endsWith(".js") && !file.startsWith("file-system/node"));
    expect(portable).toContain("http-source.js");
    for (const file of portable) {
      const code = (await readFile(fileURLToPath(new URL(file, DIST)), "utf8")).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      expect(code, file).not.toMatch(/["']node:|\brequire\(|\bBuffer\b|\bprocess\b|\bglobal\b|\bsetImmediate\b/);
    }
  });

  test("a path is an UnsupportedError that says what to pass", () => {
    for (const make of [fileSystem.source, fileSystem.folder, fileSystem.sink]) {
      const error = thrown(() => make("model.index"));
      expect(error).toMatchObject({ name: "UnsupportedError", code: "no-file-system", file: "model.index" });
    }
  });
});
