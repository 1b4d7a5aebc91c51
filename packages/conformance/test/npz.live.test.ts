// Random arrays both ways between NumPy and us; and of headers that are changed at random the same verdict, or a stricter one.
// MODELBYTES_SEEDS=60:1000 takes other seeds.

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelbytesError } from "@modelbytes/bytes";
import { keepsDType, openNpy, openNpz, writeNpz } from "@modelbytes/npz";
import { canonicalBytes, DTYPES, fromBytes, isVarying, type Tensor, tensor } from "@modelbytes/tensor";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Conversation } from "./conversation.ts";
import { hasPython, interpreter } from "./python.ts";

const { MODELBYTES_SEEDS = "0:60" } = process.env;
const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
const SEEDS = Array.from({ length: end - first }, (_, index) => first + index);

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

type Question =
  | { readonly do: "write"; readonly seed: number; readonly path: string }
  | { readonly do: "read"; readonly path: string }
  | { readonly do: "judge"; readonly hex: string };

function describeTensor(value: Tensor): Described {
  const hash = createHash("sha256");
  for (const piece of canonicalBytes(value)) hash.update(piece);
  return { dtype: value.dtype, shape: value.shape, sha256: hash.digest("hex") };
}

/** What Python says of arrays, without their values. */
function plain(tensors: Readonly<Record<string, Described>>): Record<string, Described> {
  const entries = Object.entries(tensors).map(([name, { dtype, shape, sha256 }]) => [name, { dtype, shape, sha256 }]);
  return Object.fromEntries(entries);
}

/** What NumPy has itself: it reads nothing of ml_dtypes. */
const dtypes = Object.values(DTYPES).flatMap(({ name }) =>
  !isVarying(name) && keepsDType(name) && name !== "bfloat16" && name !== "float8_e5m2" ? [name] : [],
);
const shapes = fc.array(fc.nat({ max: 4 }), { maxLength: 4 });
const fixed = fc.tuple(fc.constantFrom(...dtypes), shapes).chain(([dtype, shape]) => {
  const size = shape.reduce((product, dim) => product * dim, DTYPES[dtype].itemsize);
  const bytes = fc.array(fc.nat({ max: dtype === "bool" ? 1 : 255 }), { minLength: size, maxLength: size });
  return bytes.map((each): Tensor => fromBytes(dtype, shape, Uint8Array.from(each)));
});
const element = fc.uint8Array({ maxLength: 5 }).filter((each) => each.at(-1) !== 0);
const strings = shapes.chain((shape) => {
  const count = shape.reduce((product, dim) => product * dim, 1);
  return fc.array(element, { minLength: count, maxLength: count }).map((data): Tensor => tensor("string", shape, data));
});
const names = fc.stringMatching(/^[\wé😀]{2,6}:?(\/[\w.]{1,3}[a-z])?$/u);
const dictionaries = fc.dictionary(names, fc.oneof({ arbitrary: fixed, weight: 4 }, strings), {
  noNullPrototype: true,
});

describe.runIf(hasPython())("NumPy", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-npz-"));
  let python: Conversation<Question, unknown>;

  beforeAll(async () => {
    const args = ["fixtures/npz/numpy_judge.py"];
    python = new Conversation(await interpreter("arrays"), args, { PYTHONDONTWRITEBYTECODE: "1" });
  });
  afterAll(async () => {
    await python.end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask<T>(question: Question): Promise<T> {
    return JSON.parse(JSON.stringify(await python.ask(question)));
  }

  test.each(SEEDS)("seed %i: what it writes is read", async (seed) => {
    const path = join(folder, `${seed}.npz`);
    const wanted = await ask<Record<string, Described>>({ do: "write", seed, path });
    await using file = await openNpz(path);
    const found: Record<string, Described> = {};
    for await (const [name, each] of file.stream()) found[name] = describeTensor(each);
    expect(found).toEqual(plain(wanted));
    for await (const problem of file.verify()) expect.fail(problem.message);
  });

  test("what is written here is read there, and written again byte for byte", async () => {
    const path = join(folder, "ours.npz");
    await fc.assert(
      fc.asyncProperty(dictionaries, async (given) => {
        await writeNpz(path, Object.entries(given));
        const read = await ask<{ tensors: Record<string, Described>; same: boolean }>({ do: "read", path });
        const wanted = Object.entries(given).map(([name, each]) => [name, describeTensor(each)]);
        expect(plain(read.tensors)).toEqual(Object.fromEntries(wanted));
        expect(read.same).toBe(true);
      }),
      { numRuns: 150, seed: first },
    );
  });

  test("of headers that are changed at random, nothing is read that NumPy reads otherwise", async () => {
    const sound = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }";
    const SNIPPETS = [
      "'",
      '"',
      "\\",
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      ",",
      ":",
      " ",
      "0",
      "1",
      "2",
      "L",
      "-",
      ".",
      "x",
      "<",
      ">",
      "|",
      "=",
      "i",
      "S",
      "U",
      "True",
      "None",
    ];
    const tokens = sound.match(/'[^']*'|\w+|./g) ?? [];
    const edits = fc.array(
      fc.tuple(fc.nat({ max: tokens.length }), fc.nat({ max: 1 }), fc.constantFrom("", ...SNIPPETS)),
      { minLength: 1, maxLength: 2 },
    );
    let accepted = 0;
    const stricter = new Set<string>();
    await fc.assert(
      fc.asyncProperty(edits, fc.constantFrom(1, 2, 3), async (changes, version) => {
        const header = changes
          .reduce<readonly string[]>((parts, [at, removed, text]) => parts.toSpliced(at, removed, text), tokens)
          .join("");
        const data = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? index : 0));
        const length = version === 1 ? [header.length, 0] : [header.length, 0, 0, 0];
        const bytes = new Uint8Array([
          0x93,
          ...Buffer.from("NUMPY"),
          version,
          0,
          ...length,
          ...Buffer.from(header),
          ...data,
        ]);
        const verdict = await ask<{ tensor?: Described; error?: string }>({
          do: "judge",
          hex: Buffer.from(bytes).toString("hex"),
        });
        const found = await openNpy(bytes)
          .then(async (file) => describeTensor(await file.read("arr_0")))
          .catch((error: unknown) => error);
        if (found instanceof Error) {
          expect(found).toBeInstanceOf(ModelbytesError);
          if (verdict.tensor !== undefined) stricter.add(header);
          return;
        }
        accepted++;
        expect([header, { arr_0: found }]).toEqual([header, verdict.tensor && plain({ arr_0: verdict.tensor })]);
      }),
      { numRuns: 3000, seed: first },
    );
    expect(accepted).toBeGreaterThan(50);
    expect([...stricter].filter((header) => !/[uU]['"]/.test(header))).toEqual([]); // the prefix that Python 2 had for text
  });
});
