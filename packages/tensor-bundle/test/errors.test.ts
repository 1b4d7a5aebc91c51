import { readFileSync } from "node:fs";
import { ModelbytesError } from "@modelbytes/bytes";
import { type DType, isDType } from "@modelbytes/tensor";
import { openCheckpoint } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { filesOf } from "./damage.ts";
import { describeTensor, FIXTURES } from "./fixtures.ts";

/** A file of a fixture, edited: bytes at an offset (from the end if negative), cut to a length, replaced or removed. */
interface Edit {
  readonly file: string;
  readonly at?: number;
  readonly hex?: string;
  readonly length?: number;
  readonly content?: string;
  readonly removed?: boolean;
}

interface Case {
  readonly base: string;
  readonly edits: readonly Edit[];
  readonly request: {
    readonly do: string;
    readonly prefix: string;
    readonly name: string | null;
    readonly dtype?: string;
    readonly spec?: string;
  };
  readonly outcome: {
    readonly ok?: boolean;
    readonly error?: string;
    readonly code?: string;
    readonly message?: string;
  };
}

const { cases }: { cases: Record<string, Case> } = JSON.parse(readFileSync(`${FIXTURES}errors.json`, "utf8"));

/**
 * Cases of reading; writing has its own test. Slice specifications are TensorFlow's syntax, of which nothing is parsed here, and
 * files in memory have no directories.
 */
const reading = Object.entries(cases).filter(
  ([name, { request }]) =>
    ["restore", "reader"].includes(request.do) && !name.startsWith("spec-") && name !== "shard-is-directory",
);

/** What TensorFlow refuses though nothing is wrong with the file, or only what it would do with it. */
const TENSORFLOW_CANNOT = [
  "v1-reader-sliced",
  "v1-reader-half",
  "v1-shape",
  "v1-opens-index",
  "slices-dtype",
  "slices-rank-9",
  "whole-slice",
  "variant-unparseable",
  "variant-type-unknown",
];

function edited({ base, edits }: Case): Map<string, Uint8Array<ArrayBuffer>> {
  const files = filesOf(base);
  for (const { file, at, hex, length, content, removed } of edits) {
    const bytes = files.get(file) ?? new Uint8Array(0);
    if (removed === true) files.delete(file);
    else if (content !== undefined) files.set(file, new Uint8Array(Buffer.from(content, "hex")));
    else if (length !== undefined) files.set(file, bytes.slice(0, length));
    else if (at !== undefined) bytes.set(Buffer.from(hex ?? "", "hex"), at < 0 ? bytes.length + at : at);
  }
  return files;
}

async function run(example: Case): Promise<string> {
  const { prefix, name, dtype } = example.request;
  try {
    await using checkpoint = await openCheckpoint(edited(example), { prefix });
    if (name === null) return `lists ${checkpoint.entries.size} tensors`;
    const wanted: { dtype?: DType } = dtype !== undefined && isDType(dtype) ? { dtype } : {};
    const { sha256 } = describeTensor(await checkpoint.read(name, wanted));
    return `reads ${sha256.slice(0, 8)}`;
  } catch (error) {
    if (error instanceof ModelbytesError) return `${error.name} ${error.code}: ${error.message}`;
    if (error instanceof TypeError) return `TypeError: ${error.message}`;
    throw error;
  }
}

const cell = (text: string) => JSON.stringify(text).slice(1, -1).replaceAll("|", "\\|");

describe("every error of TensorFlow's reader", () => {
  test("has its counterpart", async () => {
    const rows: string[] = [];
    for (const [name, example] of reading) {
      const { ok, code, error, message } = example.outcome;
      const theirs = ok === true ? "reads it" : `${code ?? error}: ${message ?? "the process aborts"}`;
      rows.push(`| ${name} | ${cell(theirs.slice(0, 300))} | ${cell((await run(example)).slice(0, 300))} |`);
    }
    const head = "| case | TensorFlow 2.21 | modelbytes |\n|---|---|---|";
    await expect(`${head}\n${rows.join("\n")}\n`).toMatchFileSnapshot("errors.md");
  });

  test.each(reading)(
    "%s: what TensorFlow refuses is refused, or read where TensorFlow cannot",
    async (name, example) => {
      const outcome = await run(example);
      if (example.outcome.ok !== true && !TENSORFLOW_CANNOT.includes(name)) expect(outcome).toMatch(/^(\w+Error)/);
    },
  );
});
