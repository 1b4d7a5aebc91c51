// The layer rule. The table in the README says which package may import which; everything else has to agree with it.

import { existsSync } from "node:fs";
import { join } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { importsOf } from "./code.ts";
import { filesBelow, hasSource, PACKAGES, read, readManifest } from "./workspace.ts";

interface Row {
  readonly layer: number;
  readonly folder: string;
  readonly mayImport: readonly string[];
}

/** The rows of the README's table with the columns layer, package, what lives there, may import. */
function readTable(): Row[] {
  const lines = read("README.md").split("\n");
  const head = lines.findIndex((line) => /^\|\s*layer\s*\|\s*package\s*\|[^|]+\|\s*may import\s*\|$/.test(line));
  expect(head, "README.md has the table of layers").toBeGreaterThanOrEqual(0);
  const rest = lines.slice(head + 2);
  return rest
    .slice(
      0,
      rest.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) => {
      const [, layer = "", name = "", , imports = ""] = line
        .split("|")
        .map((cell) => cell.replace(/`|\]\([^)]*\)|\[/g, "").trim());
      const mayImport = imports === "–" ? [] : imports.split(",").map((each) => each.trim());
      return { layer: Number(layer), folder: name.replace("@modelbytes/", ""), mayImport };
    });
}

const TABLE = readTable();
const LAYERS = new Map(TABLE.map(({ layer, folder }) => [folder, layer]));
const FOLDERS = new Map(PACKAGES.map(({ folder, manifest }) => [manifest.name, folder]));
const ROOT_TOOLS = Object.keys(readManifest("package.json").devDependencies ?? {});

function row(folder: string): Row {
  const found = TABLE.find((each) => each.folder === folder);
  if (found === undefined) throw new Error(`README.md has no row for ${folder}`);
  const all = TABLE.filter((each) => each.layer < found.layer).map((each) => each.folder);
  return { ...found, mayImport: found.mayImport.flatMap((each) => (each === "all" ? all : [each])) };
}

/** Names of dependencies as the table has them: packages of the workspace by their folder, others by their own name. */
function short(dependencies: Readonly<Record<string, string>> = {}): string[] {
  return Object.keys(dependencies).map((name) => FOLDERS.get(name) ?? name);
}

/** The packages that files import: `node:` modules are not packages, and `#` names and paths stay inside of one. */
function importedPackages(files: readonly string[]): string[] {
  const names = files.flatMap((file) => importsOf(read(file))).filter((name) => !/^(?:\.|#|node:)/.test(name));
  const packages = names.map((name) =>
    name
      .split("/")
      .slice(0, name.startsWith("@") ? 2 : 1)
      .join("/"),
  );
  return [...new Set(packages)].sort();
}

test("the table has the packages that exist, from the lowest layer up", () => {
  expect(TABLE.map(({ folder }) => folder).sort()).toEqual(PACKAGES.map(({ folder }) => folder));
  expect(TABLE.map(({ layer }) => layer)).toEqual(TABLE.map(({ layer }) => layer).sort((a, b) => a - b));
});

test("packages/tsconfig.json builds every package that has something to build", () => {
  const config: { references: { path: string }[] } = JSON.parse(read("packages/tsconfig.json"));
  const built = PACKAGES.filter(hasSource);
  expect(config.references.map(({ path }) => path).sort()).toEqual(built.map(({ folder }) => folder));
});

describe.each(PACKAGES)("$folder", ({ folder, manifest }) => {
  test("depends on what the table says, and on nothing else", () => {
    expect(short(manifest.dependencies).sort()).toEqual([...row(folder).mayImport].sort());
    expect(short(manifest.peerDependencies)).toEqual([]);
    expect(short(manifest.optionalDependencies)).toEqual([]);
  });

  test("takes packages of the workspace as they are, and others in one exact version", () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect([name, version]).toEqual([
        name,
        FOLDERS.has(name) ? "workspace:*" : expect.stringMatching(/^\d+\.\d+\.\d+$/),
      ]);
    }
  });

  // An edge that points down cannot be part of a cycle.
  test("depends on lower layers alone", () => {
    for (const name of short(manifest.dependencies)) {
      const layer = LAYERS.get(name);
      if (layer !== undefined) expect(layer, `${folder} imports ${name}`).toBeLessThan(row(folder).layer);
    }
  });

  test("its tests import itself, its dependencies and the tools of the workspace", () => {
    const declared = { ...manifest.dependencies, ...manifest.devDependencies };
    const allowed = [manifest.name, ...Object.keys(declared), ...ROOT_TOOLS];
    const imported = importedPackages(filesBelow(`packages/${folder}/test`, ".ts"));
    expect(imported.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  test("what its package.json points to exists", () => {
    for (const name of [...(manifest.files ?? []), ...Object.values(manifest.bin ?? {})]) {
      expect(existsSync(new URL(`../../${folder}/${name}`, import.meta.url)), `packages/${folder}/${name}`).toBe(true);
    }
  });
});

describe.each(PACKAGES.filter(hasSource))("the source of $folder", ({ folder, manifest }) => {
  const source = filesBelow(`packages/${folder}/src`, ".ts");

  test("has a tsconfig.json that refers to the packages that it depends on", () => {
    const config: { references: { path: string }[] } = JSON.parse(read(`packages/${folder}/tsconfig.json`));
    const expected = short(manifest.dependencies).filter((name) => LAYERS.has(name));
    expect(config.references.map(({ path }) => path).sort()).toEqual(expected.map((name) => `../${name}`).sort());
  });

  test("imports what the package depends on: all of that and no more", () => {
    expect(importedPackages(source)).toEqual(Object.keys(manifest.dependencies ?? {}).sort());
  });

  test("imports by path its own files alone, and # names that are declared", () => {
    for (const file of source) {
      for (const name of importsOf(read(file)).filter((each) => /^[.#]/.test(each))) {
        if (name.startsWith("#")) expect(Object.keys(manifest.imports ?? {}), file).toContain(name);
        else expect(source, `${file} imports ${name}`).toContain(join(file, "..", name));
      }
    }
  });
});
