import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MemoryFolder, type Sink, SourceError, toWritableFolder, type WritableFolder } from "@modelbytes/bytes";
import { tensor } from "@modelbytes/tensor";
import {
  type BundleTarget,
  CheckpointManager,
  openBundle,
  type Part,
  writeBundle,
  writeCheckpoint,
} from "@modelbytes/tensor-bundle";
import { afterAll, describe, expect, test } from "vitest";

const scratch = mkdtempSync(join(tmpdir(), "modelbytes-writer-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Six tensors, large and small, all of `value`. */
function* parts(value: number): Generator<Part> {
  for (let n = 0; n < 6; n++)
    yield [
      `t${n}`,
      tensor("uint8", [n % 2 === 0 ? 700_000 : 3], new Uint8Array(n % 2 === 0 ? 700_000 : 3).fill(value)),
    ];
}

/** The value that all tensors of the bundle have; `undefined` where there is none. Fails for one that is damaged or mixed. */
async function commonValue(folder: WritableFolder): Promise<number | undefined> {
  const paths: string[] = [];
  for await (const path of folder.list()) paths.push(path);
  if (!paths.includes("model.index")) return undefined;
  await using bundle = await openBundle(folder, { prefix: "model" });
  for await (const problem of bundle.verify()) expect.fail(problem.message);
  const values = new Set<number>();
  for await (const [, { data }] of bundle.stream()) for (const value of data) values.add(Number(value));
  expect(values.size).toBe(1);
  return [...values][0];
}

/** A folder in memory whose `fuse`-th operation fails, and every one after it. */
class FailingFolder extends MemoryFolder {
  fuse = Number.POSITIVE_INFINITY;
  operations = 0;

  override sink(path: string): Sink {
    const sink = super.sink(path);
    return {
      name: sink.name,
      write: async (bytes) => {
        this.#step(path);
        await sink.write(bytes);
      },
      close: async () => {
        this.#step(path);
        await sink.close();
      },
      abort: () => sink.abort(),
    };
  }

  override async remove(path: string): Promise<void> {
    this.#step(path);
    await super.remove(path);
  }

  #step(path: string): void {
    if (++this.operations >= this.fuse) throw new SourceError("write-failed", "no space left", { file: path });
  }
}

describe("a failure at any step", () => {
  test.each([1, 3])("leaves the old bundle, or none: %d data files", async (shards) => {
    const whole = new FailingFolder();
    await writeBundle({ folder: whole, prefix: "model" }, parts(1), { shards });
    const steps = whole.operations;
    const outcomes: (number | undefined)[] = [];
    for (let fuse = 1; fuse <= steps; fuse++) {
      const folder = new FailingFolder();
      await writeBundle({ folder, prefix: "model" }, parts(1), { shards });
      folder.operations = 0;
      folder.fuse = fuse;
      await expect(writeBundle({ folder, prefix: "model" }, parts(2), { shards })).rejects.toThrow(SourceError);
      outcomes.push(await commonValue(folder));
    }
    expect(outcomes).not.toContain(2);
    expect(outcomes.filter((value) => value === 1).length).toBeGreaterThanOrEqual(steps - shards - 2);
  });

  test("an abort in the middle leaves the old bundle and no file of its own", async () => {
    const folder = new MemoryFolder();
    await writeBundle({ folder, prefix: "model" }, parts(1));
    const before = [...folder.files.keys()];
    const controller = new AbortController();
    async function* aborting(): AsyncGenerator<Part> {
      for (const part of parts(2)) {
        if (part[0] === "t3") controller.abort("enough");
        yield part;
      }
    }
    await expect(writeBundle({ folder, prefix: "model" }, aborting(), { signal: controller.signal })).rejects.toBe(
      "enough",
    );
    expect([[...folder.files.keys()], await commonValue(folder)]).toEqual([before, 1]);
  });

  test("a full disk is an error, and the old bundle stays", async ({ skip }) => {
    const path = join(scratch, "full");
    await promisify("mkdir", [path]);
    const mounted = await promisify("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]).then(
      () => true,
      () => false,
    );
    if (!mounted) skip("mounting a small disk needs root; the failing folder above takes the same steps");
    try {
      await writeBundle(join(path, "model"), [["small", tensor("uint8", [10], new Uint8Array(10).fill(1))]]);
      await expect(writeBundle(join(path, "model"), parts(2))).rejects.toThrow(SourceError);
      expect(readdirSync(path).sort()).toEqual(["model.data-00000-of-00001", "model.index"]);
      await using bundle = await openBundle(join(path, "model"));
      expect((await bundle.read("small")).data).toEqual(new Uint8Array(10).fill(1));
    } finally {
      await promisify("umount", [path]);
    }
  });
});

describe("a directory that is not there", () => {
  const names = ["model.data-00000-of-00001", "model.index"];

  test.each<[string, (path: string) => BundleTarget]>([
    ["a path", (path) => `${path}/model`],
    ["a URL", (path) => pathToFileURL(`${path}/model`)],
    ["a folder", (path) => ({ folder: toWritableFolder(path), prefix: "model" })],
  ])("is made for %s", async (kind, target) => {
    const path = join(scratch, `made ${kind}`, "deep");
    await writeBundle(target(path), parts(1));
    expect(readdirSync(path).sort()).toEqual(names);
    await writeCheckpoint(target(join(path, "er")), { value: tensor("uint8", [], Uint8Array.of(1)) });
    expect(readdirSync(join(path, "er")).sort()).toEqual(names);
  });

  test("is made for a prefix with a folder in it, and for a manager", async () => {
    const folder = toWritableFolder(join(scratch, "inside"));
    await writeBundle({ folder, prefix: "variables/model" }, parts(1));
    expect(readdirSync(join(scratch, "inside/variables")).sort()).toEqual(names);
    const manager = await CheckpointManager.open(join(scratch, "managed", "deep"));
    await manager.saveParts(parts(1));
    expect(readdirSync(join(scratch, "managed/deep")).sort()).toEqual([
      "checkpoint",
      ...names.map((name) => name.replace("model", "ckpt-1")),
    ]);
  });

  test.each([1, 3])("goes again where the tensors fail, and where one was it stays: %d data files", async (shards) => {
    function* failing(): Generator<Part> {
      yield* parts(1);
      throw new RangeError("enough");
    }
    const outer = mkdtempSync(join(scratch, "empty-"));
    await expect(writeBundle(join(outer, "new/deep/model"), failing(), { shards })).rejects.toThrow("enough");
    await expect(writeBundle(join(outer, "model"), failing(), { shards })).rejects.toThrow("enough");
    expect(readdirSync(outer)).toEqual([]);
  });
});

test("another number of shards: the stale data files go", async () => {
  const folder = new MemoryFolder();
  folder.files.set("model.data-00000-of-00001.txt", new Uint8Array(1));
  folder.files.set("model-2.data-00000-of-00009", new Uint8Array(1));
  await writeBundle({ folder, prefix: "model" }, parts(1), { shards: 3 });
  await writeBundle({ folder, prefix: "model" }, parts(2), { shards: 2 });
  expect([...folder.files.keys()].sort()).toEqual([
    "model-2.data-00000-of-00009",
    "model.data-00000-of-00001.txt",
    "model.data-00000-of-00002",
    "model.data-00001-of-00002",
    "model.index",
  ]);
});

test("kill -9 at any moment leaves the old bundle, the new one or none, never a mixture", async () => {
  const program = `
    import { openBundle, writeBundle } from "@modelbytes/tensor-bundle";
    const part = (value) => Array.from({ length: 40 }, (_, n) => ["t" + n, { dtype: "uint8", shape: [200000], data: new Uint8Array(200000).fill(value) }]);
    process.stdout.write("ready");
    for (let value = 1; ; value = (value % 250) + 1) await writeBundle(process.argv[1] + "/model", part(value));
  `;
  for (let round = 0; round < 8; round++) {
    const path = mkdtempSync(join(scratch, "kill-"));
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, path], {
      cwd: new URL("..", import.meta.url),
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, 60 + 17 * round));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    const index = readdirSync(path).includes("model.index");
    if (!index) continue;
    await using bundle = await openBundle(`${path}/model`);
    for await (const problem of bundle.verify()) expect.fail(problem.message);
    const values = new Set<number>();
    for await (const [, { data }] of bundle.stream()) values.add(Number(data[0]));
    expect(values.size).toBe(1);
  }
}, 30_000);

function promisify(command: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, args, (error) => (error === null ? resolve() : reject(error)));
  });
}
