import { readdir, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { toWritableFolder, UnsupportedError } from "@modelbytes/bytes";
import type { BundleTarget } from "@modelbytes/tensor-bundle";
import { Advice, UsageError } from "./failure.ts";

/** The one format that is written so far. */
const WRITTEN = "tensor-bundle";

/** All formats, as `--to` takes them. */
const FORMATS: readonly string[] = [
  ...[WRITTEN, "tensor-bundle-v1", "saved-model", "keras-hdf5", "keras-hdf5-weights", "keras-weights"],
  ...["keras-weights-sharded", "keras-archive", "keras-config", "safetensors", "npz"],
];

/** Endings of names that are those of other formats. */
const OTHER_ENDINGS =
  /\.(?:h5|hdf5|keras|safetensors|npz|npy|pb|pbtxt|json|ya?ml|tflite|onnx|pt|pth|bin|pkl|zip|tar|gz)$/i;

/** Where a checkpoint is written, and how. */
export interface TargetOptions {
  /** The format that is asked for; by default what the name says. */
  readonly to?: string | undefined;
  /** Whether a checkpoint that is there may be replaced. */
  readonly force?: boolean | undefined;
}

/** Where a checkpoint is to be written. */
export interface Target {
  readonly prefix: string;
  readonly to: BundleTarget;
}

/**
 * What OUT names. Throws a `UsageError` for what is no prefix and for one where a checkpoint is and may not be replaced, an
 * `UnsupportedError` for another format.
 */
export async function targetOf(out: string, { to, force }: TargetOptions): Promise<Target> {
  checkFormat(out, to);
  checkPrefix(out);
  const directory = dirname(out);
  const prefix = basename(out);
  const found = await stat(out).catch(() => undefined);
  if (found?.isDirectory() === true) {
    throw new UsageError(`${out} is a directory`, `OUT is the prefix of the new checkpoint, for example ${out}/model`);
  }
  if (force !== true && (await holdsBundle(directory, prefix))) {
    throw new UsageError(`there is a checkpoint already: ${out}`, "--force replaces it, once the new one is whole");
  }
  return { prefix: out, to: { folder: toWritableFolder(directory), prefix } };
}

function checkFormat(out: string, to: string | undefined): void {
  if (to !== undefined && !FORMATS.includes(to)) {
    throw new UsageError(`--to ${to} is no format`, `the formats are ${FORMATS.join(", ")}`);
  }
  const ending = to === undefined ? OTHER_ENDINGS.exec(out)?.[0] : undefined;
  if (ending !== undefined) {
    const reason = `the name asks for a ${ending} file; so far only ${WRITTEN} is written`;
    const error = new UnsupportedError("format", reason, { file: out });
    throw new Advice(error, `--to ${WRITTEN} writes one under any name`);
  }
  if (to !== undefined && to !== WRITTEN) {
    throw new UnsupportedError("format", `--to ${to} is not supported; so far only ${WRITTEN} is written`);
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
