import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test as property } from "@fast-check/vitest";
import { CorruptError, MemoryFolder, type Sink, SourceError } from "@modelbytes/bytes";
import { type Tensor, tensor } from "@modelbytes/tensor";
import { openBundle } from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CheckpointManager, type CheckpointManagerOptions } from "../src/checkpoint-manager.ts";
import { parseCheckpointState } from "../src/checkpoint-state.ts";

const START = 1795197432.775886;

/** A manager, and a clock that stands still unless it is set. */
async function open(folder: MemoryFolder, options: CheckpointManagerOptions = {}, start = START) {
  const clock = { time: start };
  const manager = await CheckpointManager.open(folder, { now: () => clock.time, ...options });
  const saveAfter = async (seconds: number, save: Parameters<CheckpointManager["save"]>[1] = {}) => {
    clock.time += seconds;
    return await manager.save({ children: { value: int(clock.time) } }, save);
  };
  return { manager, saveAfter };
}

function int(value: number): Tensor {
  return tensor("int64", [], BigInt64Array.of(BigInt(Math.round(value))));
}

function stateOf(folder: MemoryFolder): string {
  return new TextDecoder().decode(folder.files.get("checkpoint"));
}

function setState(folder: MemoryFolder, text: string): void {
  folder.files.set("checkpoint", new TextEncoder().encode(text));
}

function checkpointsIn(folder: MemoryFolder): string[] {
  return [...folder.files.keys()].filter((name) => name.endsWith(".index")).map((name) => name.slice(0, -6));
}

describe("a new directory", () => {
  test("numbered checkpoints, and the state file of Python", async () => {
    const folder = new MemoryFolder();
    const { manager, saveAfter } = await open(folder, { maxToKeep: 2 });
    expect([manager.latestCheckpoint, manager.checkpoints, manager.saveCounter]).toEqual([undefined, [], 0]);
    expect([await saveAfter(1), await saveAfter(0.25), await saveAfter(1)]).toEqual(["ckpt-1", "ckpt-2", "ckpt-3"]);
    expect([manager.latestCheckpoint, manager.checkpoints]).toEqual(["ckpt-3", ["ckpt-2", "ckpt-3"]]);
    expect(stateOf(folder)).toBe(
      [
        'model_checkpoint_path: "ckpt-3"\n',
        'all_model_checkpoint_paths: "ckpt-2"\n',
        'all_model_checkpoint_paths: "ckpt-3"\n',
        "all_model_checkpoint_timestamps: 1795197434.025886\n",
        "all_model_checkpoint_timestamps: 1795197435.025886\n",
        "last_preserved_timestamp: 1795197431.775886\n",
      ].join(""),
    );
    expect([...folder.files.keys()].sort()).toEqual([
      "checkpoint",
      "ckpt-2.data-00000-of-00001",
      "ckpt-2.index",
      "ckpt-3.data-00000-of-00001",
      "ckpt-3.index",
    ]);
  });

  test("each checkpoint holds its save_counter, behind what is attached to the root", async () => {
    const folder = new MemoryFolder();
    const { manager } = await open(folder);
    for (const step of [10, 20])
      await manager.save([int(1)], { attached: { step: int(step) }, checkpointNumber: step });
    expect(manager.checkpoints).toEqual(["ckpt-10", "ckpt-20"]);
    await using bundle = await openBundle(folder, { prefix: "ckpt-20" });
    const graph = await bundle.objectGraph();
    expect(graph?.nodes[0]?.children.map(({ localName }) => localName)).toEqual(["0", "step", "save_counter"]);
    const { data } = await bundle.read("save_counter/.ATTRIBUTES/VARIABLE_VALUE", { dtype: "int64" });
    expect(data).toEqual(BigInt64Array.of(2n));
  });

  test("tensors without objects, in several files, which go all together", async () => {
    const folder = new MemoryFolder();
    const { manager } = await open(folder, { maxToKeep: 1, checkpointName: "model.ckpt" });
    for (const value of [1, 2]) await manager.saveParts(Object.entries({ a: int(value), b: int(3) }), { shards: 2 });
    const names = ["checkpoint", "model.ckpt-2.data-00000-of-00002", "model.ckpt-2.data-00001-of-00002"];
    expect([...folder.files.keys()].sort()).toEqual([...names, "model.ckpt-2.index"]);
  });

  test("saves that overlap come one after another", async () => {
    const folder = new MemoryFolder();
    const { saveAfter } = await open(folder, { maxToKeep: 1 });
    expect(await Promise.all([1, 1, 1].map((seconds) => saveAfter(seconds)))).toEqual(["ckpt-1", "ckpt-2", "ckpt-3"]);
    expect(checkpointsIn(folder)).toEqual(["ckpt-3"]);
  });

  test("a number that was used before moves to the end", async () => {
    const { manager, saveAfter } = await open(new MemoryFolder(), { maxToKeep: 2 });
    for (const checkpointNumber of [1, 2, 1, 3]) await saveAfter(1, { checkpointNumber });
    expect(manager.checkpoints).toEqual(["ckpt-1", "ckpt-3"]);
  });
});

describe("preserved checkpoints", () => {
  test("one an hour stays, and no longer counts", async () => {
    const folder = new MemoryFolder();
    const { manager, saveAfter } = await open(folder, { maxToKeep: 1, keepCheckpointEveryNHours: 1 });
    for (let save = 0; save < 8; save++) await saveAfter(1200);
    expect(manager.checkpoints).toEqual(["ckpt-8"]);
    expect(checkpointsIn(folder)).toEqual(["ckpt-3", "ckpt-6", "ckpt-8"]);
    expect(parseCheckpointState(stateOf(folder)).lastPreservedTimestamp).toBe(START + 6 * 1200);
  });

  property.prop([
    fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 15 }),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom(undefined, 0, 0.5, 1),
    fc.integer({ min: 1, max: 15 }),
  ])("stay, whoever goes on; never are more than maxToKeep managed", async (pauses, maxToKeep, hours, restart) => {
    const run = async (every: number) => {
      const folder = new MemoryFolder();
      const options = { maxToKeep, keepCheckpointEveryNHours: hours };
      let time = START;
      let current = await open(folder, options, time);
      for (const [at, pause] of pauses.entries()) {
        if (at % every === every - 1) current = await open(folder, options, time);
        time += pause + 1;
        await current.saveAfter(pause + 1);
        const { checkpoints, latestCheckpoint } = current.manager;
        expect(checkpoints.length).toBeLessThanOrEqual(maxToKeep);
        expect(checkpoints.at(-1)).toBe(latestCheckpoint);
        expect(checkpointsIn(folder)).toEqual(expect.arrayContaining(checkpoints));
      }
      return folder.files;
    };
    expect(await run(restart)).toEqual(await run(Number.POSITIVE_INFINITY));
  });
});

describe("a directory that somebody else left", () => {
  test("without times nothing is managed, so nothing old goes", async () => {
    const folder = new MemoryFolder();
    const { saveAfter } = await open(folder);
    for (let save = 0; save < 3; save++) await saveAfter(1);
    setState(folder, 'model_checkpoint_path: "ckpt-3"\nall_model_checkpoint_paths: ["ckpt-1", "ckpt-2", "ckpt-3"]\n');
    const second = await open(folder, { maxToKeep: 1 });
    expect([second.manager.checkpoints, second.manager.latestCheckpoint]).toEqual([[], "ckpt-3"]);
    expect(await second.saveAfter(1)).toBe("ckpt-4");
    expect(checkpointsIn(folder)).toEqual(["ckpt-1", "ckpt-2", "ckpt-3", "ckpt-4"]);
    expect(parseCheckpointState(stateOf(folder)).allModelCheckpointPaths).toEqual(["ckpt-4"]);
    expect(stateOf(folder)).not.toContain("last_preserved");
  });

  test("a clock that was set back: times in the future are now", async () => {
    const folder = new MemoryFolder();
    const { saveAfter } = await open(folder);
    await saveAfter(5000);
    const second = await open(folder, { maxToKeep: 5 }, START + 1);
    await second.saveAfter(1);
    expect(parseCheckpointState(stateOf(folder))).toMatchObject({
      allModelCheckpointPaths: ["ckpt-1", "ckpt-2"],
      allModelCheckpointTimestamps: [START + 1, START + 2],
      lastPreservedTimestamp: START - 1,
    });
    const third = await open(folder, { maxToKeep: 1 }, START - 5000);
    expect(third.manager.checkpoints).toEqual([]);
  });

  test("paths are written without detours; what lies outside is never deleted", async () => {
    const folder = new MemoryFolder();
    folder.files.set("ckpt-1.index", new Uint8Array(0));
    const times = [1, 2, 3, 4].map((second) => `all_model_checkpoint_timestamps: ${START - second}\n`).join("");
    const paths = ["./ckpt-1", "../elsewhere/a", "/elsewhere/b", "a/..//c"];
    const all = paths.map((path) => `all_model_checkpoint_paths: "${path}"\n`).join("");
    setState(folder, `model_checkpoint_path: "./ckpt-1"\n${all}${times}last_preserved_timestamp: 1\n`);
    const { manager, saveAfter } = await open(folder, { maxToKeep: 4, saveCounter: 0 });
    expect(manager.latestCheckpoint).toBe("./ckpt-1");
    await saveAfter(1, { checkpointNumber: 9 });
    const state = parseCheckpointState(stateOf(folder));
    expect(state.allModelCheckpointPaths).toEqual(["../elsewhere/a", "/elsewhere/b", "c", "ckpt-9"]);
    expect(checkpointsIn(folder)).toEqual(["ckpt-9"]);
    const next = await open(folder, { maxToKeep: 1 });
    await next.saveAfter(2);
    expect(next.manager.checkpoints).toHaveLength(1);
  });

  test("a state file that is none is as if it were not there, one that names nothing is refused", async () => {
    const folder = new MemoryFolder();
    setState(folder, 'best_checkpoint: "x"\n');
    expect((await open(folder)).manager.latestCheckpoint).toBeUndefined();
    setState(folder, 'all_model_checkpoint_paths: "x"\n');
    await expect(open(folder)).rejects.toThrow(CorruptError);
  });

  test.each<[string, string, number | undefined, number]>([
    ["the newest checkpoint's save_counter", "ckpt-7", undefined, 1],
    ["the number of a checkpoint that is gone", "ckpt-41", undefined, 41],
    ["nothing, for another name", "model-41", undefined, 0],
    ["nothing, for another place", "../ckpt-41", undefined, 0],
    ["what the caller says", "ckpt-7", 100, 100],
  ])("counts on from %s", async (_, path, saveCounter, expected) => {
    const folder = new MemoryFolder();
    await (await open(folder)).saveAfter(1, { checkpointNumber: 7 });
    setState(folder, `model_checkpoint_path: "${path}"\n`);
    const { manager } = await open(folder, { saveCounter });
    expect(manager.saveCounter).toBe(expected);
  });

  test("counts on from the name of a checkpoint without objects", async () => {
    const folder = new MemoryFolder();
    await (await open(folder)).manager.saveParts([["a", int(1)]], { checkpointNumber: 12 });
    expect((await open(folder)).manager.saveCounter).toBe(12);
  });

  test("a newest checkpoint that is damaged is told, unless the caller knows the counter", async () => {
    const folder = new MemoryFolder();
    await (await open(folder)).saveAfter(1);
    folder.files.set("ckpt-1.index", new Uint8Array(60));
    await expect(open(folder)).rejects.toThrow(CorruptError);
    expect((await open(folder, { saveCounter: 1 })).manager.checkpoints).toEqual(["ckpt-1"]);
  });
});

describe("an interval", () => {
  test("saves that come too early do nothing", async () => {
    const { saveAfter } = await open(new MemoryFolder(), { checkpointInterval: 10 });
    const steps = [0, 5, 10, 10, 12, 19, 20];
    const saved = [];
    for (const step of steps) saved.push(await saveAfter(1, { step }));
    expect(saved).toEqual(["ckpt-1", undefined, "ckpt-2", undefined, undefined, undefined, "ckpt-3"]);
  });

  test("need not be kept; the same step is never saved twice", async () => {
    const { saveAfter } = await open(new MemoryFolder(), { checkpointInterval: 10, lastCheckpointStep: 4 });
    expect(await saveAfter(1, { step: 4, checkInterval: false })).toBeUndefined();
    expect(await saveAfter(1, { step: 5, checkInterval: false })).toBe("ckpt-1");
  });

  test("needs the step", async () => {
    const { saveAfter } = await open(new MemoryFolder(), { checkpointInterval: 10 });
    await expect(saveAfter(1)).rejects.toThrow(TypeError);
  });
});

test.each([0, -1, 1.5, Number.NaN])("maxToKeep %d is refused", async (maxToKeep) => {
  await expect(CheckpointManager.open(new MemoryFolder(), { maxToKeep })).rejects.toThrow(RangeError);
});

describe("trouble", () => {
  /** A folder whose sinks fail for some files. */
  class FailingFolder extends MemoryFolder {
    fails = (_path: string): boolean => false;

    override sink(path: string): Sink {
      const sink = super.sink(path);
      if (!this.fails(path)) return sink;
      const fail = () => Promise.reject(new SourceError("write-failed", "no space left", { file: path }));
      return { ...sink, write: fail, close: fail };
    }
  }

  test("a checkpoint that cannot be written leaves the directory as it was, and the manager usable", async () => {
    const folder = new FailingFolder();
    const { manager, saveAfter } = await open(folder, { maxToKeep: 1 });
    await saveAfter(1);
    const before = new Map(folder.files);
    folder.fails = (path) => path.startsWith("ckpt-2");
    await expect(saveAfter(1)).rejects.toThrow("no space left");
    expect(folder.files).toEqual(before);
    expect([manager.latestCheckpoint, manager.checkpoints]).toEqual(["ckpt-1", ["ckpt-1"]]);
    expect(await saveAfter(1)).toBe("ckpt-3");
    expect(checkpointsIn(folder)).toEqual(["ckpt-3"]);
  });

  test("where the state file cannot be written nothing is deleted; the next save makes up for it", async () => {
    const folder = new FailingFolder();
    const { saveAfter } = await open(folder, { maxToKeep: 1 });
    await saveAfter(1);
    folder.fails = (path) => path === "checkpoint";
    await expect(saveAfter(1)).rejects.toThrow("no space left");
    expect(checkpointsIn(folder)).toEqual(["ckpt-1", "ckpt-2"]);
    folder.fails = () => false;
    await saveAfter(1);
    expect(checkpointsIn(folder)).toEqual(["ckpt-3"]);
  });
});

describe("on a disk", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "modelbytes-manager-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("absolute paths into the directory are relative ones; nothing temporary stays", async () => {
    const state = `"${folder}/ckpt-1"\nall_model_checkpoint_timestamps: 5\nlast_preserved_timestamp: 1\n`;
    writeFileSync(join(folder, "checkpoint"), `model_checkpoint_path: "x" all_model_checkpoint_paths: ${state}`);
    writeFileSync(join(folder, "ckpt-1.index"), "");
    const manager = await CheckpointManager.open(folder, { maxToKeep: 1, saveCounter: 1 });
    expect(manager.checkpoints).toEqual(["ckpt-1"]);
    const before = Date.now() / 1000;
    await manager.save({ children: { value: int(1) } });
    expect(existsSync(join(folder, "ckpt-1.index"))).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(["checkpoint", "ckpt-2.data-00000-of-00001", "ckpt-2.index"]);
    const [time = 0] = parseCheckpointState(
      readFileSync(join(folder, "checkpoint"), "utf8"),
    ).allModelCheckpointTimestamps;
    expect(time).toBeGreaterThanOrEqual(before);
  });
});
