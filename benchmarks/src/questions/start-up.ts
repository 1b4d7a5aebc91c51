// How long does the command take for a small file, from nothing to its end? Each run is a process of its own.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { python } from "../python.ts";
import type { Input, Question, Work } from "../question.ts";

const COMMAND = fileURLToPath(new URL("../../node_modules/modelbytes/bin/modelbytes.js", import.meta.url));
const SAVED_MODEL = fileURLToPath(new URL("../../../fixtures/saved-model/keras-3-export/model", import.meta.url));

const LIST = "visititems(lambda name, object: print(name, object))";
const H5PY = `import sys, h5py; h5py.File(sys.argv[1]).${LIST}`;
const SHOW = "import sys; from tensorflow.python.tools.saved_model_cli import main; sys.exit(main())";

/** A small file of a format. */
interface SmallFile {
  readonly label: string;
  readonly path: string;
  /** What a list of its contents has in it. */
  readonly says: string;
  /** How Python lists them, with the library that the format has there. */
  readonly program: string;
  /** Where that library is, if not beside TensorFlow. */
  readonly environment?: string;
}

const FILES: readonly SmallFile[] = [
  {
    label: "a checkpoint",
    path: "tensor-bundle/demo/ckpt-3",
    says: "_CHECKPOINTABLE_OBJECT_GRAPH",
    program: "import sys, tensorflow as tf; print(tf.train.list_variables(sys.argv[1]))",
  },
  {
    label: "a .h5",
    path: "keras-hdf5/keras-3-functional-model/model.h5",
    says: "conv/kernel",
    program: H5PY,
  },
  {
    label: "a .weights.h5",
    path: "keras-archive/keras-3-folder/model/model.weights.h5",
    says: "layers/embedding/vars/0",
    program: H5PY,
  },
  {
    label: "a .keras",
    path: "keras-archive/keras-3-trained/model.keras",
    says: "layers/batch_normalization/vars/0",
    program: `import sys, zipfile, h5py; h5py.File(zipfile.ZipFile(sys.argv[1]).open("model.weights.h5")).${LIST}`,
  },
  {
    label: "a config.json",
    path: "keras-archive/keras-3-folder/model/config.json",
    says: "embedding",
    program: "import sys, json; print(json.load(open(sys.argv[1])))",
  },
  {
    label: "safetensors",
    path: "safetensors/demo/model.safetensors",
    says: "kernel",
    program: "import sys, safetensors; print(list(safetensors.safe_open(sys.argv[1], 'numpy').keys()))",
    environment: "arrays",
  },
  {
    label: "an .npz",
    path: "npz/demo/arrays.npz",
    says: "dense/kernel",
    program: "import sys, numpy; print([(name, array.shape) for name, array in numpy.load(sys.argv[1]).items()])",
  },
];

function fileOf({ label }: Input): SmallFile {
  const file = FILES.find((each) => each.label === label);
  if (file === undefined) throw new Error(`there is no file for ${label}`);
  return file;
}

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
  inputs: async () =>
    FILES.map(({ label, path }) => ({
      label,
      path: fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url)),
      bytes: 0,
      items: 1,
      judged: true,
    })),
  rows: [
    {
      name: "modelbytes inspect",
      kind: "ours",
      work: async (input) => await inspect(fileOf(input).says)(input),
    },
    {
      name: "Python, the library of the format",
      kind: "rival",
      work: async (input) => {
        const { says, program, environment } = fileOf(input);
        return await command(says, (path) => [python(environment), "-c", program, path])(input);
      },
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
