import { NotFoundError } from "@modelbytes/bytes";
import { writeVariablesOf } from "@modelbytes/saved-model";
import type { TensorStreamOptions } from "@modelbytes/tensor";
import { BUNDLE_VERSION, type CheckpointV1, type StoredStream, unplaced, writeBundle } from "@modelbytes/tensor-bundle";
import { type CheckpointModel, checkpointModel } from "../models/checkpoint-model.ts";
import type { SavedModelModel } from "../models/saved-model-model.ts";
import { type Changes, planChanges } from "./changes.ts";
import { checkCopyable, copySavedModel } from "./copy-saved-model.ts";
import { Advice } from "./failure.ts";
import type { Shell } from "./shell.ts";
import type { BundlePlace, SavedModelPlace } from "./target.ts";
import { counted, printable } from "./text.ts";

/** What is to become of the tensors. */
export interface CheckpointChanges {
  readonly changes: Omit<Changes, "variables">;
  /** Data files; by default as many as there are. */
  readonly shards: number | undefined;
}

/** Writes a checkpoint, or the variables of a SavedModel, as one of both: its objects stay, its shards, and every byte that can. */
export async function convertCheckpoint(
  model: CheckpointModel | SavedModelModel,
  target: BundlePlace | SavedModelPlace,
  { changes, shards }: CheckpointChanges,
  shell: Shell,
): Promise<void> {
  const { signal } = shell;
  if (model.format === "saved-model" && target.format === "saved-model") {
    checkCopyable(changes, shards);
    return await copySavedModel(model, target, changes.strip, shell);
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
}

/** The variables of a model, as the checkpoint that they are. Closing the model closes it. */
function checkpointIn(model: CheckpointModel | SavedModelModel): CheckpointModel {
  if (model.format !== "saved-model") return model;
  const { bundle } = model.weights;
  if (bundle !== undefined) return checkpointModel(bundle);
  throw new Advice(
    new NotFoundError("no-variables", "the SavedModel has no variables", { file: model.path }),
    "--to saved-model copies it as it is",
  );
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
