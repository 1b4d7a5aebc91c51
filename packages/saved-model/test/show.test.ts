import { readdirSync, readFileSync } from "node:fs";
import { MemoryFolder, ModelbytesError, NotFoundError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { openSavedModel } from "../src/saved-model.ts";
import { findDangerousOps } from "../src/scan/find-dangerous-ops.ts";
import { showAll } from "../src/show/all.ts";
import { showSignature } from "../src/show/signatures.ts";
import { inOneOrder, type Printed, printed } from "./show-command.ts";

const FIXTURES = new URL("../../../fixtures/saved-model/", import.meta.url);
const NOT_LOADED = " N/A (could not be listed due to unknown reasons)\n";

const names = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(new URL(entry.name, FIXTURES)).includes("cli.json"))
  .map(({ name }) => name);

function commands(name: string): Printed[] {
  return JSON.parse(readFileSync(new URL(`${name}/cli.json`, FIXTURES), "utf8"));
}

function model(name: string) {
  return openSavedModel(new URL(`${name}/model/`, FIXTURES).pathname);
}

describe("what saved_model_cli shows of the fixtures", () => {
  test("there are fixtures", () => expect(names.length).toBeGreaterThan(40));

  test.each(names)("%s", async (name) => {
    const opened = await model(name);
    for (const { arguments: args, status, lines, message } of commands(name)) {
      if (status !== 0) {
        // The command takes no empty set of tags where it trims them.
        expect(message).toBe("tag_set must contain at least one non-empty item.");
        continue;
      }
      const [ours, theirs] = [inOneOrder(printed(opened, args)), inOneOrder(lines.join("\n"))];
      if (needsKeras2(name) && args.includes("--all")) {
        // The environment has no Keras 2, without which TensorFlow cannot load its optimizers; so it shows no functions.
        expect(theirs.endsWith(`\nConcrete Functions:${NOT_LOADED}`)).toBe(true);
        expect(ours.startsWith(`${theirs.slice(0, -NOT_LOADED.length)}\n  Function Name: '__call__'\n`)).toBe(true);
      } else expect(ours).toBe(theirs);
    }
  });
});

function needsKeras2(name: string): boolean {
  return name.startsWith("keras-2-sequential");
}

test("ways to call a function come in the order in which they were traced", async () => {
  const text = showAll(await model("args"));
  const numbers = [...text.matchAll(/Option #(\d+)/g)].map(([, number]) => Number(number));
  expect(numbers.length).toBeGreaterThan(0);
  for (const [at, number] of numbers.entries()) expect([1, (numbers[at - 1] ?? 0) + 1]).toContain(number);
});

test("a signature that is not there", async () => {
  const metaGraph = (await model("multi")).metaGraph();
  expect(() => showSignature(metaGraph, "zz")).toThrow(NotFoundError);
  expect(() => showSignature(metaGraph, "zz")).toThrow(
    /^Could not find signature "zz"\. Please choose from: __saved_model_init_op, /,
  );
});

test("a damaged model is shown or refused with a typed error", async () => {
  const bytes = new Uint8Array(readFileSync(new URL("minimal-function/model/saved_model.pb", FIXTURES)));
  const cut = Array.from(bytes, (_, length) => bytes.slice(0, length));
  const flipped = Array.from(bytes, (byte, at) => bytes.with(at, byte ^ 0xff));
  for (const damaged of [...cut, ...flipped]) {
    const folder = new MemoryFolder();
    folder.files.set("saved_model.pb", new Uint8Array(damaged));
    try {
      const opened = await openSavedModel(folder);
      expect(typeof showAll(opened)).toBe("string");
      expect(opened.metaGraphs.map(findDangerousOps).every(Array.isArray)).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(ModelbytesError);
    }
  }
});
