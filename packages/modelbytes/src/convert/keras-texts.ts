// The texts of an architecture, as a `.h5` and a `.keras` have them.
//
//     .h5      model_config     {"class_name", "config"}
//              training_config  {"loss", …, "jit_compile", "optimizer_config"}
//     .keras   config.json      {"module", "class_name", "config", "registered_name", "build_config", "compile_config"}
//              compile_config   {"optimizer", "loss", …, "jit_compile"}

import {
  type Architecture,
  type ExpectedWeights,
  expectedWeights,
  isPyDict,
  migrate,
  type PyDict,
  type PyValue,
  parseArchitecture,
  parseJson,
  stringifyJson,
} from "@modelbytes/keras-config";
import type { ArchitectureTexts } from "./architecture-text.ts";

/** An architecture, its texts, and what it expects of its weights. */
export interface KerasTexts extends ArchitectureTexts {
  readonly architecture: Architecture;
  readonly expected: ExpectedWeights;
}

/** Reads the texts of an architecture. Throws a `CorruptError` for one that is none. */
export function readTexts(texts: ArchitectureTexts, file: string): KerasTexts {
  const { config, training, kerasVersion } = texts;
  const value = withTraining(
    parseJson(config, { file }),
    training === undefined ? undefined : parseJson(training, { file }),
  );
  const architecture = parseArchitecture(value, { ...(kerasVersion !== undefined && { kerasVersion }) });
  return { ...texts, architecture, expected: expectedWeights(architecture) };
}

/** The config of a `.h5` with what its training_config says in the place that a `.keras` has for it. */
function withTraining(config: PyValue, training: PyValue | undefined): PyValue {
  if (!isPyDict(config) || config.has("compile_config") || !isPyDict(training)) return config;
  return new Map([...config, ["compile_config", compileConfigOf(training)]]);
}

/** `training_config` as `compile_config`: the optimizer comes first, under another name. */
function compileConfigOf(training: PyDict): PyDict {
  const rest = [...training].filter(([key]) => key !== "optimizer_config");
  const optimizer = training.get("optimizer_config");
  return new Map(optimizer === undefined ? rest : [["optimizer", optimizer], ...rest]);
}

/** The texts for a `.h5` of the same era. */
export function h5Texts({ config, training }: KerasTexts): { modelConfig: string; trainingConfig: string | undefined } {
  const value = parseJson(config);
  if (!isPyDict(value) || !value.has("compile_config")) return { modelConfig: config, trainingConfig: training };
  const modelConfig = new Map(["class_name", "config"].map((key) => [key, value.get(key) ?? null] as const));
  const compiled = value.get("compile_config");
  const trainingConfig =
    isPyDict(compiled) && compiled.size > 0 ? stringifyJson(trainingConfigOf(compiled)) : undefined;
  return { modelConfig: stringifyJson(modelConfig), trainingConfig };
}

/** `compile_config` as `training_config`: the optimizer comes last. */
function trainingConfigOf(compiled: PyDict): PyDict {
  const rest = [...compiled].filter(([key]) => key !== "optimizer");
  const optimizer = compiled.get("optimizer");
  return new Map(optimizer === undefined ? rest : [...rest, ["optimizer_config", optimizer]]);
}

/** An architecture for Keras 3, as its `config.json`. What changed on the way is in `notes`. */
export interface ArchiveText {
  readonly config: string;
  readonly architecture: Architecture;
  readonly notes: readonly string[];
}

/**
 * The text for a `.keras`: migrated where another Keras wrote it. With `training` how the model is compiled goes with it. Throws an `UnsupportedError` (`"no-equivalent"`) for what Keras 3 cannot express.
 */
export function archiveText({ architecture, config }: KerasTexts, training: boolean): ArchiveText {
  const value = parseJson(config);
  const isWhole = architecture.grammar === "keras-3" && isPyDict(value) && value.has("module");
  if (isWhole && training) return { config, architecture, notes: [] };
  if (isWhole) {
    const left = new Map([...value].filter(([key]) => key !== "compile_config"));
    return { config: stringifyJson(left), architecture: parseArchitecture(left), notes: [] };
  }
  const source = training ? architecture : { ...architecture, compileConfig: undefined };
  const migrated = migrate(source, "keras-3");
  return {
    config: stringifyJson(migrated.config),
    architecture: parseArchitecture(migrated.config),
    notes: migrated.notes.map(({ message }) => message),
  };
}
