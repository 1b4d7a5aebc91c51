// How long does the command take for a small file, from nothing to its end? Each run is a process of its own.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { python } from "../python.ts";
import type { Input, Question, Work } from "../question.ts";

const COMMAND = fileURLToPath(new URL("../../node_modules/modelbytes/bin/modelbytes.js", import.meta.url));
const MODEL = fileURLToPath(new URL("../../../fixtures/keras-hdf5/keras-3-functional-model/model.h5", import.meta.url));
const SAVED_MODEL = fileURLToPath(new URL("../../../fixtures/saved-model/keras-3-export/model", import.meta.url));

const LIST = "import sys, h5py; h5py.File(sys.argv[1]).visititems(lambda name, object: print(name, object))";
const SHOW = "import sys; from tensorflow.python.tools.saved_model_cli import main; sys.exit(main())";

/** Runs a command to its end; `says` has to be in what it prints. */
function command(says: string, wordsOf: (path: string) => [string, ...string[]]): (input: Input) => Promise<Work> {
  return async ({ path }) => {
    const [program, ...words] = wordsOf(path);
    return {
      elsewhere: true,
      run: async () => {
        const { stdout } = await promisify(execFile)(program, words);
        if (!stdout.includes(says)) throw new Error(`the command says ${stdout}`);
      },
    };
  };
}

const node = command("", () => [process.execPath, "--eval", "0"]);
const inspect = (says: string) => command(says, (path) => [process.execPath, COMMAND, "inspect", path]);

export const startUp: Question = {
  name: "start-up",
  title: "Inspect a small model from the command line",
  unit: "times",
  inputs: async () => [{ label: "a small .h5", path: MODEL, bytes: 0, items: 1, judged: true }],
  rows: [
    { name: "modelbytes inspect", kind: "ours", work: inspect("conv/kernel") },
    {
      name: "Python, import h5py",
      kind: "rival",
      work: command("conv/kernel", (path) => [python(), "-c", LIST, path]),
    },
    { name: "node, nothing", kind: "floor", work: node },
  ],
  bars: [{ row: "modelbytes inspect", within: 0.15 }],
};

export const startUpGraph: Question = {
  name: "start-up-graph",
  title: "Inspect a small SavedModel from the command line",
  unit: "times",
  inputs: async () => [{ label: "a small SavedModel", path: SAVED_MODEL, bytes: 0, items: 1, judged: true }],
  rows: [
    { name: "modelbytes inspect", kind: "ours", work: inspect("serving_default") },
    {
      name: "saved_model_cli show",
      kind: "rival",
      work: command("serving_default", (path) => [python(), "-c", SHOW, "show", "--all", "--dir", path]),
    },
    { name: "node, nothing", kind: "floor", work: node },
  ],
  bars: [{ row: "modelbytes inspect", within: 0.15 }],
};
