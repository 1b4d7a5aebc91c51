// Models of every format among the fixtures, with what Python says of them.

import { readdirSync } from "node:fs";
import { ROOT, read } from "../workspace.ts";
import type { Found } from "./found.ts";

/** A model that the page opens. Paths are from the root. */
export interface Sample {
  readonly format: Found["format"];
  /** What is typed as a URL. */
  readonly url: string;
  /** The files that are chosen. */
  readonly files: readonly string[];
  /** The folder that is chosen, if the model is one, and no other is in it. */
  readonly folder?: string;
  readonly tensors: Found["tensors"];
}

/** What `expected.json` of every fixture may hold. */
interface Expected {
  readonly file?: string;
  readonly prefix?: string;
  readonly kind?: string;
  readonly tensors?: Found["tensors"];
  readonly bundle?: Found["tensors"];
  readonly weights?: Found["tensors"];
}

function expectedOf(fixture: string): Expected {
  return JSON.parse(read(`fixtures/${fixture}/expected.json`));
}

function plain(tensors: Found["tensors"] = {}): Found["tensors"] {
  const entries = Object.entries(tensors);
  return Object.fromEntries(entries.map(([name, { dtype, shape, sha256 }]) => [name, { dtype, shape, sha256 }]));
}

function namesIn(folder: string): string[] {
  return readdirSync(`${ROOT}${folder}`).map((name) => `${folder}/${name}`);
}

function checkpoint(fixture: string): Sample {
  const { prefix = "", tensors } = expectedOf(fixture);
  const files = namesIn(`fixtures/${fixture}`).filter((path) => path.includes(`/${prefix}.`));
  return { format: "tensor-bundle", url: `fixtures/${fixture}/${prefix}`, files, tensors: plain(tensors) };
}

function savedModel(fixture: string): Sample {
  const folder = `fixtures/${fixture}/model`;
  const { bundle } = expectedOf(fixture);
  return { format: "saved-model", url: `${folder}/saved_model.pb`, files: [], folder, tensors: plain(bundle) };
}

/** A model in one file. */
function single(fixture: string, format: string): Sample {
  const { file = "", tensors, weights } = expectedOf(fixture);
  const path = `fixtures/${fixture}/${file}`;
  return { format, url: path, files: [path], tensors: plain(tensors ?? weights) };
}

/** Weights in several files with an index. */
function sharded(fixture: string, format: string): Sample {
  const { file = "", tensors } = expectedOf(fixture);
  const folder = `fixtures/${fixture}`;
  const files = namesIn(folder).filter((path) => !path.endsWith("/expected.json"));
  return { format, url: `${folder}/${file}`, files, tensors: plain(tensors) };
}

function text(path: string): Sample {
  return { format: "keras-config", url: path, files: [path], tensors: {} };
}

/** Every format; all of it is read by our own code. */
export const SAMPLES: readonly Sample[] = [
  ...["demo", "dtypes", "strings", "variants", "partitioned", "snappy", "max-shard-size", "objects-tree"].map((name) =>
    checkpoint(`tensor-bundle/${name}`),
  ),
  ...["keras-3-export", "keras-2-functional", "v1-assets", "sharded", "dtypes"].map((name) =>
    savedModel(`saved-model/${name}`),
  ),
  ...["keras-3-functional-model", "keras-2.12-model", "keras-2.0-theano-model"].map((name) =>
    single(`keras-hdf5/${name}`, "keras-hdf5"),
  ),
  ...["keras-3-functional-weights", "keras-3-dtypes-weights", "keras-3-int8-weights"].map((name) =>
    single(`keras-hdf5/${name}`, "keras-weights"),
  ),
  ...["keras-2.12-legacy-weights", "form-gzip"].map((name) => single(`keras-hdf5/${name}`, "keras-hdf5-weights")),
  sharded("keras-hdf5/keras-3-sharded", "keras-weights-sharded"),
  ...["keras-3-trained", "keras-3-int8", "keras-2.12-functional", "zip-deflated", "zip-zip64"].map((name) =>
    single(`keras-archive/${name}`, "keras-archive"),
  ),
  {
    ...single("keras-archive/keras-3-folder", "keras-archive"),
    files: [],
    folder: "fixtures/keras-archive/keras-3-folder/model",
  },
  text("fixtures/keras-config/texts-keras-3/functional.json"),
  text("fixtures/keras-config/texts-keras-2.12/functional.yaml"),
  ...["demo", "dtypes", "names", "packed"].map((name) => single(`safetensors/${name}`, "safetensors")),
  sharded("safetensors/sharded", "safetensors"),
  ...["demo", "dtypes", "compressed", "strings"].map((name) => single(`npz/${name}`, "npz")),
];
