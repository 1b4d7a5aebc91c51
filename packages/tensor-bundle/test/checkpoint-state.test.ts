import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CorruptError, type SourceLike } from "@modelbytes/bytes";
import { TextFormatError } from "@modelbytes/tf-proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CheckpointState, parseCheckpointState, stringifyCheckpointState } from "../src/checkpoint-state.ts";
import { latestCheckpoint } from "../src/latest-checkpoint.ts";
import { FIXTURES } from "./fixtures.ts";

/** What TensorFlow made of a state file. Numbers are as Python prints them. */
interface Outcome {
  readonly state?: {
    readonly modelCheckpointPath: string;
    readonly allModelCheckpointPaths: readonly string[];
    readonly allModelCheckpointTimestamps: readonly string[];
    readonly lastPreservedTimestamp: string;
  };
  readonly written?: string;
  readonly resolved?: { readonly path: string };
  readonly invalid?: string;
  readonly error?: string;
}

const outcomes: [string, Outcome][] = Object.entries(
  JSON.parse(readFileSync(`${FIXTURES}state-files/expected.json`, "utf8")).states,
);

/** Python prints `5.0`, `1e+22` and `inf`. */
function fromPython(repr: string): number {
  return Number(repr.replace("inf", "Infinity").replace("nan", "NaN"));
}

function textOf(name: string): string {
  return readFileSync(`${FIXTURES}state-files/${name}.txt`, "utf8");
}

describe("TensorFlow's outcome for every state file", () => {
  test.each(outcomes.filter(([, { state }]) => state !== undefined))("%s is parsed", (name, { state, written }) => {
    const parsed = parseCheckpointState(textOf(name));
    expect(parsed).toEqual({
      modelCheckpointPath: state?.modelCheckpointPath,
      allModelCheckpointPaths: state?.allModelCheckpointPaths,
      allModelCheckpointTimestamps: state?.allModelCheckpointTimestamps.map(fromPython),
      lastPreservedTimestamp: fromPython(state?.lastPreservedTimestamp ?? ""),
    });
    expect(stringifyCheckpointState(parsed)).toBe(written);
  });

  test.each(outcomes.filter(([, { error }]) => error !== undefined))("%s is refused", async (name) => {
    expect(() => parseCheckpointState(textOf(name), { file: name })).toThrow(TextFormatError);
    expect(await latestCheckpoint(filesOf(textOf(name), []))).toBeUndefined();
  });

  test.each(outcomes.filter(([, { invalid }]) => invalid !== undefined))("%s names nothing", async (name) => {
    await expect(latestCheckpoint(filesOf(textOf(name), []))).rejects.toMatchObject({
      name: "CorruptError",
      code: "checkpoint-state",
    });
  });

  test.each(outcomes.filter(([, { resolved }]) => resolved !== undefined))(
    "%s leads on",
    async (name, { resolved }) => {
      const path = resolved?.path.replace("DIRECTORY/", "") ?? "";
      const files = filesOf(textOf(name), [`${path}.index`]);
      const inside = path.startsWith("/") ? undefined : path;
      expect(await latestCheckpoint(files)).toBe(inside);
    },
  );
});

test("what Python writes for numbers that JavaScript prints another way", () => {
  const state: CheckpointState = {
    modelCheckpointPath: "\u0001é😀\x7f",
    allModelCheckpointPaths: [],
    allModelCheckpointTimestamps: [
      5,
      1e16,
      1.5e-7,
      Infinity,
      -Infinity,
      NaN,
      -0,
      9999999999999998,
      1e22,
      0.0001,
      12e-5,
    ],
    lastPreservedTimestamp: -0,
  };
  const numbers = [
    "5.0",
    "1e+16",
    "1.5e-07",
    "inf",
    "-inf",
    "nan",
    "-0.0",
    "9999999999999998.0",
    "1e+22",
    "0.0001",
    "0.00012",
  ];
  expect(stringifyCheckpointState(state)).toBe(
    [
      'model_checkpoint_path: "\\001é😀\\177"\n',
      ...numbers.map((number) => `all_model_checkpoint_timestamps: ${number}\n`),
      "last_preserved_timestamp: -0.0\n",
    ].join(""),
  );
  expect(parseCheckpointState(stringifyCheckpointState(state))).toEqual(state);
});

describe("latestCheckpoint", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "modelbytes-state-"));
    for (const name of [
      "v2[1]/a.index",
      "v1/old",
      "sharded/m-00000-of-00002",
      "gone/nothing",
      "up/checkpoint",
      "dir/ckpt/x",
    ]) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), "");
    }
    state("v2[1]", "a");
    state("v1", "old");
    state("sharded", "m-?????-of-00002");
    state("gone", "ckpt-1");
    state("up", "../v2[1]/a");
    state("absolute", join(folder, "v1/old"));
    state("dir", "ckpt");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function state(directory: string, path: string): void {
    mkdirSync(join(folder, directory), { recursive: true });
    writeFileSync(join(folder, directory, "checkpoint"), `model_checkpoint_path: ${JSON.stringify(path)}\n`);
  }

  test.each([
    ["v2[1]", "v2[1]/a"],
    ["v2[1]/", "v2[1]/a"],
    ["v1", "v1/old"],
    ["sharded", "sharded/m-?????-of-00002"],
    ["up", "up/../v2[1]/a"],
    ["absolute", "v1/old"],
    ["gone", undefined],
    ["dir", undefined],
    ["missing", undefined],
  ])("a folder on disk: %s", async (directory, expected) => {
    expect(await latestCheckpoint(`${folder}/${directory}`)).toBe(expected && `${folder}/${expected}`);
  });

  test("a file: URL gives a URL", async () => {
    const url = pathToFileURL(`${folder}/v2[1]`);
    const found = await latestCheckpoint(url);
    expect(found).toBe(new URL("a", pathToFileURL(`${folder}/v2[1]/`)).href);
  });

  test("http: an absolute path stays on the server, a query goes with every request", async () => {
    const files = new Map([
      ["/run/checkpoint", 'model_checkpoint_path: "/data/a#b"'],
      ["/data/a%23b.index", "index"],
    ]);
    const asked: string[] = [];
    const answer = async (request: Request) => {
      const { pathname, search } = new URL(request.url);
      asked.push(pathname + search);
      const body = files.get(pathname);
      if (body === undefined) return new Response(null, { status: 404 });
      const headers = { "content-range": `bytes 0-${body.length - 1}/${body.length}` };
      return new Response(body, { status: 206, headers });
    };
    const found = await latestCheckpoint(new URL("https://host/run?token=1"), { fetch: answer });
    expect(found).toBe("https://host/data/a%23b?token=1");
    expect(asked).toEqual(["/run/checkpoint?token=1", "/data/a%23b.index?token=1"]);
  });

  test("dropped files, and another name of the state file", async () => {
    const index = new File([], "ckpt-2.index");
    const latest = new File(['model_checkpoint_path: "ckpt-2"'], "latest");
    expect(await latestCheckpoint([index, latest], { file: "latest" })).toBe("ckpt-2");
    expect(await latestCheckpoint([index, latest])).toBeUndefined();
  });

  test("a path that leads out of dropped files is not there", async () => {
    expect(await latestCheckpoint(filesOf('model_checkpoint_path: "../ckpt-1"', []))).toBeUndefined();
  });

  test("bytes that are no UTF-8, and files too large to be one", async () => {
    const bytes = Uint8Array.of(0x22, 0xff, 0x22);
    await expect(latestCheckpoint(new Map([["checkpoint", bytes]]))).rejects.toThrow(CorruptError);
    const large = new Map<string, SourceLike>([["checkpoint", new Uint8Array(2 ** 24 + 1)]]);
    await expect(latestCheckpoint(large)).rejects.toMatchObject({ code: "checkpoint-state" });
  });

  test("a signal cancels", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(latestCheckpoint(`${folder}/v1`, { signal })).rejects.toThrow("enough");
  });
});

/** A folder in memory with a state file, and empty files. */
function filesOf(state: string, others: readonly string[]): Map<string, Uint8Array> {
  const files = new Map(others.map((name) => [name, new Uint8Array(0)]));
  return files.set("checkpoint", new TextEncoder().encode(state));
}
