// Python's json writes random values and reads random texts; we have to write the same, read the same, and refuse the same.
// MODELBYTES_JSON=7:50000 takes another seed and number.

import { ModelbytesError } from "@modelbytes/bytes";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type JsonOptions, parseJson, stringifyJson } from "../../keras-config/src/index.ts";
import { describeValue, jsonValue } from "../../keras-config/test/python-values.ts";
import type { Conversation } from "./conversation.ts";
import { hasPython } from "./python.ts";
import { isRefusal, judge, REFUSED } from "./text-judge.ts";

const { MODELBYTES_JSON = "5:20000" } = process.env;
const [seed = 5, count = 20_000] = MODELBYTES_JSON.split(":").map(Number);
const BATCH = 500;

/** The options of `json.dumps` by their names in Python and here. */
const STYLES: readonly (readonly [python: Readonly<Record<string, unknown>>, ours: JsonOptions])[] = [
  [{}, {}],
  [{ indent: 4 }, { indent: 4 }],
  [
    { indent: 0, ensure_ascii: false },
    { indent: 0, ensureAscii: false },
  ],
  [
    { sort_keys: true, separators: [",", ":"] },
    { sortKeys: true, separators: [",", ":"] },
  ],
  [
    { indent: "\t", sort_keys: true },
    { indent: "\t", sortKeys: true },
  ],
];

/** What changes a JSON text into another or into none. */
const PIECES = fc.constantFrom(
  ...'{}[]:," \n\t\\/u0123456789-+.eEaNI',
  "null",
  "true",
  "NaN",
  "-Infinity",
  "\\ud83d",
  "\\u",
  "\x00",
  "\x7f",
  "é",
  "\ufeff",
  "1e5",
  "-0",
  '"a"',
);

describe.runIf(hasPython())("JSON, judged by Python", () => {
  let python: Conversation<{ do: string; of: readonly unknown[] }, unknown[]>;
  beforeAll(async () => {
    python = await judge();
  });
  afterAll(() => python.end());

  test.each(STYLES)(
    "random values are written as json.dumps writes them with %j, and read again",
    async (options, ours) => {
      const values = fc.sample(jsonValue, { seed, numRuns: Math.ceil(count / STYLES.length) });
      let refused = 0;
      for (let at = 0; at < values.length; at += BATCH) {
        const batch = values.slice(at, at + BATCH);
        const texts = await python.ask({ do: "json-dumps", of: batch.map((value) => [describeValue(value), options]) });
        const read = await python.ask({ do: "json-loads", of: texts });
        for (const [index, value] of batch.entries()) {
          const text = texts[index];
          if (isRefusal(text)) {
            expect(() => stringifyJson(value, ours), JSON.stringify(describeValue(value))).toThrow(TypeError);
            refused++;
            continue;
          }
          const own = stringifyJson(value, ours);
          expect(own, JSON.stringify(describeValue(value))).toBe(text);
          const again = parseJson(own);
          expect(describeValue(again, null)).toEqual(read[index]);
          expect(stringifyJson(again, ours)).toBe(own);
        }
      }
      expect(refused > 0).toBe(ours.sortKeys === true); // keys of several types have no order
    },
  );

  test("random texts are read as json.loads reads them, or refused", async () => {
    const edit = fc.tuple(jsonValue, fc.nat(), fc.nat(3), PIECES).map(([value, place, length, piece]) => {
      const text = stringifyJson(value);
      const at = place % (text.length + 1);
      return text.slice(0, at) + piece + text.slice(at + length);
    });
    const texts = fc.sample(edit, { seed, numRuns: count });
    let refused = 0;
    for (let at = 0; at < texts.length; at += BATCH) {
      const batch = texts.slice(at, at + BATCH);
      for (const [index, read] of (await python.ask({ do: "json-loads", of: batch })).entries()) {
        expect(readText(batch[index] ?? ""), batch[index]).toEqual(isRefusal(read) ? REFUSED : read);
        if (isRefusal(read)) refused++;
      }
    }
    expect(refused).toBeGreaterThan(count / 10);
    expect(refused).toBeLessThan((count * 9) / 10);
  });
});

/** A text as it is described, or what stands for a refusal. */
function readText(text: string): unknown {
  try {
    return describeValue(parseJson(text), null);
  } catch (error) {
    if (error instanceof ModelbytesError) return REFUSED;
    throw error;
  }
}
