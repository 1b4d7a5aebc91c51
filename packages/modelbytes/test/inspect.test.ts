import { rm } from "node:fs/promises";
import { describe, test } from "vitest";
import { copyOf, FIXTURES, fixtures, modelbytes, modelbytesHere, temporaryDirectory } from "./command.ts";

const all = await fixtures();

describe.concurrent("inspect", { timeout: 30_000 }, () => {
  test("prints a headline and a table", async ({ expect }) => {
    expect(await modelbytes("inspect", `${FIXTURES}/golden-mixed/model`)).toEqual({
      code: 0,
      stderr: "",
      stdout: [
        `${FIXTURES}/golden-mixed/model: tensor-bundle, 1 shard, little-endian, version 1, saved by names`,
        "6 tensors, 49 bytes",
        "",
        "name   dtype    shape   bytes",
        "a      int64    []          8",
        "b      float32  [2, 3]     24",
        "e0     float32  [0, 3]      0",
        "e1     string   [0]         4",
        "sub/c  string   [2]         9",
        "z      float32  []          4",
        "",
      ].join("\n"),
    });
  });

  test("prints JSON", async ({ expect }) => {
    const { stdout } = await modelbytes("inspect", `${FIXTURES}/golden-one/model`, "--json");
    expect(JSON.parse(stdout)).toEqual({
      format: "tensor-bundle",
      path: `${FIXTURES}/golden-one/model`,
      tensors: [{ name: "x", dtype: "float32", shape: [1], byteLength: 4 }],
      header: { numShards: 1, endianness: "little", version: { producer: 1, minConsumer: 0, badConsumers: [] } },
      shards: [`${FIXTURES}/golden-one/model.data-00000-of-00001`],
      objectGraph: null,
      problems: [],
    });
  });

  test.for(all)("lists the tensors of %s", async ([name, { format, prefix, tensors }], { expect }) => {
    const { code, stdout } = await modelbytesHere("inspect", `${FIXTURES}/${name}/${prefix}`, "--json");
    const listed = Object.entries(tensors).map(([key, { dtype, shape }]) => ({ name: key, dtype, shape }));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ format, problems: [], tensors: listed });
  });

  test("has the object graph in JSON, and names from it", async ({ expect }) => {
    const { stdout } = await modelbytes(
      "inspect",
      `${FIXTURES}/keras-2-adam-slots/ckpt-1`,
      "--json",
      "--names",
      "full",
    );
    const { objectGraph, tensors } = JSON.parse(stdout);
    expect(objectGraph.nodes[0].children[0]).toEqual({ nodeId: 1, localName: "model" });
    expect(tensors[1]).toMatchObject({
      name: "hidden/bias",
      key: "model/layer_with_weights-0/bias/.ATTRIBUTES/VARIABLE_VALUE",
    });
  });

  test("prints the tree: slots below their variable, each node once", async ({ expect }) => {
    const { stdout } = await modelbytes("inspect", `${FIXTURES}/keras-2-adam-slots/ckpt-1`, "--tree");
    const lines = stdout.split("\n");
    expect(lines.slice(3, 11)).toEqual([
      "(root)",
      "├─ model",
      "│  ├─ layer_with_weights-0",
      "│  │  ├─ kernel  float32 [3, 4]  hidden/kernel",
      "│  │  │  ├─ m (slot of optimizer)  float32 [3, 4]  Adam/hidden/kernel/m",
      "│  │  │  └─ v (slot of optimizer)  float32 [3, 4]  Adam/hidden/kernel/v",
      "│  │  └─ bias  float32 [4]  hidden/bias",
      "│  │     ├─ m (slot of optimizer)  float32 [4]  Adam/hidden/bias/m",
    ]);
    expect(lines).toContain("│  ├─ layer-0 → model/layer_with_weights-0");
    expect(lines.at(-2)).toBe("└─ save_counter  int64 []");
  });

  test("prints the values of tables and iterators in the tree", async ({ expect }) => {
    const { stdout } = await modelbytes("inspect", `${FIXTURES}/objects-states/model`, "--tree");
    expect(stdout.split("\n")).toContain("│  ├─ table-keys  int64 [8, 1]");
    expect(stdout.split("\n")).toContain("│  └─ ITERATOR_STATE  variant [4]");
  });

  test("says that a checkpoint without objects has no tree", async ({ expect }) => {
    const { code, stdout } = await modelbytes("inspect", `${FIXTURES}/saver/model.ckpt-1200`, "--tree");
    expect({ code, last: stdout.trimEnd().split("\n").at(-1) }).toEqual({
      code: 0,
      last: "no object graph: the checkpoint was saved by names",
    });
  });

  test("escapes what a terminal should not get", async ({ expect }) => {
    const { stdout } = await modelbytes("inspect", `${FIXTURES}/names-bytes/model`);
    expect(stdout).toMatch(/^p\\xff\\x00q {2}/m);
  });

  test.for([
    ["a directory", `${FIXTURES}/demo`, "ckpt-3"],
    ["an index", `${FIXTURES}/demo/ckpt-2.index`, "ckpt-2"],
    ["a data file", `${FIXTURES}/demo/ckpt-2.data-00000-of-00001`, "ckpt-2"],
  ])("takes %s for the checkpoint, and says which", async ([, path = "", prefix = ""], { expect }) => {
    const { code, stdout, stderr } = await modelbytes("inspect", path);
    expect(code).toBe(0);
    expect(stdout).toContain(`${FIXTURES}/demo/${prefix}: tensor-bundle`);
    expect(stderr).toBe(`note: reading the checkpoint ${FIXTURES}/demo/${prefix}\n`);
  });

  test("takes a directory without a state file for its only checkpoint", async ({ expect }) => {
    const { code, stderr } = await modelbytes("inspect", `${FIXTURES}/golden-one/`);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `note: reading the checkpoint ${FIXTURES}/golden-one/model\n`,
    });
  });

  test("does not choose among several", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("demo", onTestFinished);
    await rm(`${folder}/checkpoint`);
    const { code, stdout, stderr } = await modelbytes("inspect", folder);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toBe(
      `error: ${folder}: the directory holds 2 checkpoints and no \`checkpoint\` file names the newest: ckpt-2, ckpt-3\n` +
        "hint: give the path of one of them\n",
    );
  });

  test("needs no data file, but says that the object graph is not there", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("demo", onTestFinished);
    await rm(`${folder}/ckpt-3.data-00000-of-00001`);
    const { code, stdout, stderr } = await modelbytes("inspect", `${folder}/ckpt-3`, "--json");
    expect({ code, objectGraph: JSON.parse(stdout).objectGraph }).toEqual({ code: 0, objectGraph: null });
    expect(stderr).toMatch(
      /^note: the object graph cannot be read: .*the data file with the tensor's bytes is missing\n$/,
    );
  });

  test("finds nothing in an empty directory", async ({ expect, onTestFinished }) => {
    const { code, stderr } = await modelbytes("inspect", await temporaryDirectory(onTestFinished));
    expect(code).toBe(3);
    expect(stderr).toContain("there are no files in this directory");
  });
});
