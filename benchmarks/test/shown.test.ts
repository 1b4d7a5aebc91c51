import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { allQuestions } from "../src/questions.ts";
import { readResults } from "../src/results.ts";
import { PICTURES, shown } from "../src/shown.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RESULTS = readResults(`${ROOT}benchmarks/results.json`);

const FILES = shown(RESULTS, await allQuestions(), readFileSync(`${ROOT}README.md`, "utf8"));

test.each([...FILES])("%s shows results.json: pnpm bench --redraw writes it", (path, text) => {
  expect(readFileSync(ROOT + path, "utf8")).toBe(text);
});

test("there are no other pictures, and each is small", () => {
  const pictures = readdirSync(ROOT + PICTURES).map((name) => `${PICTURES}/${name}`);
  expect(pictures.sort()).toEqual([...FILES.keys()].filter((path) => path.startsWith(PICTURES)).sort());
  for (const path of pictures) expect(FILES.get(path)?.length).toBeLessThan(60_000);
});
