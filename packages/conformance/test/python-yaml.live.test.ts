// PyYAML writes random values and reads random texts; we have to write the same and read the same.
// MODELBYTES_YAML=7:50000 takes another seed and number.

import { ModelbytesError } from "@modelbytes/bytes";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseYaml, stringifyYaml, type YamlOptions } from "../../keras-config/src/index.ts";
import { describeValue, yamlValue } from "../../keras-config/test/python-values.ts";
import type { Conversation } from "./conversation.ts";
import { hasPython } from "./python.ts";
import { isRefusal, judge, REFUSED, type Refusal } from "./text-judge.ts";

const { MODELBYTES_YAML = "5:20000" } = process.env;
const [seed = 5, count = 20_000] = MODELBYTES_YAML.split(":").map(Number);
const BATCH = 500;

/** The options of `yaml.dump` by their names in Python and here. */
const STYLES: readonly (readonly [python: Readonly<Record<string, unknown>>, ours: YamlOptions])[] = [
  [{}, {}],
  [{ default_flow_style: null }, { defaultFlowStyle: null }],
  [{ default_flow_style: true }, { defaultFlowStyle: true }],
  [
    { sort_keys: false, indent: 4, width: 40 },
    { sortKeys: false, indent: 4, width: 40 },
  ],
  [
    { safe: true, default_flow_style: null },
    { safe: true, defaultFlowStyle: null },
  ],
];

/** Scalars that look like numbers, times and words of YAML 1.1. */
const PLAIN = fc.oneof(
  fc
    .string({ unit: fc.constantFrom(..."0123456789_.:+-eExobBaf"), minLength: 1, maxLength: 7 })
    .map((text) => text.replace(/:$|^[-:]$/, "0")),
  fc.constantFrom(
    "yes",
    "No",
    "ON",
    "off",
    "y",
    "n",
    "~",
    "Null",
    "nULL",
    "TRUE",
    "tRUE",
    "<<",
    "=",
    ".inf",
    "-.INF",
    "+.inf",
    ".NaN",
    "-.nan",
  ),
  fc.constantFrom(
    "2001-01-01",
    "2001-1-1",
    "2001-01-01 10:00:00",
    "0o7",
    "0x",
    "0b",
    "0_",
    "1__0",
    "190:20:30",
    "190:20:30.15",
    "-1:0",
    "1e5",
    "1.e+5",
    "1.5e5",
  ),
);

/** Merge keys, anchors, repeated keys, styles of scalars, tags. */
const TEXTS: readonly string[] = [
  "",
  "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\n",
  "a: &x {b: 1, c: 2}\nb: &y {c: 3, d: 4}\ne:\n  f: 5\n  <<: [*x, *y]\n  c: 6\n",
  "<<: {a: 1}\n<<: {a: 2, b: 3}\n",
  "<<: 1\n",
  "<<: [1]\n",
  "'<<': {a: 1}\n",
  "a: <<\n",
  "=: 1\n",
  "a: 1\nb: 2\na: 3\n",
  "1: a\n1.0: b\ntrue: c\n",
  "? [a]\n: 1\n",
  "? !!python/tuple [a, 1]\n: 1\n",
  "? !!python/tuple [a, [1]]\n: 1\n",
  "!!set {a}\n",
  "- &a a\n- &a b\n",
  "- *a\n",
  "a: |\n  x\n   y\n\nb: >-\n  x\n  y\n\n  z\n",
  "a: 'it''s\n  two'\nb: \"tab\\t\\x41\\u00e9\\U0001F600 \\\n  end\"\n",
  "!!python/tuple\n- 1\n- !!python/list [2]\n- !!python/dict {a: !!python/none }\n",
  "!!python/tuple a\n",
  "!!map [1]\n",
  "!!seq {a: 1}\n",
  "! 3\n",
  "! '3'\n",
  "! [1]\n",
  "!local 3\n",
  "!<tag:yaml.org,2002:int> 3\n",
  "%TAG !p! tag:yaml.org,2002:python/\n---\n!p!tuple [1]\n",
  "--- a\n--- b\n",
  "--- a\n...\n",
  "a: !!binary |\n  aGVs\n  bG8=\n",
  "a: !!binary a\n",
  "a: [1, 2\n",
  'a: "\\q"\n',
  "\ta: 1\n",
];

describe.runIf(hasPython())("YAML, judged by PyYAML", () => {
  let python: Conversation<{ do: string; of: readonly unknown[] }, (string | Refusal)[]>;
  beforeAll(async () => {
    python = await judge();
  });
  afterAll(() => python.end());

  test.each(STYLES)(
    "random values are written as yaml.dump writes them with %j, and read again",
    async (options, ours) => {
      const values = fc.sample(yamlValue, { seed, numRuns: Math.ceil(count / STYLES.length) });
      for (let at = 0; at < values.length; at += BATCH) {
        const batch = values.slice(at, at + BATCH);
        const texts = await python.ask({ do: "yaml-dump", of: batch.map((value) => [describeValue(value), options]) });
        const read = await python.ask({ do: "yaml-load", of: texts });
        for (const [index, value] of batch.entries()) {
          const text = texts[index];
          expect(stringifyYaml(value, ours), JSON.stringify(describeValue(value))).toBe(text);
          expect(readText(text), String(text)).toEqual(isRefusal(read[index]) ? REFUSED : read[index]);
        }
      }
    },
  );

  test("random plain scalars and tagged ones are read as PyYAML reads them, or refused", async () => {
    const scalar = fc.tuple(
      fc.constantFrom("", "", "", "!!int ", "!!float ", "!!bool ", "!!null ", "!!str ", "!!python/unicode "),
      PLAIN,
    );
    const texts = fc.sample(scalar, { seed, numRuns: count }).map(([tag, text]) => `a:\n- ${tag}${text}\n`);
    let refused = 0;
    for (let at = 0; at < texts.length; at += BATCH) {
      const batch = texts.slice(at, at + BATCH);
      for (const [index, read] of (await python.ask({ do: "yaml-load", of: batch })).entries()) {
        const own = readText(batch[index]);
        const isStricter = own === REFUSED && batch[index]?.includes("!") === true; // Python's int("0o7", 8) is 7
        if (!isStricter) expect(own, batch[index]).toEqual(isRefusal(read) ? REFUSED : read);
        if (isRefusal(read)) refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(count / 2);
  });

  test.each(TEXTS)("%j is read as PyYAML reads it", async (text) => {
    const [read] = await python.ask({ do: "yaml-load", of: [text] });
    expect(readText(text)).toEqual(isRefusal(read) ? REFUSED : read);
  });
});

/** A text as it is described, or what stands for a refusal. */
function readText(text: unknown): unknown {
  try {
    return describeValue(parseYaml(String(text)));
  } catch (error) {
    if (error instanceof ModelbytesError) return REFUSED;
    throw error;
  }
}
