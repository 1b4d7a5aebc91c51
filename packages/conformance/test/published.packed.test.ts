// What npm would get: every public package, packed and judged.

import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { filesInside, pack } from "./packed.ts";
import { PUBLIC_PACKAGES } from "./workspace.ts";

/** Code, its types and its maps, and papers; LICENSE comes from the root. The bundle of the command has those of others. */
const WANTED =
  /^(?:(?:dist|src)\/.*\.(?:js|js\.map|d\.ts|d\.ts\.map|ts)|bin\/[^/]+\.js|package\.json|LICENSE|(?:dist\/bundle\/)?[A-Z]+\.md)$/;
const UNWANTED = /(?:^|\/)(?:test|tests|fixtures|kernel|benchmarks?)\/|\.test\.|\.tsbuildinfo$|(?:^|\/)\./;

describe.each(PUBLIC_PACKAGES)("$manifest.name, packed", ({ folder, manifest }) => {
  let tarball = "";
  let files: string[] = [];
  beforeAll(async () => {
    tarball = await pack(folder);
    files = filesInside(tarball);
  }, 60_000);
  afterAll(() => rmSync(dirname(tarball), { recursive: true, force: true }));

  test("has code, types, a README and the license, and nothing of the workshop", () => {
    const wanted = [
      ...["LICENSE", "README.md", "dist/index.d.ts", "dist/index.js", "package.json"],
      ...(manifest.files ?? []).filter((name) => name.endsWith(".md")),
      ...Object.values(manifest.bin ?? {}).map((path) => path.replace(/^\.\//, "")),
    ];
    expect(wanted.filter((name) => !files.includes(name))).toEqual([]);
    expect(files.filter((name) => !WANTED.test(name) || UNWANTED.test(name))).toEqual([]);
  });

  test("has for each built file the source that it comes from", () => {
    const built = files
      .filter((name) => /^dist\/(?!bundle\/).*\.js$/.test(name))
      .map((name) => name.replace(/^dist(.*)\.js$/, "src$1.ts"));
    expect(built.filter((name) => !files.includes(name))).toEqual([]);
  });

  test("publint has nothing to say", async () => {
    const { status, stdout, stderr } = await run("publint", ["--strict", tarball]);
    expect([status, stdout + stderr]).toEqual([0, expect.stringMatching(/All good!\n$/)]);
  }, 60_000);

  test("its types are right for everyone who imports it", async () => {
    const { status, stdout, stderr } = await run("attw", ["--profile", "esm-only", tarball]);
    expect(status, stdout + stderr).toBe(0);
  }, 60_000);
});
