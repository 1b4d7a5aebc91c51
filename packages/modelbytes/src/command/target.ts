import { readdir, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { toWritableFolder, UnsupportedError, type WritableFolder } from "@modelbytes/bytes";
import type { BundleTarget } from "@modelbytes/tensor-bundle";
import { Advice, UsageError } from "./failure.ts";

/** The formats that are written so far. */
const WRITTEN = "tensor-bundle and saved-model";

/** All formats, as `--to` takes them. */
const FORMATS: readonly string[] = [
  ...["tensor-bundle", "tensor-bundle-v1", "saved-model", "keras-hdf5", "keras-hdf5-weights", "keras-weights"],
  ...["keras-weights-sharded", "keras-archive", "keras-config", "safetensors", "npz"],
];

/** Endings of names that are those of other formats. */
const OTHER_ENDINGS =
  /\.(?:h5|hdf5|keras|safetensors|npz|npy|pb|pbtxt|json|ya?ml|tflite|onnx|pt|pth|bin|pkl|zip|tar|gz)$/i;

/** Where something is written, and how. */
export interface TargetOptions {
  /** The format that is asked for; by default what the name says. */
  readonly to?: string | undefined;
  /** Whether what is there may be replaced. */
  readonly force?: boolean | undefined;
}

/** Where a checkpoint is to be written. */
export interface BundlePlace {
  readonly format: "tensor-bundle";
  /** The prefix, as it was given. */
  readonly path: string;
  readonly to: BundleTarget;
}

/** Where a SavedModel is to be written. */
export interface SavedModelPlace {
  readonly format: "saved-model";
  /** The directory, as it was given. */
  readonly path: string;
  readonly to: WritableFolder;
}

/**
 * What OUT names: a SavedModel where it ends in a slash or `to` says so, else a checkpoint. Throws a `UsageError` for what cannot be
 * written to and for what is there and may not be replaced, an `UnsupportedError` for another format.
 */
export async function targetOf(out: string, options: TargetOptions): Promise<BundlePlace | SavedModelPlace> {
  const { to = /[\\/]$/.test(out) ? "saved-model" : undefined } = options;
  checkFormat(out, to);
  return to === "saved-model" ? await directoryTarget(out, options) : await bundleTarget(out, options);
}

/** The prefix of a checkpoint. Throws a `UsageError` for what is none, and for one where a checkpoint is and may not be replaced. */
export async function bundleTarget(out: string, { force }: TargetOptions): Promise<BundlePlace> {
  checkPrefix(out);
  const directory = dirname(out);
  const prefix = basename(out);
  const found = await stat(out).catch(() => undefined);
  if (found?.isDirectory() === true) {
    const hint = `OUT is the prefix of the new checkpoint, for example ${out}/model; --to saved-model writes to a directory`;
    throw new UsageError(`${out} is a directory`, hint);
  }
  if (force !== true && (await holdsBundle(directory, prefix))) {
    throw new UsageError(`there is a checkpoint already: ${out}`, "--force replaces it, once the new one is whole");
  }
  return { format: "tensor-bundle", path: out, to: { folder: toWritableFolder(directory), prefix } };
}

async function directoryTarget(out: string, { force }: TargetOptions): Promise<SavedModelPlace> {
  const hint = "OUT is the directory of the new SavedModel, for example export/1";
  if (out === "") throw new UsageError("OUT is empty", hint);
  if (/^https?:\/\//i.test(out)) throw new UsageError(`${out}: only files can be written`, hint);
  const found = await stat(out).catch(() => undefined);
  if (found?.isDirectory() === false) throw new UsageError(`${out} is a file`, hint);
  const names = await readdir(out).catch((): string[] => []); // what is wrong with it, writing will tell
  if (force !== true && names.length > 0) {
    const kept = "--force replaces a SavedModel that is there, once the new one is whole; other files stay";
    throw new UsageError(`the directory ${out} is not empty`, kept);
  }
  return { format: "saved-model", path: out.replace(/(?<=.)[\\/]+$/, ""), to: toWritableFolder(out) };
}

function checkFormat(out: string, to: string | undefined): void {
  if (to !== undefined && !FORMATS.includes(to)) {
    throw new UsageError(`--to ${to} is no format`, `the formats are ${FORMATS.join(", ")}`);
  }
  const ending = to === undefined ? OTHER_ENDINGS.exec(out)?.[0] : undefined;
  if (ending !== undefined) {
    const reason = `the name asks for a ${ending} file; so far only ${WRITTEN} are written`;
    const error = new UnsupportedError("format", reason, { file: out });
    throw new Advice(error, "--to tensor-bundle and --to saved-model write these under any name");
  }
  if (to !== undefined && to !== "tensor-bundle" && to !== "saved-model") {
    throw new UnsupportedError("format", `--to ${to} is not supported; so far only ${WRITTEN} are written`);
  }
}

function checkPrefix(out: string): void {
  const hint = "OUT is the prefix of the new checkpoint, for example ckpt/model-3";
  if (out === "") throw new UsageError("OUT is empty", hint);
  if (/^https?:\/\//i.test(out)) throw new UsageError(`${out}: only files can be written`, hint);
  if (/[\\/]\.{0,2}$|^\.{1,2}$/.test(out)) throw new UsageError(`${out} names a directory`, hint);
  if (/\.(?:index|data-\d{5,}-of-\d{5,})$/.test(out)) {
    throw new UsageError(
      `${out} names a file of a checkpoint`,
      `OUT is its prefix, here ${out.replace(/\.[^.]*$/, "")}`,
    );
  }
}

/** Whether there is a checkpoint with this prefix, or something of one that writing would remove. */
async function holdsBundle(directory: string, prefix: string): Promise<boolean> {
  const names = await readdir(directory).catch((): string[] => []); // what is wrong with it, writing will tell
  return names.some((name) => {
    return name.startsWith(prefix) && /^\.(?:index|data-\d{5,}-of-\d{5,})$/.test(name.slice(prefix.length));
  });
}
