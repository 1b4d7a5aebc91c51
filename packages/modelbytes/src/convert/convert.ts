import type { SinkLike, WaitOptions, WritableFolderLike } from "@modelbytes/bytes";
import type { ShardedTarget } from "@modelbytes/keras-hdf5";
import type { Progress } from "@modelbytes/tensor";
import type { BundleTarget } from "@modelbytes/tensor-bundle";
import type { Model } from "../open-model.ts";
import { placeNames } from "../place-names.ts";
import { type ArchitectureTexts, textsOf } from "./architecture-text.ts";
import { changed, type TensorChanges } from "./changes.ts";
import type { KerasParts } from "./keras-contents.ts";
import { type KerasTexts, readTexts } from "./keras-texts.ts";
import { checkLosses, type Loss } from "./losses.ts";
import { type NamedTensor, namedTensors } from "./named-tensors.ts";
import { tracked } from "./tracked.ts";

/** Where a model is converted to, and into what. */
export type ConvertTarget =
  | { readonly format: "safetensors" | "npz"; readonly to: SinkLike }
  | { readonly format: "keras-hdf5" | "keras-hdf5-weights" | "keras-weights" | "keras-archive"; readonly to: SinkLike }
  | { readonly format: "keras-weights-sharded"; readonly to: ShardedTarget }
  | { readonly format: "tensor-bundle"; readonly to: BundleTarget }
  | { readonly format: "saved-model"; readonly to: WritableFolderLike };

/** How a model is converted. */
export interface ConvertOptions extends TensorChanges, WaitOptions {
  /** What may be left out. Default: nothing, which refuses to lose anything. */
  readonly strip?: Iterable<Loss> | undefined;
  /** The architecture, for weights that have none with them. */
  readonly architecture?: ArchitectureTexts | undefined;
  /** Data files, of a checkpoint. Default: 1. */
  readonly shards?: number | undefined;
  /** When it was saved, for a `.keras`: local time, as `"2026-11-21@18:00:00"`. */
  readonly dateSaved?: string | undefined;
  /** Called as bytes of tensors are read. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What was written. */
export interface Converted {
  /** Tensors of the new model. */
  readonly tensors: number;
  /** What changed that one may want to know. */
  readonly notes: readonly string[];
}

/**
 * Writes an open model in another format, reading values as they are written. Tensors go by their readable names; in Keras's formats
 * they have the names and the places that the architecture gives them.
 *
 * Throws an `UnsupportedError` for what would be lost (`"loss"`), for a format that needs an architecture where there is none
 * (`"needs-architecture"`), for dtypes that the format cannot hold; whatever reading throws, and a `SourceError` where writing fails.
 * Nothing is left under the final name then.
 */
export async function convertModel(
  model: Model,
  target: ConvertTarget,
  options: ConvertOptions = {},
): Promise<Converted> {
  const { signal } = options;
  const strip = new Set(options.strip ?? []);
  const own = await textsOf(model, { signal });
  const given = own ?? options.architecture;
  const texts = given === undefined ? undefined : readTexts(given, model.path);
  const all = asArchitecture(model, await namedTensors(model, { signal }), texts);
  checkLosses(partsIn(model, all, own === undefined ? undefined : texts), model, target.format, strip);
  const kept = all.filter(({ role }) => role === "model" || !strip.has(role));
  const tensors = changed(tracked(kept, options.onProgress), options);
  const notes = await write({ model, tensors, texts, strip, signal }, target, options);
  return { tensors: tensors.length, notes };
}

/**
 * The tensors as an architecture has them. A `.weights.h5` says little of names; formats of plain names say nothing of roles, but an
 * architecture knows the names of its optimizer's variables.
 */
function asArchitecture(
  model: Model,
  tensors: readonly NamedTensor[],
  texts: KerasTexts | undefined,
): readonly NamedTensor[] {
  if (texts === undefined) return tensors;
  if (model.format === "keras-weights" || model.format === "keras-weights-sharded") {
    const names = placeNames(model.weights.entries, texts.expected);
    return tensors.map((tensor) => ({ ...tensor, name: names.get(tensor.key) ?? tensor.name }));
  }
  const optimizer = texts.expected.optimizer ?? [];
  const names = new Set(optimizer.map(({ name }) => name.replace(/:\d+$/, "")));
  return tensors.map((tensor) =>
    tensor.role === "model" && names.has(tensor.name) ? { ...tensor, role: "optimizer" as const } : tensor,
  );
}

/** What a model has beside its variables. */
function partsIn(model: Model, tensors: readonly NamedTensor[], texts: KerasTexts | undefined): Set<Loss> {
  const parts = new Set<Loss>();
  for (const { role } of tensors) if (role !== "model") parts.add(role);
  if (texts !== undefined) parts.add("architecture");
  if ((texts?.architecture.compileConfig?.size ?? 0) > 0) parts.add("optimizer");
  if (model.format === "saved-model" && model.signatures.size > 0) parts.add("signatures");
  return parts;
}

/** Writes, and gives the notes. Code for a format is loaded when it is written. */
async function write(parts: KerasParts, target: ConvertTarget, options: ConvertOptions): Promise<readonly string[]> {
  switch (target.format) {
    case "safetensors":
      await (await import("./to-arrays.ts")).toSafetensors(target.to, parts);
      return [];
    case "npz":
      await (await import("./to-arrays.ts")).toNpz(target.to, parts);
      return [];
    case "tensor-bundle":
      return await (await import("./to-bundle.ts")).toBundle(target.to, parts, options);
    case "saved-model":
      await (await import("./to-bundle.ts")).toSavedModel(target.to, parts.tensors, options);
      return [];
    case "keras-hdf5":
    case "keras-hdf5-weights":
      await (await import("./to-hdf5.ts")).toH5(target.to, parts, target.format === "keras-hdf5");
      return [];
    case "keras-weights":
      await (await import("./to-hdf5.ts")).toWeights(target.to, parts);
      return [];
    case "keras-weights-sharded":
      await (await import("./to-hdf5.ts")).toShardedWeights(target.to, parts);
      return [];
    case "keras-archive":
      return await (await import("./to-archive.ts")).toArchive(target.to, parts, options);
  }
}
