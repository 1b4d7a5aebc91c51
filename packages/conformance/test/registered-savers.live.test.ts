// Objects whose classes have savers of their own, registered in Python: we write the files that TensorFlow writes for them, and it
// restores ours.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "@modelbytes/tensor";
import {
  type CheckpointNode,
  type CheckpointObject,
  keywords,
  type WriteCheckpointOptions,
  writeCheckpoint,
} from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

const SCRIPT = "fixtures/tensor-bundle/registered_savers.py";

/** A Stack of the script, called `name` in its keys. */
function stack(name: string, ...parts: readonly (readonly number[])[]): CheckpointObject {
  const size = tensor("int64", [], BigInt64Array.of(BigInt(parts.length)));
  return {
    registeredSaver: {
      name: "Example.Stack",
      parts: [
        [`${name}-size`, size],
        ...parts.map(
          (part, at) => [`${name}-part-${at}`, tensor("float32", [part.length], Float32Array.from(part))] as const,
        ),
      ],
    },
  };
}

function counter(name: string, value: number): CheckpointObject {
  const parts = [[`counters/${name}`, tensor("int32", [], Int32Array.of(value))]] as const;
  return { registeredSaver: { name: "Example.Counter", parts } };
}

function variable(value: number): CheckpointObject {
  return { value: tensor("float32", [], Float32Array.of(value)), fullName: "v" };
}

const silent: CheckpointObject = { registeredSaver: { name: "Example.Silent", parts: [] } };
const shared = stack("stacks/0", [1, 2], [3]);

const ROOTS: Readonly<Record<string, CheckpointNode>> = {
  one: keywords({ stack: stack("stack", [1, 2, 3]) }),
  mixed: keywords({
    a: variable(2.5),
    b: new Map<string, CheckpointNode>([
      ["in", counter("b/in", 7)],
      ["x.y", stack("b/x..y", [4], [5, 6])],
      ["w", variable(1.5)],
    ]),
    c: counter("c", 8),
    silent,
    stacks: [shared, stack("stacks/1"), shared],
  }),
  root: stack("", [9]),
};

async function write(to: string, name: string, options: WriteCheckpointOptions = {}): Promise<void> {
  const root = ROOTS[name] ?? [];
  const attached = name === "root" ? { attached: keywords({ root }) } : {}; // so does tf.train.Checkpoint(root)
  await writeCheckpoint(join(to, name), root, { ...attached, ...options });
}

describe.runIf(hasPython())("objects with registered savers", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-savers-"));
  const files = (from: string) =>
    readdirSync(join(folder, from)).map((name) => [name, readFileSync(join(folder, from, name)).toString("hex")]);
  let python = "";

  beforeAll(async () => {
    python = await interpreter("tensorflow-2.21");
    await runPython(python, SCRIPT, "write", folder);
    for (const name of Object.keys(ROOTS)) await write(join(folder, "ours"), name);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("the files are TensorFlow's, byte for byte", () => {
    expect(Object.fromEntries(files("ours"))).toEqual(Object.fromEntries(files("python")));
  });

  test("TensorFlow restores ours, also from another number of data files", async () => {
    const all = Object.fromEntries(Object.keys(ROOTS).map((name) => [name, "ok"]));
    expect(JSON.parse(await runPython(python, SCRIPT, "check", folder))).toEqual(all);
    for (const name of Object.keys(ROOTS)) await write(join(folder, "ours"), name, { shards: 1 });
    expect(files("ours")).toHaveLength(2 * Object.keys(ROOTS).length);
    expect(JSON.parse(await runPython(python, SCRIPT, "check", folder))).toEqual(all);
  });
});
