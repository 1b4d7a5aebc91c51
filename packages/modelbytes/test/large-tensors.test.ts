// Tensors that are not taken into memory as a whole: hashed, saved and compared in pieces, and checked all the same.

import { createHash } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { tensor } from "@modelbytes/tensor";
import { writeBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, onTestFinished, test } from "vitest";
import { modelbytesHere, temporaryDirectory } from "./command.ts";

/** 40 MB: more than are compared at once. */
const SIDE = 3200;
const BYTES = 4 * SIDE * SIDE;

const small = tensor("float32", [2], Float32Array.of(1, 2));

function large(): Float32Array<ArrayBuffer> {
  return new Float32Array(SIDE * SIDE).map((_, at) => at % 1021);
}

async function checkpoint(data: Float32Array<ArrayBuffer>, damagedAt?: number): Promise<string> {
  const folder = await temporaryDirectory(onTestFinished);
  await writeBundle(`${folder}/model`, [
    ["large", tensor("float32", [SIDE, SIDE], data)],
    ["small", small],
  ]);
  if (damagedAt === undefined) return `${folder}/model`;
  const handle = await open(`${folder}/model.data-00000-of-00001`, "r+");
  const { buffer } = await handle.read(new Uint8Array(1), 0, 1, damagedAt);
  await handle.write(Uint8Array.of((buffer[0] ?? 0) ^ 1), 0, 1, damagedAt);
  await handle.close();
  return `${folder}/model`;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("a large tensor", { timeout: 60_000 }, () => {
  test("is hashed and saved", async () => {
    const data = large();
    const path = await checkpoint(data);
    const hash = sha256(new Uint8Array(data.buffer));
    const { code, stdout } = await modelbytesHere("hash", path, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).tensors).toEqual({
      large: { dtype: "float32", shape: [SIDE, SIDE], sha256: hash },
      small: { dtype: "float32", shape: [2], sha256: sha256(new Uint8Array(small.data.buffer)) },
    });
    for (const kind of ["npy", "bin"]) {
      const outcome = await modelbytesHere("read", path, "large", "--out", `${path}.${kind}`);
      expect(outcome).toMatchObject({ code: 0, stderr: "" });
      const saved = await readFile(`${path}.${kind}`);
      expect(sha256(saved.subarray(saved.length - BYTES))).toBe(hash);
      expect(saved.length - BYTES).toBe(kind === "npy" ? 128 : 0);
    }
  });

  test("that is damaged is named, wherever it is read, and the others are hashed", async () => {
    const path = await checkpoint(large(), BYTES - 1);
    const sound = await checkpoint(large());
    const place = `${path}.data-00000-of-00001, byte 0, tensor "large": the ${BYTES} bytes are damaged`;
    const hashed = await modelbytesHere("hash", path);
    expect(hashed).toMatchObject({ code: 1, stderr: expect.stringContaining(place) });
    expect(hashed.stdout).toMatch(/^[0-9a-f]{64} {2}float32\[2\] {2}small\n$/);
    const saved = await modelbytesHere("read", path, "large", "--out", `${path}.npy`);
    expect(saved).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining(place) });
    for (const models of [
      [path, sound],
      [sound, path],
    ]) {
      expect(await modelbytesHere("diff", ...models)).toEqual({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining(place),
      });
    }
  });

  test("is compared element by element, also with one of another dtype", async () => {
    const data = large();
    const path = await checkpoint(data);
    data[0] = 1;
    data[SIDE * SIDE - 1] = -1;
    const changed = await checkpoint(data);
    const { stdout } = await modelbytesHere("diff", path, changed);
    expect(stdout).toContain("changed    large  2 elements");
    const half = `${path}-half`;
    expect(await modelbytesHere("convert", path, half, "--cast", "float32=float16")).toMatchObject({ code: 0 });
    const cast = await modelbytesHere("diff", path, half, "--json");
    expect(JSON.parse(cast.stdout).changed).toMatchObject([
      { name: "large", reason: "dtype" },
      { name: "small", reason: "dtype" },
    ]);
  });
});
