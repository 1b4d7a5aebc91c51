import { stripDebugInfo, stripTraining, writeSavedModel } from "@modelbytes/saved-model";
import type { SavedModelModel } from "../models/saved-model-model.ts";
import type { Changes } from "./changes.ts";
import { UsageError } from "./failure.ts";
import type { Shell } from "./shell.ts";
import type { SavedModelPlace } from "./target.ts";
import { counted, printable } from "./text.ts";

/** Changes to the graphs of a SavedModel would have to change its functions too: what there is, is stripping. */
export function checkCopyable({ only, cast, rename }: Omit<Changes, "variables">, shards: number | undefined): void {
  const given = [
    only.length > 0 ? "--only" : "",
    cast.size > 0 ? "--cast" : "",
    rename.length > 0 ? "--rename" : "",
    shards === undefined ? "" : "--shards",
  ].find((option) => option !== "");
  if (given === undefined) return;
  throw new UsageError(
    `${given} changes variables, and the graph of a SavedModel would not fit them any more`,
    "--to tensor-bundle writes the variables alone, with any changes",
  );
}

/** Writes a SavedModel to another directory: the same bytes, or without what only training and debugging need. */
export async function copySavedModel(
  { savedModel, weights }: SavedModelModel,
  { to, path }: SavedModelPlace,
  strip: boolean,
  shell: Shell,
): Promise<void> {
  const before = functionsOf(savedModel);
  if (strip) {
    for (const metaGraph of savedModel.metaGraphs) {
      stripTraining(metaGraph);
      stripDebugInfo(metaGraph);
    }
  }
  await writeSavedModel(to, savedModel, { debugInfo: !strip, signal: shell.signal, onProgress: shell.progress() });
  shell.finish();
  const after = functionsOf(savedModel);
  const dropped = before === after ? "" : `, ${counted(before - after, "function")} dropped`;
  const content = `${counted(savedModel.metaGraphs.length, "MetaGraph")}, ${counted(weights.entries.size, "tensor")}${dropped}`;
  shell.print(`${shell.style("green", "wrote")} ${printable(path)}: saved-model, ${content}`);
}

function functionsOf({ metaGraphs }: SavedModelModel["savedModel"]): number {
  return metaGraphs.reduce((sum, { functions }) => sum + functions.size, 0);
}
