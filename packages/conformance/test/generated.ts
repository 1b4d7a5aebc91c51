// Files, and parts of files, that a test writes and keeps true. With MODELBYTES_UPDATE=1, as `pnpm generate` sets it, the
// test writes; otherwise it compares.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";
import { ROOT, read } from "./workspace.ts";

const { MODELBYTES_UPDATE } = process.env;

/** Writes the file, or expects it to hold `text`. */
export function expectFile(path: string, text: string): void {
  if (MODELBYTES_UPDATE === "1") {
    mkdirSync(dirname(ROOT + path), { recursive: true });
    writeFileSync(ROOT + path, text);
  } else {
    expect(existsSync(ROOT + path) ? read(path) : "", `${path} is out of date: pnpm generate writes it`).toBe(text);
  }
}

/** What stands between `<!-- NAME: … -->` and `<!-- end of NAME -->` in a file. */
export function block(path: string, name: string): { before: string; inside: string; after: string } {
  const text = read(path);
  const start = text.search(new RegExp(`<!-- ${name}: .*-->\n`));
  const end = text.indexOf(`<!-- end of ${name} -->`);
  if (start < 0 || end < start) throw new Error(`${path} has no <!-- ${name}: … --> before <!-- end of ${name} -->`);
  const inside = text.indexOf("\n", start) + 1;
  return { before: text.slice(0, inside), inside: text.slice(inside, end), after: text.slice(end) };
}

/** Writes what stands between two markers, or expects it to be `text`. */
export function expectBlock(path: string, name: string, text: string): void {
  const { before, inside, after } = block(path, name);
  if (MODELBYTES_UPDATE === "1") writeFileSync(ROOT + path, before + text + after);
  else expect(inside, `${name} in ${path} is out of date: pnpm generate writes it`).toBe(text);
}
