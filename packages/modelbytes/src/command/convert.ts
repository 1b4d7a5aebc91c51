import { CorruptError, type ModelbytesError, NotFoundError, UnsupportedError } from "@modelbytes/bytes";
import { writeVariablesOf } from "@modelbytes/saved-model";
import { DTYPES, type DType, type FloatDType, isDType, isFloat, type TensorStreamOptions } from "@modelbytes/tensor";
import { BUNDLE_VERSION, type CheckpointV1, type StoredStream, unplaced, writeBundle } from "@modelbytes/tensor-bundle";
import { type CheckpointModel, checkpointModel } from "../models/checkpoint-model.ts";
import type { Model } from "../open-model.ts";
import { type Changes, planChanges } from "./changes.ts";
import { checkCopyable, copySavedModel } from "./copy-saved-model.ts";
import { Advice, EXIT, type ExitCode, UsageError } from "./failure.ts";
import { openPath } from "./location.ts";
import { parseGlob, parseRenaming } from "./pattern.ts";
import { openingProblems } from "./problem.ts";
import type { Shell } from "./shell.ts";
import { targetOf } from "./target.ts";
import { counted, printable } from "./text.ts";

export interface ConvertOptions {
  readonly to?: string;
  readonly rename?: readonly string[];
  readonly only?: readonly string[];
  readonly strip?: "optimizer";
  readonly cast?: readonly string[];
  readonly shards?: string;
  readonly force?: true;
}

/** `modelbytes convert IN OUT`: so far between checkpoints, of either version, and SavedModels. */
export async function convert(from: string, out: string, options: ConvertOptions, shell: Shell): Promise<ExitCode> {
  const changes = changesOf(options);
  const shards = shardsOf(options.shards);
  const target = await targetOf(out, options);
  const { signal } = shell;
  await using model = await openPath(from, shell);
  try {
    const [problem] = openingProblems(model);
    if (problem !== undefined) throw problem;
    if (model.format === "saved-model" && target.format === "saved-model") {
      checkCopyable(changes, shards);
      await copySavedModel(model, target, changes.strip, shell);
      return EXIT.fine;
    }
    const checkpoint = checkpointIn(model);
    const stream = streamOf(checkpoint, { signal, onProgress: shell.progress() });
    const names = changes.only.length > 0 ? await model.names(shell) : new Map<string, string>();
    const wanted = { ...changes, variables: target.format === "saved-model" };
    const plan = await planChanges(wanted, checkpoint, names, stream.layout, shell);
    for (const note of plan.notes) shell.note(note);
    const changed = plan.apply(stream);
    const last = shards === undefined ? changed : unplaced(changed);
    const writing = { shards, signal };
    const { bytes } =
      target.format === "saved-model"
        ? await writeVariablesOf(target.to, last, writing)
        : await writeBundle(target.to, last, writing);
    shell.finish();
    const files = counted(shards ?? stream.layout.header.numShards, "shard");
    const format = target.format === "saved-model" ? `${target.format}, ` : "";
    const content = `${format}${counted(plan.tensors, "tensor")}, ${counted(bytes, "byte")}, ${files}`;
    shell.print(`${shell.style("green", "wrote")} ${printable(target.path)}: ${content}`);
    return EXIT.fine;
  } catch (error) {
    if (!isDamage(error) || model.format === "tensor-bundle-v1") throw error;
    throw new Advice(error, `nothing was written; \`modelbytes salvage ${from} OUT\` saves what is whole`);
  }
}

/** The variables of a model, as the checkpoint that they are. Closing the model closes it. */
function checkpointIn(model: Model): CheckpointModel {
  if (model.format === "tensor-bundle" || model.format === "tensor-bundle-v1") return model;
  if (model.format !== "saved-model") {
    throw new UnsupportedError("format", `${model.format} is not converted so far`, { file: model.path });
  }
  const { bundle } = model.weights;
  if (bundle !== undefined) return checkpointModel(bundle);
  throw new Advice(
    new NotFoundError("no-variables", "the SavedModel has no variables", { file: model.path }),
    "--to saved-model copies it as it is",
  );
}

/** Whether an error says that a checkpoint is not whole. */
function isDamage(error: unknown): error is ModelbytesError {
  return error instanceof CorruptError || (error instanceof NotFoundError && error.code === "shard-missing");
}

function changesOf({ strip, only = [], cast = [], rename = [] }: ConvertOptions): Omit<Changes, "variables"> {
  return {
    strip: strip !== undefined,
    only: only.map(parseGlob),
    cast: castsOf(cast),
    rename: rename.map(parseRenaming),
  };
}

function castsOf(casts: readonly string[]): Map<DType, FloatDType> {
  const result = new Map<DType, FloatDType>();
  for (const text of casts) {
    const [from, to, ...more] = text.split("=");
    if (to === undefined || more.length > 0) {
      throw new UsageError(`--cast takes FROM=TO, not ${JSON.stringify(text)}`, "--cast float32=bfloat16");
    }
    const [source, target] = [floatOf(from), floatOf(to)];
    if (result.has(source)) throw new UsageError(`--cast is given twice for ${source}`);
    result.set(source, target);
  }
  return result;
}

function floatOf(text = ""): FloatDType {
  if (isDType(text) && isFloat(text)) return text;
  const floats = Object.keys(DTYPES).filter((dtype) => isDType(dtype) && isFloat(dtype));
  throw new UsageError(`--cast: ${JSON.stringify(text)} is no dtype of floats`, `these are: ${floats.join(", ")}`);
}

/** More data files than any checkpoint has; beyond, the numbers in their names grow. */
const MOST_SHARDS = 99_999;

function shardsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const shards = /^\d+$/.test(text) ? Number(text) : 0;
  if (shards >= 1 && shards <= MOST_SHARDS) return shards;
  throw new UsageError(`--shards takes a number from 1 to ${MOST_SHARDS}, not ${JSON.stringify(text)}`);
}

function streamOf({ weights }: CheckpointModel, options: TensorStreamOptions): StoredStream {
  return weights.format === "tensor-bundle" ? weights.stream(options) : streamOfV1(weights, options);
}

/** The tensors of a V1 checkpoint, to be stored in one data file. */
function streamOfV1(weights: CheckpointV1, options: TensorStreamOptions): StoredStream {
  const version = { producer: BUNDLE_VERSION, minConsumer: 0, badConsumers: [] };
  return {
    layout: {
      header: { numShards: 1, bigEndian: false, version },
      partitioned: new Map(),
      shardSizes: async () => [],
    },
    parts: () => weights.stream(options),
  };
}
