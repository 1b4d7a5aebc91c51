// Pages with a strict content security policy, and Node with the flag that stands for one, refuse to turn texts into code.

import { expect, test } from "vitest";
import { run } from "./command.ts";
import { PUBLIC_PACKAGES, ROOT } from "./workspace.ts";

test.each(PUBLIC_PACKAGES)("$folder loads where code cannot be made from texts", async ({ folder }) => {
  const script = `await import(${JSON.stringify(`${ROOT}packages/${folder}/dist/index.js`)})`;
  const args = ["--disallow-code-generation-from-strings", "--input-type=module", "--eval", script];
  expect(await run(process.execPath, args)).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("the flag does what it is for", async () => {
  const { status, stderr } = await run(process.execPath, [
    "--disallow-code-generation-from-strings",
    "--eval",
    "Function('1')",
  ]);
  expect([status, stderr]).toEqual([1, expect.stringContaining("Code generation from strings disallowed")]);
});
