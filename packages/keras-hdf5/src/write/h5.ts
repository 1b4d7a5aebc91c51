import { sortNames, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5Operation } from "@modelbytes/hdf5";
import { pathIn } from "../path.ts";
import { nameListAttributes, textAttribute } from "./name-list.ts";
import { numberedOperations } from "./numbered.ts";
import { datasetOf, type NamedWeight } from "./values.ts";

/** A layer to be written, also one without weights. */
export interface NewKerasLayer {
  readonly name: string;
  /** In the order in which Keras lists them: what is trained comes first. Default: none. */
  readonly weights?: Iterable<NamedWeight> | undefined;
}

/**
 * What a `.h5` holds, in the model's order. Texts and names are written as they are; `null` stands for what the file is to be
 * without.
 */
export interface KerasH5Contents {
  readonly layers: Iterable<NewKerasLayer>;
  /** Weights of the model itself. Default: none, in a list that is there; files of Keras before 2.7 have no such list: `null`. */
  readonly topLevelWeights?: Iterable<NamedWeight> | null | undefined;
  /** The architecture as JSON, which makes the file a whole model; with `null` it is one without. Absent in files of weights. */
  readonly modelConfig?: string | null | undefined;
  /** Optimizer, losses and metrics as JSON. */
  readonly trainingConfig?: string | undefined;
  /** Of whole models; where there are none, the file has no group for them. */
  readonly optimizerWeights?: Iterable<NamedWeight> | undefined;
  /** The version that wrote the file. Default: 3.15.1. */
  readonly kerasVersion?: string | null | undefined;
  /** Default: tensorflow. */
  readonly backend?: string | null | undefined;
  /** The version beside the weights of a whole model: without it they are taken for those of Keras 1. Default: `kerasVersion`. */
  readonly weightsVersion?: string | null | undefined;
  /** The backend beside the weights of a whole model. Default: `backend`. */
  readonly weightsBackend?: string | null | undefined;
  /** Writes the form of Keras 0.x, which counts layers and weights and knows no names. Default: false. */
  readonly numbered?: boolean | undefined;
  /** Datasets by path that Keras does not read. They are written last. */
  readonly unlisted?: Iterable<NamedWeight> | undefined;
}

/** Whose files these are. */
const KERAS_VERSION = "3.15.1";
const BACKEND = "tensorflow";

/**
 * What Keras does with h5py to write a model, or its weights. Throws a `RangeError` where Keras refuses names: one that is longer
 * than 64,512 bytes, a layer's that is there twice, or has a "/" in it in a file of Keras 3.
 */
export async function* h5Operations(
  contents: KerasH5Contents,
  options: WaitOptions,
): AsyncGenerator<Hdf5Operation, void, undefined> {
  if (contents.numbered === true) yield* numberedOperations(contents.layers, options);
  else yield* namedOperations(contents, options);
  for (const [path, values] of contents.unlisted ?? []) yield await datasetOf(path, values, "create_dataset", options);
}

async function* namedOperations(contents: KerasH5Contents, options: WaitOptions): AsyncGenerator<Hdf5Operation> {
  const { modelConfig, trainingConfig, kerasVersion = KERAS_VERSION, backend = BACKEND } = contents;
  const { weightsVersion = kerasVersion, weightsBackend = backend, optimizerWeights = [] } = contents;
  const isModel = modelConfig !== undefined;
  if (isModel) {
    yield* text("", "keras_version", kerasVersion, "utf-8");
    yield* text("", "backend", backend, "utf-8");
    yield* text("", "model_config", modelConfig, "ascii");
  }
  yield* text("", "training_config", trainingConfig, "ascii");
  if (isModel) {
    yield { kind: "group", path: "model_weights" };
    yield* layersOperations("model_weights", contents, weightsVersion, weightsBackend, options);
  } else yield* layersOperations("", contents, kerasVersion, backend, options);
  const optimizer = [...optimizerWeights];
  if (optimizer.length > 0) yield* listOperations("optimizer_weights", optimizer, options);
  if (isModel) yield { kind: "flush" };
}

async function* layersOperations(
  base: string,
  { layers: given, topLevelWeights = [] }: KerasH5Contents,
  version: string | null,
  backend: string | null,
  options: WaitOptions,
): AsyncGenerator<Hdf5Operation> {
  const layers = new Map<string, NewKerasLayer>();
  for (const layer of given) {
    checkName(layer.name, layers, version ?? "");
    layers.set(layer.name, layer);
  }
  yield* nameListAttributes(base, "layer_names", [...layers.keys()]);
  yield* text(base, "backend", backend, "ascii");
  yield* text(base, "keras_version", version, "ascii");
  for (const name of sortNames(layers.keys())) {
    yield* listOperations(pathIn(base, name), layers.get(name)?.weights ?? [], options);
  }
  if (topLevelWeights !== null) yield* listOperations(pathIn(base, TOP_LEVEL), topLevelWeights, options);
}

const TOP_LEVEL = "top_level_model_weights";

function checkName(name: string, others: ReadonlyMap<string, unknown>, version: string): void {
  if (others.has(name)) {
    throw new RangeError(
      `The name ${JSON.stringify(name)} is used 2 times in the model. All operation names should be unique.`,
    );
  }
  if (!name.includes("/") || !version.startsWith("3.")) return;
  throw new RangeError(
    `Argument \`name\` must be a string and cannot contain character \`/\`. Received: name=${name}; up to Keras 2 it could: \`kerasVersion\``,
  );
}

/** A group with its list of weights, and the weights. */
async function* listOperations(
  path: string,
  weights: Iterable<NamedWeight>,
  options: WaitOptions,
): AsyncGenerator<Hdf5Operation> {
  const list = [...weights];
  const names = list.map(([name]) => name);
  yield { kind: "group", path };
  yield* nameListAttributes(path, "weight_names", names);
  for (const [name, values] of list) yield await datasetOf(pathIn(path, name), values, "create_dataset", options);
}

function text(path: string, name: string, value: string | null | undefined, charset: "ascii" | "utf-8") {
  return value === null || value === undefined ? [] : [textAttribute(path, name, value, charset)];
}
