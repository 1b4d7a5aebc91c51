// Names of checkpoints: templates as Python's str.format fills them, and the latest file as each Keras finds it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NotFoundError } from "@modelbytes/bytes";
import {
  type CheckpointValues,
  formatCheckpointName,
  latestCheckpointName,
  matchCheckpointName,
} from "@modelbytes/keras-hdf5";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

interface Formatted {
  readonly text?: string;
  readonly error?: string;
}

interface Found {
  readonly found?: string | null;
  readonly error?: string;
}

const NAMES = ["epoch", "batch", "val_loss", "acc", "name", "flag", "steps"];

/** Letters, and what is none, that every version of Unicode agrees on. */
const letters = fc.oneof(
  fc.integer({ min: 1, max: 0x24f }).map((code) => String.fromCodePoint(code)),
  fc.constantFrom(..."'\"\\\n\u2028\u200b\u3000\ufeff\ue000\uffffЖ漢😀\u{10ffff}"),
);

const values: fc.Arbitrary<CheckpointValues> = fc.record(
  {
    epoch: fc.oneof(fc.nat(20000), fc.integer()),
    batch: fc.nat(100),
    val_loss: fc.oneof(
      fc.double(),
      fc.double({ min: 0, max: 2 }),
      fc.constantFrom(0.5, 1.5, 2.5, 0.125, 1, 100, 1e16, -0),
    ),
    acc: fc.oneof(
      fc.double({ min: 0, max: 1 }),
      fc.integer({ min: -20, max: 20 }).map((exponent) => 10 ** exponent),
    ),
    name: fc.oneof(fc.string({ unit: "grapheme-ascii", maxLength: 8 }), fc.string({ unit: letters, maxLength: 5 })),
    flag: fc.boolean(),
    steps: fc.oneof(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 0n, max: 300n })),
  },
  { requiredKeys: ["epoch", "val_loss", "acc", "name", "flag", "steps"] },
);

const optional = (arbitrary: fc.Arbitrary<string>) => fc.oneof(fc.constant(""), arbitrary);
const spec = fc
  .tuple(
    optional(fc.constantFrom("<", ">", "=", "^", "*<", "0=", "0>", "x^", "é>", "😀^")),
    optional(fc.constantFrom("+", "-", " ")),
    optional(fc.constantFrom("z", "#", "z#")),
    optional(fc.constant("0")),
    optional(fc.nat(25).map(String)),
    optional(fc.constantFrom(",", "_")),
    optional(fc.nat(20).map((digits) => `.${digits}`)),
    optional(fc.constantFrom(..."dnbcoxXeEfFgG%s")),
  )
  .map((parts) => parts.join(""));
/** Specs that suit a float or an integer, as people write them. */
const usual = fc.oneof(
  fc.nat(20).map((digits) => `.${digits}f`),
  fc.nat(20).map((digits) => `.${digits}e`),
  fc.nat(20).map((digits) => `.${digits}g`),
  fc.nat(20).map((digits) => `.${digits}`),
  fc.nat(12).map((width) => `0${width}`),
  fc.constantFrom("04d", "02d", ".2f", ".4f", ".1%", ",", "_", ",.2f", "#x", "012,d", "+.3e", "#.3g", "010_.1f", "05"),
);
const field = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.oneof({ weight: 6, arbitrary: fc.constant("") }, fc.constantFrom("!r", "!s", "!a")),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant("") },
      { weight: 3, arbitrary: spec },
      { weight: 4, arbitrary: usual },
      fc.constantFrom("{batch}", "0{batch}d", ".{batch}f", "{name}", "{batch!r}>5"),
    ),
  )
  .map(([name, conversion, of]) => `{${name}${conversion}${of === "" ? "" : `:${of}`}}`);
const literal = fc.oneof(
  fc.constantFrom("cp-", "-", ".weights.h5", "{{", "}}", "_", "models/", ""),
  fc.string({ unit: "grapheme-ascii", maxLength: 3 }),
);
const garbage = fc
  .array(fc.constantFrom(..."{}[]!:.,<>= #z012dfs{}", "epoch", "val_loss", "acc"), { maxLength: 14 })
  .map((letters) => letters.join(""));
const template = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(fc.oneof(literal, field), { minLength: 1, maxLength: 5 }).map((all) => all.join("")),
  },
  { weight: 6, arbitrary: field },
  { weight: 2, arbitrary: garbage },
);

/** A value for Python: what it is, and a text that loses nothing. */
function forPython(name: string, value: CheckpointValues[string]): [kind: string, text: string] {
  if (typeof value === "bigint") return ["int", `${value}`];
  if (typeof value === "string") return ["str", value];
  if (typeof value === "boolean") return ["bool", value ? "yes" : ""];
  if ((name === "epoch" || name === "batch") && Number.isInteger(value)) return ["int", `${value}`];
  return ["float", hexadecimal(value)];
}

/** A float with all of its digits, as `float.fromhex` reads it. */
function hexadecimal(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  let exponent = 0;
  while (!Number.isInteger(value)) {
    value *= 2 ** 40;
    exponent -= 40;
  }
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  return `${sign}0x${BigInt(Math.abs(value)).toString(16)}p${exponent}`;
}

/** Without lone surrogates, which no JSON brings to Python and back, without NUL, which no file name has, and without digits of other scripts, as
 * which Python takes widths too. */
const isWhole = (text: string) => !/\p{Cs}|\0|[^\P{Nd}\d]/u.test(text);

describe.runIf(hasPython())("names of checkpoints", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-checkpoint-names-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function ask<A>(environment: string, what: string, cases: unknown): Promise<readonly A[]> {
    const file = join(folder, `${environment}-${what}.json`);
    writeFileSync(file, JSON.stringify(cases));
    const python = await interpreter(environment);
    const answers: readonly A[] = JSON.parse(
      await runPython(python, "fixtures/keras-hdf5/checkpoint_names.py", what, file),
    );
    return answers;
  }

  test("filled as Python fills them, and read again", async () => {
    const sample = fc.sample(fc.tuple(template, values), 20_000);
    const cases = sample.filter(([text, { name }]) => isWhole(text) && isWhole(`${name}`));
    const answers = await ask<Formatted>(
      "keras-2.3",
      "format",
      cases.map(([text, given]) => ({
        template: text,
        values: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, forPython(name, value)])),
      })),
    );
    let filled = 0;
    let matched = 0;
    for (const [index, [text, given]] of cases.entries()) {
      const { text: expected, error } = answers[index] ?? {};
      const ours = outcome(() => formatCheckpointName(text, given));
      if (error === undefined) expect([text, given, ours]).toEqual([text, given, expected]);
      else expect([text, given, error, ours]).toEqual([text, given, error, expect.any(Error)]);
      // Python finds out that a template is none only behind the fields in front
      if (error === "KeyError" && !(ours instanceof TypeError)) expect(ours).toBeInstanceOf(NotFoundError);
      if (typeof ours !== "string") continue;
      filled++;
      const read = outcome(() => matchCheckpointName(text, ours));
      if (read === undefined || read instanceof Error) continue;
      matched++;
      expect([text, formatCheckpointName(text, { ...given, ...read })]).toEqual([text, ours]);
    }
    expect(filled).toBeGreaterThan(cases.length / 4);
    expect(matched).toBeGreaterThan(filled / 2);
  });

  test.each(["tensorflow-2.21", "tensorflow-2.15"])("the latest as Keras in %s finds it", async (environment) => {
    const names = fc.constantFrom(
      "cp-1.h5",
      "cp-01.h5",
      "cp-10.h5",
      "cp-2.h5",
      "cp_1.h5",
      "cp-1xh5",
      "é.h5",
      "cp-1.h5.index",
      "x",
      "cp-(1).h5",
      "cp-1\n",
    );
    const cases = fc.sample(
      fc.record({
        template: fc.constantFrom(
          ..."cp-{epoch}.h5|cp-{epoch:02d}-{loss}.h5|cp-1.h5|{epoch}.h5|cp-{a}.x.{b}|cp.1.h5|cp-{epoch|cp-(1).h5|cp-[0-9].h5|cp-(|cp-1|cp-{epoch}".split(
            "|",
          ),
        ),
        files: fc.uniqueArray(fc.tuple(names, fc.constantFrom(0, 1, 1000, 1000, 2000, 2000)), {
          selector: ([name]) => name,
          minLength: 1, // with none, Keras does not look at the template
          maxLength: 8,
        }),
        checkpoint:
          environment === "tensorflow-2.21"
            ? fc.constant(null)
            : fc.constantFrom(null, null, "cp-1.h5", "cp-7", "other"),
      }),
      600,
    );
    const answers = await ask<Found>(environment, "latest", cases);
    for (const [index, { template: text, files, checkpoint }] of cases.entries()) {
      const stored = files.map(([name, modified]) => ({ name, modified }));
      const others = checkpoint === null ? [] : ["checkpoint", `${checkpoint}.index`];
      const all = [
        ...stored.filter(({ name }) => !others.includes(name)),
        ...others.map((name) => ({ name, modified: 1 })),
      ];
      const ours = outcome(() => latestCheckpointName(text, all, { checkpoint: checkpoint ?? undefined }));
      const answer = ours instanceof Error ? { error: "error" } : { found: ours ?? null };
      expect([text, all, checkpoint, answer]).toEqual([text, all, checkpoint, answers[index]]);
    }
  });
});

function outcome<T>(call: () => T): T | Error {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
