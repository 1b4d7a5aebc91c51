// Random models, saved by Keras in every form: the command converts each into every format, and Keras loads what came of it, with the
// same values and the same predictions; what Keras 2 saved, Keras 3 too. MODELBYTES_SEEDS=20:30 takes other models.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inOrder } from "@modelbytes/bytes";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { Conversation } from "./conversation.ts";
import { hasPython, interpreter } from "./python.ts";

const { MODELBYTES_SEEDS } = process.env;

/** The seeds of the models of each Keras: of three that follow each other, the last is a Sequential model with an optimizer. */
function seedsOf(environment: string): readonly number[] {
  if (MODELBYTES_SEEDS === undefined) return environment === "tensorflow-2.15" ? [4] : [2];
  const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
  return Array.from({ length: end - first }, (_, index) => first + index);
}

type Question =
  | { readonly save: number; readonly in: string }
  | { readonly judge: string; readonly kind: Kind; readonly in: string };

/** What a file is judged by: predictions of a whole model, of a model with these weights, or values by the names of variables. */
type Kind = "model" | "weights" | "names";

/** What Keras saved. */
interface Saved {
  readonly forms: readonly string[];
  /** Whether its layers have names that Keras 3 allows. */
  readonly portable: boolean;
  /** Whether there is an optimizer. */
  readonly state: boolean;
}

/** A file to convert to. */
interface Target {
  readonly name: string;
  readonly kind: Kind;
  readonly options: readonly string[];
}

const ALONE = ["--strip", "optimizer", "--strip", "other", "--strip", "signatures"];
const BARE = [...ALONE, "--strip", "architecture"];

const WEIGHTS: readonly Target[] = [
  { name: "new.weights.h5", kind: "weights", options: BARE },
  { name: "new-weights.h5", kind: "weights", options: [...BARE, "--to", "keras-hdf5-weights"] },
  { name: "new.safetensors", kind: "names", options: ALONE },
  { name: "new.npz", kind: "names", options: BARE },
];
const WHOLE: readonly Target[] = [{ name: "new.h5", kind: "model", options: ALONE }];
const ARCHIVE: Target = { name: "new.keras", kind: "model", options: ALONE };
const SHARDED: Target = { name: "new.weights.json", kind: "weights", options: BARE };
/** The checkpoint of Keras 2. */
const OBJECTS: Target = { name: "new/w", kind: "weights", options: BARE };
const WITH_OPTIMIZER: Target = { name: "with-optimizer.keras", kind: "model", options: [] };

/** Forms that have their architecture with them. */
const HAVE_ARCHITECTURE = ["model.h5", "model.keras", "saved"];

/** Forms from which Keras 3 restores the state of an optimizer. */
const HAVE_OPTIMIZER = ["model.h5", "model.keras"];

const ENVIRONMENT = { PYTHONDONTWRITEBYTECODE: "1", TF_CPP_MIN_LOG_LEVEL: "3" };

async function conversation(environment: string): Promise<Conversation<Question, unknown>> {
  const script = "fixtures/keras-hdf5/converted_models.py";
  return new Conversation<Question, unknown>(await interpreter(environment), [script], ENVIRONMENT);
}

describe.runIf(hasPython())("every format into every other", () => {
  const root = mkdtempSync(join(tmpdir(), "modelbytes-convert-formats-"));
  const keras3 = conversation("tensorflow-2.21");
  afterAll(async () => {
    await (await keras3).end();
    rmSync(root, { recursive: true, force: true });
  });

  /** Converts, and gives what the command says against it. */
  async function convert(folder: string, form: string, to: string, options: readonly string[]): Promise<string> {
    const given = HAVE_ARCHITECTURE.includes(form) ? [] : ["--architecture", join(folder, "model.json")];
    mkdirSync(join(to, ".."), { recursive: true });
    const { status, stderr } = await run("modelbytes", ["convert", join(folder, form), to, ...options, ...given]);
    return status === 0 ? "" : stderr;
  }

  describe.each(["tensorflow-2.21", "tensorflow-2.15", "tensorflow-2.12"])("Keras in %s", (environment) => {
    const isNew = environment === "tensorflow-2.21";
    const targets = isNew ? [...WEIGHTS, ...WHOLE, ARCHIVE, SHARDED] : [...WEIGHTS, ...WHOLE, OBJECTS];

    test.each(seedsOf(environment))("seed %i", async (seed) => {
      const newest = await keras3;
      const python = isNew ? newest : await conversation(environment);
      const folder = join(root, `${environment}-${seed}`);
      mkdirSync(folder);
      const saved: Saved = JSON.parse(JSON.stringify(await python.ask({ save: seed, in: folder })));
      expect(saved.forms.length).toBeGreaterThan(4);
      const wrong: string[] = [];
      const attempts = saved.forms.flatMap((form) => [
        ...targets.map((target) => ({ form, target, by: python })),
        ...(!isNew && saved.portable ? [{ form, target: ARCHIVE, by: newest }] : []),
        ...(isNew && saved.state && HAVE_OPTIMIZER.includes(form)
          ? [{ form, target: WITH_OPTIMIZER, by: python }]
          : []),
      ]);
      const converted = inOrder(
        attempts.map(({ form, target, by }) => ({
          bytes: 1,
          run: async () => {
            const to = join(folder, `from-${form.replace("/", "-")}`, target.name);
            return { form, target, by, to, refusal: await convert(folder, form, to, target.options) };
          },
        })),
        { concurrency: 3, bytes: 3, signal: undefined },
      );
      for await (const { form, target, by, to, refusal } of converted) {
        const answer = refusal === "" ? await by.ask({ judge: to, kind: target.kind, in: folder }) : refusal;
        if (answer !== "equal") wrong.push(`${form} to ${target.name}: ${String(answer)}`);
      }
      if (!isNew) await python.end();
      expect(wrong).toEqual([]);
      expect(attempts.length).toBeGreaterThan(targets.length * 5);
    });
  });
});
