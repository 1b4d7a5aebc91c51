// Programs tell errors apart by their codes, so each package lists its own, in its README or on the page of its format.

import { describe, expect, test } from "vitest";
import { filesBelow, PUBLIC_PACKAGES, read } from "./workspace.ts";

/** A call that makes an error: `new CorruptError("code", …)`, `reader.corrupt(same ? "code" : "other", …)`, `this.#failure("code", …)`. */
const MAKES_ERROR =
  /(?:\b(?:Corrupt|Unsupported|NotFound|Source)Error|\.#?corrupt|\.#?failure)\(\s*(?:[^"(),;]*\?\s*)?"([a-z0-9-]+)"(?:\s*:\s*"([a-z0-9-]+)")?/g;

function codesIn(code: string): string[] {
  return [...code.matchAll(MAKES_ERROR)].flatMap((match) => match.slice(1).filter((each) => each !== undefined));
}

function textOf(folder: string, ending: string): string {
  return filesBelow(folder, ending)
    .filter((file) => !file.endsWith(".generated.ts"))
    .map(read)
    .join("\n");
}

test.each([
  ['throw new CorruptError("magic", reason, place);', ["magic"]],
  ['new CorruptError(\n  "key-order",\n', ["key-order"]],
  ['new NotFoundError(same ? "duplicate-key" : "key-order", reason)', ["duplicate-key", "key-order"]],
  ['throw reader.corrupt("snappy", reason); this.#failure("changed", x)', ["snappy", "changed"]],
  ['new RangeError("magic")', []],
])("codes are found in %j", (code, expected) => expect(codesIn(code)).toEqual(expected));

const sources = PUBLIC_PACKAGES.map(({ folder }) => textOf(`packages/${folder}/src`, ".ts")).join("\n");

describe.each(PUBLIC_PACKAGES)("$folder", ({ folder }) => {
  const own = codesIn(textOf(`packages/${folder}/src`, ".ts"));
  const documents = ["README.md", "FORMAT.md"].flatMap((name) => filesBelow(`packages/${folder}`, name));
  const text = documents.map(read).join("\n");

  test("every code that it throws is listed", () => {
    expect([...new Set(own)].filter((code) => !text.includes(`\`${code}\``)).sort()).toEqual([]);
  });

  test("every code that its table of errors lists is in the source of a package", () => {
    const [, section = ""] = text.split(/^## Errors$/m);
    const cells = (section.split(/^## /m)[0] ?? "").split("\n").flatMap((line) => line.split("|"));
    const lists = cells.filter((cell) => /^(?:[\s,]*`[a-z0-9-]+`(?: \([^)]*\))?)+\s*$/.test(cell));
    const listed = lists.flatMap((cell) => cell.match(/`[a-z0-9-]+`/g) ?? []).map((code) => code.slice(1, -1));
    expect(listed.filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
    expect(listed.length > 0 || own.length === 0).toBe(true);
  });
});
