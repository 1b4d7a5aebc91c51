import { createHash } from "node:crypto";
import { truncate } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { copyOf, FIXTURES, fixtures, modelbytes } from "./command.ts";

const all = await fixtures();

describe.concurrent("hash", { timeout: 30_000 }, () => {
  test.for(all)("gives for %s the hashes of Python TensorFlow", async ([name, expected], { expect }) => {
    const { code, stdout, stderr } = await modelbytes("hash", `${FIXTURES}/${name}/${expected.prefix}`, "--json");
    const readable = Object.entries(expected.tensors).filter(([, { sha256 }]) => sha256 !== undefined);
    const tensors = readable.map(([key, { dtype, shape, sha256 }]) => [key, { dtype, shape, sha256 }]);
    expect(JSON.parse(stdout)).toEqual({ format: expected.format, tensors: Object.fromEntries(tensors) });
    const isWhole = readable.length === Object.keys(expected.tensors).length;
    expect({ code, isQuiet: stderr === "" }).toEqual({ code: isWhole ? 0 : 1, isQuiet: isWhole });
  });

  test("prints a line for each tensor, in the order of the file", async ({ expect }) => {
    const { code, stdout, stderr } = await modelbytes("hash", `${FIXTURES}/golden-mixed/model`);
    const one = createHash("sha256")
      .update(new Uint8Array(Float32Array.of(1.5).buffer))
      .digest("hex");
    const lines = stdout.split("\n");
    expect(lines.map((line) => line.split("  ").slice(1).join(" "))).toEqual([
      "int64[] a",
      "float32[2, 3] b",
      "float32[0, 3] e0",
      "string[0] e1",
      "string[2] sub/c",
      "float32[] z",
      "",
    ]);
    expect(lines[5]).toBe(`${one}  float32[]  z`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("goes on after a tensor that cannot be read, and says so", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("golden-mixed", onTestFinished);
    await truncate(`${folder}/model.data-00000-of-00001`, 40); // a and b come before that, and e0 has no bytes
    const { code, stdout, stderr } = await modelbytes("hash", `${folder}/model`, "--json");
    expect(code).toBe(1);
    expect(Object.keys(JSON.parse(stdout).tensors)).toEqual(["a", "b", "e0"]);
    expect(stderr.trimEnd().split("\n")).toHaveLength(3);
    expect(stderr).toContain(
      `error: ${folder}/model.data-00000-of-00001, byte 41, tensor "z": the data file is cut short`,
    );
  });
});

test("there are fixtures of both formats", () => {
  const formats = all.map(([, { format }]) => format);
  expect(formats.filter((format) => format === "tensor-bundle").length).toBeGreaterThan(40);
  expect(formats.filter((format) => format === "tensor-bundle-v1").length).toBeGreaterThan(3);
});
