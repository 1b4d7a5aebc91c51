import { CorruptError, ModelbytesError } from "@modelbytes/bytes";
import {
  type Architecture,
  type ExpectedWeights,
  expectedWeights,
  isPyDict,
  matchPlaces,
  matchWeights,
  parseArchitecture,
  parseJson,
  type WeightFinding,
  type WeightSpec,
} from "@modelbytes/keras-config";
import type { KerasHdf5Contents, KerasLayer, KerasWeight } from "./contents.ts";
import { parentOf, pathIn } from "./path.ts";
import { layerListProblems } from "./verify-layers.ts";

/** The architecture that a file is compared with, where it has none itself. */
export interface ArchitectureOptions {
  /** As JSON: the `model_config` of a `.h5` file, the `config.json` of a `.keras` file, what `model.to_json()` gives. */
  readonly modelConfig?: string | undefined;
  /** The version of Keras that wrote it, which tells the names and paths. */
  readonly kerasVersion?: string | undefined;
}

/**
 * What a file and its own architecture do not agree on. Nothing for files that have none, and for models of a class of somebody's own,
 * whose layers it does not tell. An architecture that cannot be read is a problem, too.
 */
export function* architectureProblems(
  contents: KerasHdf5Contents,
  { modelConfig, kerasVersion }: ArchitectureOptions,
  file: string,
): Generator<CorruptError> {
  const { kind, layers, entries, optimizerWeights, metadata } = contents;
  const text = modelConfig ?? metadata.modelConfig;
  if (text === undefined) return;
  const expected = expectedOf(text, kerasVersion ?? metadata.kerasVersion, metadata.trainingConfig, file);
  if (expected instanceof CorruptError) yield expected;
  if (expected === undefined || expected instanceof CorruptError) return;
  if (kind === "keras-weights" || kind === "keras-weights-sharded") {
    const found = [...entries].flatMap(([name, { role, shape, dtype }]) =>
      role === "layer" || role === "top-level" ? [{ name, shape, dtype }] : [],
    );
    for (const finding of matchPlaces(expected, found)) {
      const place = finding.found?.name ?? finding.layer;
      yield* problemOf(finding, { file, tensor: place });
    }
  } else {
    yield* layerListProblems(layers, expected.layers, file);
    const paths = new Map(layers.map(({ name, path }) => [name, path]));
    const composed = new Set(layers.filter(isComposed).map(({ name }) => name));
    for (const finding of matchWeights(expected, layers)) {
      if (finding.reason === "order" && composed.has(finding.layer)) continue;
      const path = paths.get(finding.layer) ?? finding.layer;
      yield* problemOf(finding, { file, tensor: finding.found ? pathIn(path, finding.found.name) : path });
    }
  }
  if (expected.optimizer !== undefined && !isSharing(layers) && !FROZEN.test(text)) {
    yield* optimizerProblems(optimizerWeights, expected.optimizer, file);
  }
}

/**
 * Whether a layer has weights of several others. Their order depends on which of these were frozen when, which an architecture does
 * not tell.
 */
function isComposed({ weights }: KerasLayer): boolean {
  return new Set(weights.map(({ name }) => parentOf(name))).size > 1;
}

/** A layer that is frozen: whether the optimizer has variables for it depends on whether it was frozen before. */
const FROZEN = /"trainable": ?false/;

/**
 * Whether a layer is in the model and in a model inside of it: then its variables are stored twice, and the optimizer's are not. An
 * architecture does not tell such a layer from two.
 */
function isSharing(layers: readonly KerasLayer[]): boolean {
  const names = layers.flatMap(({ weights }) => weights.map(({ name }) => name));
  return new Set(names).size < names.length;
}

function expectedOf(
  text: string,
  kerasVersion: string | undefined,
  trainingConfig: string | undefined,
  file: string,
): ExpectedWeights | CorruptError | undefined {
  try {
    const architecture = parseArchitecture(parseJson(text), kerasVersion === undefined ? {} : { kerasVersion });
    if (architecture.model.kind === "subclassed") return undefined;
    return expectedWeights(withOptimizer(architecture, trainingConfig));
  } catch (cause) {
    if (!(cause instanceof ModelbytesError)) throw cause;
    return new CorruptError("model-config", `the configuration cannot be read: ${cause.message}`, { file, cause });
  }
}

/**
 * `.h5` files have the optimizer beside the architecture, in their training configuration. Keras 2.11 to 2.15 call the optimizers of
 * before, of which nothing is known, as those of Keras 3, and their own `Custom>Adam`.
 */
function withOptimizer(architecture: Architecture, trainingConfig: string | undefined): Architecture {
  const training = trainingConfig === undefined ? undefined : parseJson(trainingConfig);
  const optimizer = isPyDict(training) ? training.get("optimizer_config") : undefined;
  if (!isPyDict(optimizer)) return architecture;
  const isOlder =
    /^2\.1[1-5](?:\.|$)/.test(architecture.kerasVersion ?? "") && !`${optimizer.get("class_name")}`.includes(">");
  return isOlder ? architecture : { ...architecture, compileConfig: new Map([["optimizer", optimizer]]) };
}

const CODES: Readonly<Record<WeightFinding["reason"], string | undefined>> = {
  "missing-layer": "missing-layer",
  "extra-layer": "extra-layer",
  "renamed-layer": "renamed-layer",
  "missing-weight": "missing-weight",
  "extra-weight": "extra-weight",
  shape: "weight-shape",
  dtype: "weight-dtype",
  order: "weight-order",
  unknown: undefined,
};

function* problemOf(
  { reason, message }: WeightFinding,
  place: { readonly file: string; readonly tensor: string },
): Generator<CorruptError> {
  const code = CODES[reason];
  if (code !== undefined) yield new CorruptError(code, message, place);
}

/** An optimizer that has not been used yet has none but its scalars: how often it was used, and its learning rate. */
function* optimizerProblems(
  weights: readonly KerasWeight[],
  expected: readonly WeightSpec[],
  file: string,
): Generator<CorruptError> {
  const slot = expected.findIndex(({ shape }) => shape.length > 0);
  const scalars = slot < 0 ? expected.length : slot;
  if (weights.length <= scalars && weights.every(({ shape }) => shape.length === 0)) return;
  if (weights.length !== expected.length) {
    const reason = `the optimizer has ${weights.length} variables, and by its configuration ${expected.length}`;
    yield new CorruptError("optimizer-count", reason, { file, tensor: weights[0]?.key });
    return;
  }
  for (const [index, { key, shape }] of weights.entries()) {
    const { shape: wanted = shape } = expected[index] ?? {};
    if (shape.length === wanted.length && shape.every((size, axis) => size === (wanted[axis] ?? size))) continue;
    const [found, instead] = [shape, wanted].map((sizes) => `[${sizes.map((size) => size ?? "?").join(", ")}]`);
    const reason = `a variable of the optimizer has shape ${found}, and by its configuration ${instead}`;
    yield new CorruptError("optimizer-shape", reason, { file, tensor: key });
  }
}
