// Python TensorFlow writes random checkpoints from seeds and says what is in them; we have to find exactly that.
// MODELBYTES_SEEDS=60:1000 takes other seeds.

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareBytes, encodeName } from "@modelbytes/bytes";
import { canonicalBytes, type Tensor } from "@modelbytes/tensor";
import { openCheckpoint } from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_SEEDS = "0:60" } = process.env;
const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
const SEEDS = Array.from({ length: end - first }, (_, index) => first + index);
/** Bundles that the command is tried on as well: each costs a process. */
const COMMAND_SEEDS = SEEDS.slice(0, 12);

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** A line of random_bundle.py. */
interface Written {
  readonly seed: number;
  readonly kind: string;
  readonly prefix: string;
  readonly tensors: Readonly<Record<string, Described>>;
}

function describeTensor(tensor: Tensor): Described {
  const hash = createHash("sha256");
  for (const piece of canonicalBytes(tensor)) hash.update(piece);
  return { dtype: tensor.dtype, shape: tensor.shape, sha256: hash.digest("hex") };
}

describe.runIf(hasPython())("random checkpoints by Python TensorFlow", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-random-"));
  const bundles = new Map<number, Written>();

  beforeAll(async () => {
    const python = await interpreter("tensorflow-2.21");
    const lines = await runPython(
      python,
      "fixtures/tensor-bundle/random_bundle.py",
      "--seeds",
      MODELBYTES_SEEDS,
      folder,
    );
    for (const line of lines.trimEnd().split("\n")) {
      const written: Written = JSON.parse(line);
      bundles.set(written.seed, written);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function bundle(seed: number): Written {
    const written = bundles.get(seed);
    if (written === undefined) throw new Error(`Python wrote no bundle for seed ${seed}`);
    return written;
  }

  test("every seed gave a bundle, and together they hold tensors of many dtypes", () => {
    expect([...bundles.keys()]).toEqual(SEEDS);
    const dtypes = new Set(
      [...bundles.values()].flatMap(({ tensors }) => Object.values(tensors).map(({ dtype }) => dtype)),
    );
    expect(dtypes.size).toBeGreaterThan(Math.min(25, SEEDS.length));
  });

  test.each(SEEDS)("seed %i: the same names in the same order, and the same values", async (seed) => {
    const { prefix, tensors } = bundle(seed);
    await using checkpoint = await openCheckpoint(prefix);
    const names = Object.keys(tensors).sort((a, b) => compareBytes(encodeName(a), encodeName(b)));
    expect([...checkpoint.entries.keys()]).toEqual(names);
    const found: [string, Described][] = [];
    for await (const [name, tensor] of checkpoint.stream()) found.push([name, describeTensor(tensor)]);
    expect(Object.fromEntries(found)).toEqual(tensors);
  });

  test.each(SEEDS)("seed %i: nothing to complain about", async (seed) => {
    await using checkpoint = await openCheckpoint(bundle(seed).prefix);
    const problems: string[] = [];
    for await (const { message } of checkpoint.verify()) problems.push(message);
    expect(problems).toEqual([]);
  });

  test.each(COMMAND_SEEDS)("seed %i: modelbytes hash says the same", async (seed) => {
    const { prefix, tensors } = bundle(seed);
    const { status, stdout, stderr } = await run("modelbytes", ["hash", "--json", prefix]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({ format: "tensor-bundle", tensors });
  });
});
