// `show` and `scan` of random SavedModels in all forms, and the text of random arguments, against Python's saved_model_cli.
// MODELBYTES_SEEDS=100:200 takes other models, MODELBYTES_ARGUMENTS=7:20000 another seed and number of arguments.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeMessage } from "@modelbytes/tf-proto";
import { StructuredValue } from "@modelbytes/tf-proto/messages";
import { afterAll, describe, expect, test } from "vitest";
import { openSavedModel } from "../../saved-model/src/saved-model.ts";
import { positionalText } from "../../saved-model/src/show/arguments.ts";
import { inOneOrder, printed } from "../../saved-model/test/show-command.ts";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_SEEDS = "0:10", MODELBYTES_ARGUMENTS = "3:3000" } = process.env;
const JUDGE = "fixtures/saved-model/show_judge.py";

/** What a command printed. */
interface Judged {
  readonly arguments: readonly string[];
  readonly status: number;
  readonly stdout: string;
}

const folder = mkdtempSync(join(tmpdir(), "modelbytes-show-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.runIf(hasPython())("saved_model_cli", () => {
  test("shows random models as we do", async () => {
    const python = await interpreter("tensorflow-2.21");
    await runPython(python, "fixtures/saved-model/random_models.py", MODELBYTES_SEEDS, folder);
    const models: Record<string, Judged[]> = JSON.parse(await runPython(python, JUDGE, "models", folder));
    expect(Object.keys(models).length).toBeGreaterThan(0);
    for (const [name, commands] of Object.entries(models)) {
      const model = await openSavedModel(join(folder, name));
      for (const { arguments: args, status, stdout } of commands) {
        expect(status).toBe(0);
        expect(inOneOrder(printed(model, args)), `${name}: ${args.join(" ")}`).toBe(inOneOrder(stdout));
      }
    }
  });

  test("prints random arguments as we do", async () => {
    const python = await interpreter("tensorflow-2.21");
    const cases: [string, string][] = JSON.parse(await runPython(python, JUDGE, "arguments", MODELBYTES_ARGUMENTS));
    expect(cases.length).toBeGreaterThan(0);
    for (const [hex, text] of cases) {
      const value = decodeMessage(StructuredValue, Buffer.from(hex, "hex"));
      expect(positionalText([value]), hex).toBe(text);
    }
  });
});
