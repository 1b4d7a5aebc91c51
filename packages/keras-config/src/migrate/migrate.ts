import { CorruptError } from "@modelbytes/bytes";
import type { Architecture, Grammar, ModelNode } from "../architecture/architecture.ts";
import { checkArchitecture } from "../architecture/order.ts";
import { type ArchitectureOptions, parseArchitecture } from "../architecture/parse.ts";
import { modelShapes } from "../shapes/model-shapes.ts";
import type { Shapes } from "../shapes/shape.ts";
import { isPyDict, type PyDict, type PyValue } from "../value.ts";
import { NEWEST } from "../weights/layer-weights.ts";
import { toKeras2 } from "./keras-3-to-2.ts";
import { newerModel, olderModel } from "./modern.ts";
import { rewriteModel } from "./rewrite.ts";
import { compileConfig3, trainingConfig2, trainingConfig3 } from "./training.ts";
import type { MigrationNote, Verdicts } from "./verdict.ts";
import { writeKeras2 } from "./write-keras-2.ts";
import { type ShapeOf, writeKeras3 } from "./write-keras-3.ts";

/** How to migrate. */
export interface MigrationOptions extends ArchitectureOptions {
  /**
   * Goes on where the new model computes something else than the old one, with a note of it: `hard_sigmoid`, whose slope changed, or
   * an argument that the other Keras does not have. Without it that is refused.
   */
  readonly lossy?: boolean;
  /** The `training_config` of an h5 file, to be migrated too. A `compile_config` in the text is taken without asking. */
  readonly trainingConfig?: PyDict;
}

/** What `migrate` gives. */
export interface Migration {
  /** The text, as `to_json` of the target writes it: write it with `stringifyJson`. */
  readonly config: PyDict;
  /** What the model is compiled with, for the `training_config` of an h5 file of the target; `undefined` if nothing was given. */
  readonly trainingConfig: PyDict | undefined;
  /** What changed that one may want to know. */
  readonly notes: readonly MigrationNote[];
}

/**
 * The same model for another Keras: for 3.15 (`"keras-3"`), or for 2.15 and every other Keras 2 with the same layers (`"keras-2"`).
 * It predicts what it did before, given the same weights; their values and order are not touched by this.
 *
 * @throws UnsupportedError `no-equivalent`, naming the layer, for what the target cannot express.
 * @throws CorruptError `architecture` for a text that no Keras could build.
 */
export function migrate(
  source: Architecture | PyValue,
  target: "keras-2" | "keras-3",
  options: MigrationOptions = {},
): Migration {
  const architecture = isArchitecture(source) ? source : parseArchitecture(source, options);
  const [finding] = checkArchitecture(architecture);
  if (finding !== undefined) throw new CorruptError("architecture", `${finding.path}: ${finding.message}`);
  const verdicts: Verdicts = { lossy: options.lossy ?? false, notes: [] };
  const model = adapted(architecture, target, verdicts);
  const training = options.trainingConfig ?? architecture.compileConfig ?? NOTHING;
  const { notes } = verdicts;
  if (target === "keras-2") {
    const trainingConfig = training.size === 0 ? undefined : trainingFor2(training, architecture.grammar);
    return { config: writeKeras2(model), trainingConfig, notes };
  }
  const config = writeKeras3(model, shapesOf());
  if (training.size === 0) return { config, trainingConfig: undefined, notes };
  const isNew = architecture.grammar === "keras-3" && isCompileConfig3(training);
  const compiled = isNew ? training : compileConfig3(training, verdicts);
  config.set("compile_config", compiled);
  return { config, trainingConfig: trainingConfig3(compiled), notes };
}

const NOTHING: PyDict = new Map();

/** Whether a config says where its optimizer is from, as that of a `.keras` does: a `.h5` does not, even if Keras 3 wrote it. */
function isCompileConfig3(config: PyDict): boolean {
  const optimizer = config.get("optimizer");
  return isPyDict(optimizer) ? optimizer.has("module") : config.has("optimizer");
}

/** That of Keras 1 and 2 is read by every Keras 2. */
function trainingFor2(training: PyDict, grammar: Grammar): PyDict {
  return grammar === "keras-3" ? trainingConfig2(training) : training;
}

function isArchitecture(source: Architecture | PyValue): source is Architecture {
  return typeof source === "object" && source !== null && "grammar" in source;
}

function adapted(architecture: Architecture, target: "keras-2" | "keras-3", verdicts: Verdicts): ModelNode {
  if (target === "keras-3") return newerModel(architecture, verdicts);
  if (architecture.grammar === "keras-3") return rewriteModel(architecture.model, toKeras2(verdicts), (model) => model);
  return olderModel(architecture, verdicts);
}

/** The shapes of the tensors of a model in the terms of Keras 3, each model looked through once. */
function shapesOf(): ShapeOf {
  const known = new Map<ModelNode, ReadonlyMap<string, readonly (Shapes | undefined)[]>>();
  return (model, { layer, call, tensor }) => {
    let outputs = known.get(model);
    if (outputs === undefined) {
      const { layerOutputs } = modelShapes(model, undefined, NEWEST);
      outputs = new Map([...layerOutputs].map(([each, shapes]) => [each.name, shapes]));
      known.set(model, outputs);
    }
    return outputs.get(layer)?.[call]?.[tensor];
  };
}
