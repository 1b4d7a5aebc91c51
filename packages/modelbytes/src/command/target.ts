import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { toWritableFolder, UnsupportedError, type WritableFolder } from "@modelbytes/bytes";
import type { BundleTarget } from "@modelbytes/tensor-bundle";
import { FORMATS, type Format } from "../format.ts";
import { Advice, UsageError } from "./failure.ts";

/** Formats of one file, by how its name ends; the first that fits counts. */
const ENDINGS: readonly (readonly [ending: RegExp, format: FileFormat | "keras-weights-sharded"])[] = [
  [/\.safetensors$/i, "safetensors"],
  [/\.npz$/i, "npz"],
  [/\.weights\.h5$/i, "keras-weights"],
  [/\.weights\.json$/i, "keras-weights-sharded"],
  [/\.(?:h5|hdf5)$/i, "keras-hdf5"],
  [/\.keras$/i, "keras-archive"],
];

/** Formats that are one file. */
type FileFormat = "safetensors" | "npz" | "keras-hdf5" | "keras-hdf5-weights" | "keras-weights" | "keras-archive";

/** Formats that are not written. */
const ONLY_READ: readonly string[] = ["tensor-bundle-v1", "keras-config"];

/** Endings of names that are those of other formats. */
const OTHER_ENDINGS = /\.(?:npy|pb|pbtxt|json|ya?ml|tflite|onnx|pt|pth|bin|pkl|zip|tar|gz)$/i;

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

/** Where a file is to be written. */
export interface FilePlace {
  readonly format: FileFormat | "keras-weights-sharded";
  /** The file, as it was given. */
  readonly path: string;
  readonly to: string;
}

/** Where anything is to be written. */
export type Place = BundlePlace | SavedModelPlace | FilePlace;

/**
 * What OUT names: what its ending says, a SavedModel where it ends in a slash, else a checkpoint; or what `to` says. Throws a
 * `UsageError` for what cannot be written to and for what is there and may not be replaced, an `UnsupportedError` for another format.
 */
export async function targetOf(out: string, options: TargetOptions): Promise<Place> {
  const format = options.to ?? formatOfName(out);
  if (!isFormat(format)) {
    throw new UsageError(`--to ${format} is no format`, `the formats are ${FORMATS.join(", ")}`);
  }
  if (format === "saved-model") return await directoryTarget(out, options);
  if (format === "tensor-bundle") return await bundleTarget(out, options);
  if (format === "tensor-bundle-v1" || format === "keras-config") {
    throw new UnsupportedError("format", `${format} is not written`, { file: out });
  }
  return await fileTarget(out, format, options);
}

function isFormat(text: string): text is Format {
  return FORMATS.some((format) => format === text);
}

function formatOfName(out: string): Format {
  if (/[\\/]$/.test(out)) return "saved-model";
  const found = ENDINGS.find(([ending]) => ending.test(out));
  if (found !== undefined) return found[1];
  const ending = OTHER_ENDINGS.exec(out)?.[0];
  if (ending === undefined) return "tensor-bundle";
  const error = new UnsupportedError("format", `the name asks for a ${ending} file, which is not written`, {
    file: out,
  });
  throw new Advice(
    error,
    `--to FORMAT writes another under any name: ${FORMATS.filter((each) => !ONLY_READ.includes(each)).join(", ")}`,
  );
}

async function fileTarget(out: string, format: FilePlace["format"], { force }: TargetOptions): Promise<FilePlace> {
  const hint = "OUT is the new file, for example model.safetensors";
  if (out === "") throw new UsageError("OUT is empty", hint);
  if (/^https?:\/\//i.test(out)) throw new UsageError(`${out}: only files can be written`, hint);
  const found = await stat(out).catch(() => undefined);
  if (found?.isDirectory() === true) throw new UsageError(`${out} is a directory`, hint);
  if (found !== undefined && force !== true) {
    throw new UsageError(`there is a file already: ${out}`, "--force replaces it, once the new one is whole");
  }
  await mkdir(dirname(out), { recursive: true }).catch(() => undefined); // what is wrong with it, writing will tell
  return { format, path: out, to: out };
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
