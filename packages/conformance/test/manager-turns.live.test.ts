// Python's CheckpointManager and ours do the same random saves, each in a directory of its own and in turns in a third one. After
// every turn the files of all three are the same, the state file among them. MODELBYTES_SEEDS=10:100 takes other seeds.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "@modelbytes/tensor";
import { CheckpointManager, keywords } from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Conversation } from "./conversation.ts";
import { hasPython, interpreter } from "./python.ts";

const { MODELBYTES_SEEDS = "0:10" } = process.env;
const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
const SEEDS = Array.from({ length: end - first }, (_, index) => first + index);
const TURNS = 25;

interface Open {
  readonly do: "open";
  readonly clock: number;
  readonly maxToKeep: number | null;
  readonly hours: number | null;
  readonly name: string;
  readonly interval: number | null;
  readonly lastStep: number | null;
  readonly restore: boolean;
}

interface Save {
  readonly do: "save";
  readonly clock: number;
  readonly value: number;
  readonly number: number | null;
  readonly step: number;
  readonly checkInterval: boolean;
}

interface Answer {
  readonly saved: string | null;
  readonly latest: string | null;
  readonly checkpoints: readonly string[];
  readonly saveCounter: number;
}

/** One of the two, at work in a directory. */
interface Worker {
  open(directory: string, open: Open): Promise<Answer>;
  save(save: Save): Promise<Answer>;
}

class Python implements Worker {
  readonly #conversation: Conversation<object, Answer>;
  #directory = "";

  constructor(conversation: Conversation<object, Answer>) {
    this.#conversation = conversation;
  }

  async open(directory: string, open: Open): Promise<Answer> {
    this.#directory = directory;
    return this.#inside(await this.#conversation.ask({ ...open, directory }));
  }

  async save(save: Save): Promise<Answer> {
    return this.#inside(await this.#conversation.ask(save));
  }

  #inside({ saved, latest, checkpoints, saveCounter }: Answer): Answer {
    const inside = (path: string) => path.replace(`${this.#directory}/`, "");
    return {
      saved: saved === null ? null : inside(saved),
      latest: latest === null ? null : inside(latest),
      checkpoints: checkpoints.map(inside),
      saveCounter,
    };
  }
}

class Ours implements Worker {
  #manager: CheckpointManager | undefined;
  #clock = 0;

  async open(directory: string, open: Open): Promise<Answer> {
    this.#clock = open.clock;
    this.#manager = await CheckpointManager.open(directory, {
      maxToKeep: open.maxToKeep ?? undefined,
      keepCheckpointEveryNHours: open.hours ?? undefined,
      checkpointName: open.name,
      checkpointInterval: open.interval ?? undefined,
      lastCheckpointStep: open.lastStep ?? undefined,
      saveCounter: open.restore ? undefined : 0,
      now: () => this.#clock,
    });
    return this.#answer(null);
  }

  async save({ clock, value, number, step, checkInterval }: Save): Promise<Answer> {
    this.#clock = clock;
    const saved = await this.#manager?.save(
      keywords({
        model: new Map([["values", [{ value: tensor("float32", [], Float32Array.of(value)), fullName: "value" }]]]),
        step: { value: tensor("int64", [], BigInt64Array.of(BigInt(value))), fullName: "step" },
      }),
      { checkpointNumber: number ?? undefined, step, checkInterval },
    );
    return this.#answer(saved ?? null);
  }

  #answer(saved: string | null): Answer {
    if (this.#manager === undefined) throw new Error("no manager is open");
    const { latestCheckpoint, checkpoints, saveCounter } = this.#manager;
    return { saved, latest: latestCheckpoint ?? null, checkpoints, saveCounter };
  }
}

function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const);
  return Object.fromEntries(
    files.map(([name, bytes]) => [name, bytes.toString(name === "checkpoint" ? "utf8" : "hex")]),
  );
}

/** Numbers from 0 up to 1 (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Accident = (state: string) => string;

/** What happens to the state file between two turns: nothing, as a rule. */
const ACCIDENTS: readonly [Accident, ...Accident[]] = [
  (state) => state.replace(/^(?:all_model_checkpoint_timestamps|last_preserved_timestamp): .*\n/gm, ""), // by Checkpoint.save
  (state) => state.replace(/^last_preserved_timestamp: .*\n/m, ""),
  (state) => state.replace(/^all_model_checkpoint_timestamps: .*\n/m, ""), // one fewer than paths
  (state) => `${state}of_a_later_version: 1\n`,
  (state) => state.replaceAll(/^(\w+): (\d.*)$/gm, "$1: [$2] # by hand"),
];

describe.runIf(hasPython())("Python's manager and ours take turns", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-managers-"));
  let conversation: Conversation<object, Answer> | undefined;

  beforeAll(async () => {
    const script = "fixtures/tensor-bundle/manager_turns.py";
    const python = await interpreter("tensorflow-2.21");
    conversation = new Conversation(python, [script], { PYTHONDONTWRITEBYTECODE: "1", PYTHONHASHSEED: "0" });
  });
  afterAll(async () => {
    await conversation?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(SEEDS)("seed %i: after every turn the same files", async (seed) => {
    if (conversation === undefined) return expect.unreachable();
    const random = randomNumbers(seed);
    const one = <T>(...of: readonly [T, ...T[]]): T => {
      const chosen = of[Math.floor(random() * of.length)];
      return chosen === undefined ? of[0] : chosen;
    };
    const python = new Python(conversation);
    const ours = new Ours();
    const places = ["python", "ours", "mixed"].map((name) => join(folder, String(seed), name));
    for (const place of places) mkdirSync(place, { recursive: true });
    let clock = 1795197432.775886 + seed;
    let value = 0;
    let step = 0;
    let saves = 0;
    for (let turn = 0; turn < TURNS; turn++) {
      clock += one(0, 0.25, 1, 100.1, 3600, 5000, -0.5, -4000);
      const open: Open = {
        do: "open",
        clock,
        maxToKeep: one(1, 2, 3, 5, null),
        hours: one(null, null, 0, 0.01, 0.5, 1),
        name: one("ckpt", "ckpt", "ckpt", "other.x"),
        interval: one(null, null, 10),
        lastStep: one(null, step),
        restore: random() < 0.8,
      };
      const todo = Array.from({ length: one(0, 1, 1, 2, 3, 4) }, (): Save => {
        clock += one(0, 0.001, 1, 60, 1800.5, 3599.9999, 3600, 7200, -10);
        value += 1;
        step += one(0, 1, 9, 10, 11);
        const number = one(null, null, null, value, 3);
        return { do: "save", clock, value, number, step, checkInterval: random() < 0.8 };
      });
      const workers = [python, ours, one<Worker>(python, ours)];
      const answers: Answer[][] = [];
      for (const [at, place] of places.entries()) {
        const worker = workers[at] ?? expect.unreachable();
        const given = [await worker.open(place, open)];
        for (const save of todo) given.push(await worker.save(save));
        answers.push(given);
      }
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
      const [expected, ...others] = places.map(filesIn);
      for (const files of others) expect(files).toEqual(expected);
      saves += answers[0]?.filter(({ saved }) => saved !== null).length ?? 0;
      const state = new Map(Object.entries(expected ?? {})).get("checkpoint");
      if (state !== undefined && random() < 0.2) {
        const changed = one(...ACCIDENTS)(state);
        for (const place of places) writeFileSync(join(place, "checkpoint"), changed);
      }
    }
    expect(saves).toBeGreaterThan(20);
  });
});
