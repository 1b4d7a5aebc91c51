import { readFileSync, writeFileSync } from "node:fs";
import { DTYPES } from "@modelbytes/tensor";
import { expect, test } from "vitest";

const README = new URL("../README.md", import.meta.url);
const { MODELBYTES_UPDATE } = process.env;
const START = "<!-- dtypes: written by test/readme.test.ts -->\n";
const END = "<!-- end of dtypes -->\n";

function table(): string {
  const rows = Object.values(DTYPES).map(({ name, number, kind, itemsize, bits, array }) => {
    const size = itemsize === 0 ? "any" : bits < 8 ? `${itemsize} (${bits} bits)` : `${itemsize}`;
    const data = array === "Array" ? "Uint8Array[]" : array;
    return `| \`${name}\` | ${number} | ${kind} | ${size} | \`${data}\` |\n`;
  });
  return ["| dtype | number | kind | bytes | data |\n", "|---|---|---|---|---|\n", ...rows].join("");
}

test("the README has the dtype table; MODELBYTES_UPDATE=1 writes it", () => {
  const text = readFileSync(README, "utf8");
  const start = text.indexOf(START) + START.length;
  const end = text.indexOf(END);
  expect(start).toBeGreaterThanOrEqual(START.length);
  expect(end).toBeGreaterThanOrEqual(start);
  const updated = text.slice(0, start) + table() + text.slice(end);
  if (MODELBYTES_UPDATE === "1") writeFileSync(README, updated);
  else expect(text).toBe(updated);
});
