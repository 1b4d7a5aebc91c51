import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromNumbers, type Tensor, tensor } from "@modelbytes/tensor";
import { writeBundle } from "@modelbytes/tensor-bundle";
import { diffModels, openModel } from "modelbytes";
import { describe, expect, type TestContext, test } from "vitest";
import { FIXTURES, modelbytes, modelbytesHere, temporaryDirectory } from "./command.ts";

type Finished = TestContext["onTestFinished"];

async function checkpoint(tensors: Readonly<Record<string, Tensor>>, finished: Finished): Promise<string> {
  const path = join(await temporaryDirectory(finished), "model");
  await writeBundle(path, Object.entries(tensors));
  return path;
}

const floats = (...numbers: number[]) => fromNumbers("float32", [numbers.length], numbers);

describe("diff", () => {
  test("finds nothing between a file and itself, and exits with 0", async () => {
    const path = "fixtures/keras-hdf5/keras-3-functional-model/model.h5";
    expect(await modelbytesHere("diff", path, path)).toEqual({ code: 0, stdout: "equal: 109 tensors\n", stderr: "" });
  });

  test("says what changed between two steps of a training", async () => {
    const { code, stdout } = await modelbytes(
      "diff",
      `${FIXTURES}/demo/ckpt-2`,
      `${FIXTURES}/demo/ckpt-3`,
      "--names",
      "full",
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^changed {4}classifier\/hidden\/kernel {2}[\d,]+ elements, by at most [\d.]+ or [\d.]+ %$/m,
    );
    expect(stdout).toMatch(/^2 tensors the same, 25 changed, 0 only in A, 0 only in B$/m);
  });

  test("tells names, shapes, dtypes and values apart", async ({ onTestFinished }) => {
    const a = await checkpoint(
      {
        bits: floats(0),
        dtype: floats(1, 2),
        gone: floats(),
        same: floats(1),
        shape: floats(1, 2),
        values: floats(1, 2, 4),
      },
      onTestFinished,
    );
    const b = await checkpoint(
      {
        bits: floats(-0),
        dtype: fromNumbers("bfloat16", [2], [1, 2.5]),
        new: floats(),
        same: floats(1),
        shape: fromNumbers("float32", [2, 1], [1, 2]),
        values: floats(1, Number.NaN, 5),
      },
      onTestFinished,
    );
    const { code, stdout } = await modelbytesHere("diff", a, b, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      equal: false,
      onlyInA: ["gone"],
      onlyInB: ["new"],
      changed: [
        {
          name: "bits",
          reason: "values",
          dtypes: ["float32", "float32"],
          shapes: [[1], [1]],
          elements: 1,
          maxAbsDiff: 0,
          maxRelDiff: 0,
        },
        {
          name: "dtype",
          reason: "dtype",
          dtypes: ["float32", "bfloat16"],
          shapes: [[2], [2]],
          elements: 1,
          maxAbsDiff: 0.5,
          maxRelDiff: 0.2,
        },
        {
          name: "shape",
          reason: "shape",
          dtypes: ["float32", "float32"],
          shapes: [[2], [2, 1]],
          elements: null,
          maxAbsDiff: null,
          maxRelDiff: null,
        },
        {
          name: "values",
          reason: "values",
          dtypes: ["float32", "float32"],
          shapes: [[3], [3]],
          elements: 2,
          maxAbsDiff: null,
          maxRelDiff: 0.2,
        },
      ],
    });
    const tolerant = JSON.parse((await modelbytesHere("diff", a, b, "--json", "--tolerance", "1")).stdout);
    expect(tolerant.changed.map(({ name }: { name: string }) => name)).toEqual(["dtype", "shape", "values"]);
  });

  test("finds a change in a large tensor, which is read in parts", async ({ onTestFinished }) => {
    const rows = 100_000; // of 1 KiB
    const data = new Float32Array(rows * 256);
    const a = await checkpoint({ large: tensor("float32", [rows, 256], data) }, onTestFinished);
    const changed = data.slice();
    for (const row of [0, 40_000, rows - 1]) changed[row * 256 + 7] = row + 1;
    const b = await checkpoint({ large: tensor("float32", [rows, 256], changed) }, onTestFinished);
    await using one = await openModel(a);
    await using other = await openModel(b);
    let most = 0;
    const found = await diffModels(one, other, {
      onProgress: ({ bytes, total }) => (most = Math.max(most, bytes / total)),
    });
    expect(found.changed).toMatchObject([{ name: "large", difference: { elements: 3, maxAbsDiff: rows } }]);
    expect(most).toBe(1);
  });

  test.for([
    ["no tolerance", ["--tolerance", "much"], 2],
    ["a file that is no model", [], 4],
  ] as const)("refuses %s", async ([, options, expected], { onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    await writeFile(join(folder, "x.png"), "\u0089PNG\r\n\u001a\n", "latin1");
    const { code, stdout } = await modelbytesHere("diff", `${FIXTURES}/demo/ckpt-2`, join(folder, "x.png"), ...options);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
  });

  test("does not compare what is damaged", async ({ onTestFinished }) => {
    const path = await checkpoint({ x: floats(1, 2) }, onTestFinished);
    const bytes = new Uint8Array(8);
    await writeFile(`${path}.data-00000-of-00001`, bytes);
    const { code, stderr } = await modelbytesHere("diff", path, path);
    expect(code).toBe(1);
    expect(stderr).toContain('tensor "x"');
  });
});
