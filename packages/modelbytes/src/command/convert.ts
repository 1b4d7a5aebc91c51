import { CorruptError, type ModelbytesError, NotFoundError } from "@modelbytes/bytes";
import { DTYPES, type DType, type FloatDType, isDType, isFloat } from "@modelbytes/tensor";
import type { Loss } from "../convert/losses.ts";
import type { CheckpointModel } from "../models/checkpoint-model.ts";
import type { SavedModelModel } from "../models/saved-model-model.ts";
import type { Model } from "../open-model.ts";
import type { Changes } from "./changes.ts";
import { convertAcross, readArchitecture } from "./convert-across.ts";
import { convertCheckpoint } from "./convert-checkpoint.ts";
import { Advice, EXIT, type ExitCode, UsageError } from "./failure.ts";
import { openPath } from "./location.ts";
import { parseGlob, parseRenaming } from "./pattern.ts";
import { openingProblems } from "./problem.ts";
import type { Shell } from "./shell.ts";
import { targetOf } from "./target.ts";

export interface ConvertOptions {
  readonly to?: string;
  readonly rename?: readonly string[];
  readonly only?: readonly string[];
  readonly strip?: readonly Loss[];
  readonly architecture?: string;
  readonly cast?: readonly string[];
  readonly shards?: string;
  readonly force?: true;
}

/** `modelbytes convert IN OUT` */
export async function convert(from: string, out: string, options: ConvertOptions, shell: Shell): Promise<ExitCode> {
  const { strip = [] } = options;
  const changes = { ...changesOf(options), strip: strip.includes("optimizer") };
  const shards = shardsOf(options.shards);
  const target = await targetOf(out, options);
  await using model = await openPath(from, shell);
  try {
    const [problem] = openingProblems(model);
    if (problem !== undefined) throw problem;
    const isKept = options.architecture === undefined && isCheckpointOrSavedModel(model);
    if (isKept && (target.format === "tensor-bundle" || target.format === "saved-model")) {
      await convertCheckpoint(model, target, { changes, shards }, shell);
    } else {
      const architecture =
        options.architecture === undefined ? undefined : await readArchitecture(options.architecture, shell);
      await convertAcross(model, target, { changes, shards, strip, architecture }, shell);
    }
    return EXIT.fine;
  } catch (error) {
    if (!isDamage(error) || !canSalvage(model)) throw error;
    throw new Advice(error, `nothing was written; \`modelbytes salvage ${from} OUT\` saves what is whole`);
  }
}

function isCheckpointOrSavedModel(model: Model): model is CheckpointModel | SavedModelModel {
  return model.format === "saved-model" || model.format === "tensor-bundle" || model.format === "tensor-bundle-v1";
}

function canSalvage({ format }: Model): boolean {
  return format === "tensor-bundle" || format === "saved-model";
}

/** Whether an error says that a checkpoint is not whole. */
function isDamage(error: unknown): error is ModelbytesError {
  return error instanceof CorruptError || (error instanceof NotFoundError && error.code === "shard-missing");
}

function changesOf({ only = [], cast = [], rename = [] }: ConvertOptions): Omit<Changes, "variables" | "strip"> {
  return {
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
