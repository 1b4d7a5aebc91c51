// What a package exports, read from the declarations in its dist/: one small parser in place of a compiler's interface.

import { existsSync } from "node:fs";
import { join } from "node:path/posix";
import { blank } from "./code.ts";
import { PACKAGES, ROOT, read } from "./workspace.ts";

export interface Exported {
  readonly name: string;
  readonly kind: string;
  readonly documented: boolean;
}

/** Kinds that exist when the program runs. */
export const VALUES: readonly string[] = ["class", "const", "function"];

interface Names {
  readonly from: string;
  readonly original: string;
  readonly name: string;
  /** Whether only the type goes out: of a class that nobody else is to make. */
  readonly isType: boolean;
}

/** The declarations that a module name leads to: of a file beside `file`, or of another package of the workspace. */
function declarationsAt(file: string, name: string): string {
  if (name.startsWith(".")) return join(file, "..", name.replace(/\.[jt]s$/, ".d.ts"));
  const found = PACKAGES.find(({ manifest }) => manifest.name === name);
  if (found === undefined) throw new Error(`${file} exports what belongs to ${name}`);
  return `packages/${found.folder}/dist/index.d.ts`;
}

/** `export { a, type B as C } from "./file.ts"`, name by name. */
function reexports(file: string): Names[] {
  const clauses = [...blank(read(file), true).matchAll(/export (type )?\{([^}]*)\}\s*from\s*"([^"]*)"/g)];
  return clauses.flatMap(([, all = "", list = "", path = ""]) =>
    list
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== "")
      .map((each) => {
        const [original = "", name = original] = each.replace(/^type /, "").split(" as ");
        return { from: declarationsAt(file, path), original, name, isType: all !== "" || each.startsWith("type ") };
      }),
  );
}

function find(file: string, name: string): { kind: string; documented: boolean } {
  const through = reexports(file).find((each) => each.name === name);
  if (through !== undefined) return find(through.from, through.original);
  const text = read(file);
  const declaration = new RegExp(
    `^export (?:declare )?(?:abstract )?(class|const|function\\*?|interface|type|enum|namespace) ${name.replace("$", "\\$")}(?![\\w$])`,
    "m",
  );
  const match = declaration.exec(text);
  if (match === null) throw new Error(`${file} does not declare ${name} in a way that declarations.ts understands`);
  return { kind: match[1] ?? "", documented: /\*\/\s*$/.test(text.slice(0, match.index)) };
}

/** All names of a package's entry, in the order of the alphabet. */
export function exportsOf(folder: string): Exported[] {
  const entry = `packages/${folder}/dist/index.d.ts`;
  if (!existsSync(ROOT + entry)) throw new Error(`${entry} is missing: build first`);
  const other = blank(read(entry))
    .replace(/export (?:type )?\{[^}]*\}(?:\s*from\s*[^;]*)?;/g, "")
    .trim();
  if (other !== "") throw new Error(`${entry} does more than name its exports: ${other}`);
  return reexports(entry)
    .map(({ from, original, name, isType }) => {
      const found = find(from, original);
      return { name, ...found, kind: isType && found.kind === "class" ? "interface" : found.kind };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
