// Rules of the house that neither the compiler nor the linter knows.

import { describe, expect, test } from "vitest";
import { blank, importsOf, lineAt } from "./code.ts";
import { exportsOf } from "./declarations.ts";
import { filesBelow, PACKAGES, PUBLIC_PACKAGES, read } from "./workspace.ts";

/** A rule and what breaks it, searched in code whose comments and texts are blank. */
const RULES: readonly (readonly [rule: string, pattern: RegExp])[] = [
  ["no any", /(?<![.\w$])any(?![\w$])/g],
  ["no casts", /(?<![.\w$])as\s+(?!const\b|default\b)/g],
  ["no default exports", /\bexport\s+default\b|\bas\s+default\b/g],
  [
    "no export begins with _",
    /\bexport\s+(?:declare\s+|abstract\s+|async\s+)*(?:class|const|function\*?|interface|type|let)\s+_/g,
  ],
];

/** Where `as` renames: in import and export clauses and in the keys of mapped types. */
const RENAMES = /(?<![.\w$])(?:import|export)\s+(?:type\s+)?(?:\{[^}]*\}|\*\s*as\s+\w+)|\[\s*\w+\s+in\b[^\]]*\bas\b/g;

/** The lines that break the rules. */
function offences(code: string): string[] {
  const plain = blank(code).replace(RENAMES, (text) => text.replace(/\bas\b(?!\s+default)/g, "  "));
  return RULES.flatMap(([rule, pattern]) =>
    [...plain.matchAll(pattern)].map(({ index }) => `${lineAt(plain, index)}: ${rule}`),
  );
}

/** Words that say nothing of what a file holds. */
const EMPTY_WORDS = /^(?:utils?|misc|commons?|helpers?|core|shared|stuff)$/;
/** Where Node's modules may be imported: files and folders named for Node, for files or for the command. */
const NODE_ROOMS = /\/(?:node|file-system|command)(?:[-/.])/;
const LONGEST = 400;
const MEDIAN = 150;

function sources(folder: string): string[] {
  return filesBelow(`packages/${folder}/src`, ".ts").filter((file) => !file.endsWith(".generated.ts"));
}

function lines(file: string): number {
  return read(file).split("\n").length - 1;
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these texts are code
describe("the rules see what they are for", () => {
  test.each([
    ["const a: any = 1;", ["1: no any"]],
    ["\nlet a = b as Foo;", ["2: no casts"]],
    ["f(x as unknown as T)", ["1: no casts", "1: no casts"]],
    ["`${a as B} as c`", ["1: no casts"]],
    ["export default 1;", ["1: no default exports"]],
    ["export { a as default };", ["1: no default exports"]],
    ["export const _a = 1;", ["1: no export begins with _"]],
    ["const a = [1] as const;", []],
    ["import { a as b, type C as D } from 'e'; import * as f from 'g'; export { a as h };", []],
    ["type A<T> = { [K in keyof T as `get${K}`]: T[K] };", []],
    ["// any as is\n/* as any */ const a = 'as any' + \"as any\" + `as any ${b} as any`;", []],
    ["const a = /as any['\"]/.test(b) ? c / d : e / f; // any", []],
    ["AbortSignal.any([a]); const anything = 1;", []],
  ])("%j", (code, expected) => expect(offences(code)).toEqual(expected));

  test("imports are found, and texts that look like them are not", () => {
    const code = `import a from "a"; import type { b } from 'b';\nimport "c"; export * from "d"; export { e } from "./e.ts";
      const f = await import("f"); // import "g"\nexport const h = "i";\nexport type J = "k" | 'l'; x.import("m");`;
    expect(importsOf(code)).toEqual(["a", "b", "c", "d", "./e.ts", "f"]);
  });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these texts are code

describe.each(PACKAGES)("$folder", ({ folder }) => {
  const files = sources(folder);

  test("no any, no casts, no default exports, no exports that begin with _", () => {
    expect(files.flatMap((file) => offences(read(file)).map((offence) => `${file}:${offence}`))).toEqual([]);
  });

  test("names of files say what is in them", () => {
    const all = [...filesBelow(`packages/${folder}/src`, ".ts"), ...filesBelow(`packages/${folder}/test`, ".ts")];
    expect(all.filter((file) => file.split(/[-/.]/).some((word) => EMPTY_WORDS.test(word)))).toEqual([]);
  });

  test(`no file has more than ${LONGEST} lines`, () => {
    expect(files.filter((file) => lines(file) > LONGEST).map((file) => `${file}: ${lines(file)}`)).toEqual([]);
  });

  test("Node's modules are imported only by files named for Node, for files or for the command", () => {
    const node = files.filter((file) => importsOf(read(file)).some((name) => name.startsWith("node:")));
    expect(node.filter((file) => !NODE_ROOMS.test(file.replace(`packages/${folder}/src`, "")))).toEqual([]);
  });

  test("has a README", () => {
    expect(filesBelow(`packages/${folder}`, ".md")).toContain(`packages/${folder}/README.md`);
  });
});

describe.each(PUBLIC_PACKAGES)("$folder", ({ folder }) => {
  test(`half of the files have at most ${MEDIAN} lines`, () => {
    const counts = sources(folder)
      .map(lines)
      .sort((a, b) => a - b);
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(MEDIAN);
  });

  test("every export is documented where it is declared", () => {
    const bare = exportsOf(folder).filter(({ documented }) => !documented);
    expect(bare.map(({ kind, name }) => `${kind} ${name}`)).toEqual([]);
  });

  test("no export begins with _", () => {
    expect(exportsOf(folder).filter(({ name }) => name.startsWith("_"))).toEqual([]);
  });
});
