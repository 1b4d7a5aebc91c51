import { ModelbytesError, NotFoundError, UnsupportedError } from "@modelbytes/bytes";
import { type ArchitectureTexts, textsOf } from "../convert/architecture-text.ts";
import { convertModel } from "../convert/convert.ts";
import { readTexts } from "../convert/keras-texts.ts";
import type { Loss } from "../convert/losses.ts";
import { type NamedTensor, namedTensors } from "../convert/named-tensors.ts";
import type { Model } from "../open-model.ts";
import type { Changes } from "./changes.ts";
import { Advice, UsageError } from "./failure.ts";
import { openPath } from "./location.ts";
import type { Glob, Renaming } from "./pattern.ts";
import type { Shell } from "./shell.ts";
import { suggestions } from "./suggest.ts";
import type { Place } from "./target.ts";
import { counted, printable } from "./text.ts";

/** What is to become of a model on its way into another format. */
export interface AcrossChanges {
  readonly changes: Pick<Changes, "only" | "cast" | "rename">;
  readonly shards: number | undefined;
  readonly strip: readonly Loss[];
  readonly architecture: ArchitectureTexts | undefined;
}

/** Writes a model in another format, or a Keras model, safetensors or arrays in their own. */
export async function convertAcross(model: Model, target: Place, options: AcrossChanges, shell: Shell): Promise<void> {
  const { changes, shards, strip, architecture } = options;
  const { only, cast, rename } = changes;
  const isKeras = target.format.startsWith("keras-");
  if (isKeras && rename.length > 0) {
    throw new UsageError(
      "--rename changes names that the architecture has too",
      "--to safetensors or tensor-bundle take any names",
    );
  }
  if (shards !== undefined && isFile(target)) throw new UsageError(`--shards: ${target.format} is one file`);
  const { signal } = shell;
  if (architecture !== undefined && (await textsOf(model, shell)) !== undefined) {
    throw new UsageError(`${model.path} has an architecture of its own`, "--architecture is for weights without one");
  }
  if (only.length + rename.length > 0) checkPatterns(await namedTensors(model, { signal }), changes, model);
  const choosing = {
    only: only.length === 0 ? undefined : (tensor: NamedTensor) => only.some((glob) => isNamed(tensor, glob)),
    rename: rename.length === 0 ? undefined : (name: string) => renamed(name, rename) ?? name,
  };
  const format =
    target.format === "keras-hdf5" && !(await hasArchitecture(model, architecture, strip, shell))
      ? "keras-hdf5-weights"
      : undefined;
  const place = format === undefined ? target : ({ format, to: target.path } as const);
  const onProgress = shell.progress();
  const date = new Date();
  const dateSaved = `${[date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-")}@${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
  const converting = { ...choosing, cast, strip, architecture, shards, dateSaved, signal, onProgress };
  const { tensors, notes } = await convertModel(model, place, converting).catch((error: unknown) => {
    throw advised(error, architecture !== undefined);
  });
  shell.finish();
  for (const note of notes) shell.note(note);
  shell.print(
    `${shell.style("green", "wrote")} ${printable(target.path)}: ${place.format}, ${counted(tensors, "tensor")}`,
  );
}

/** The architecture in a file of any format that has one. Throws a `CorruptError` for one that cannot be read. */
export async function readArchitecture(path: string, shell: Shell): Promise<ArchitectureTexts> {
  await using model = await openPath(path, shell);
  const texts = await textsOf(model, shell);
  if (texts !== undefined) {
    readTexts(texts, model.path); // what is wrong with it is wrong with this file, and not with that of the weights
    return texts;
  }
  throw new NotFoundError("no-architecture", "there is no architecture of Keras in it", { file: model.path });
}

function isFile({ format }: Place): boolean {
  return format !== "tensor-bundle" && format !== "saved-model";
}

/** Whether there is an architecture to go into a `.h5`, which is a file of weights otherwise. */
async function hasArchitecture(
  model: Model,
  given: ArchitectureTexts | undefined,
  strip: readonly Loss[],
  shell: Shell,
): Promise<boolean> {
  if (strip.includes("architecture")) return false;
  return given !== undefined || (await textsOf(model, shell)) !== undefined;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** Throws a `NotFoundError` for a pattern that matches nothing. */
function checkPatterns(tensors: readonly NamedTensor[], changes: AcrossChanges["changes"], model: Model): void {
  const { only, rename } = changes;
  const names = tensors.map(({ name }) => name);
  for (const glob of only) if (!tensors.some((tensor) => isNamed(tensor, glob))) throw unmatched(glob, names, model);
  for (const renaming of rename) {
    if (!names.some((name) => renamed(name, [renaming]) !== undefined)) throw unmatched(renaming, names, model);
  }
}

function isNamed({ name, key }: NamedTensor, { matches }: Glob): boolean {
  return matches(name) || matches(key);
}

/** The name that the first renaming gives. */
function renamed(name: string, rename: readonly Renaming[]): string | undefined {
  for (const { apply } of rename) {
    const found = apply(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unmatched({ source }: { readonly source: string }, names: readonly string[], { path }: Model): Advice {
  const near = suggestions(source.replace(/=.*$/s, ""), names);
  const absence = new NotFoundError("no-tensor", `no tensor matches ${source}`, { file: path });
  return new Advice(
    absence,
    near.length === 0 ? "`modelbytes inspect --names full` lists the names" : `did you mean ${near.join(", ")}?`,
  );
}

/** Codes of tensors that are not those of an architecture. */
const MISFITS: readonly string[] = ["no-tensor", "no-place", "shape"];

/** What to do about what stands in the way of a conversion. */
function advised(error: unknown, hasArchitecture: boolean): unknown {
  if (error instanceof RangeError) return new UsageError(error.message);
  if (hasArchitecture && error instanceof ModelbytesError && MISFITS.includes(error.code)) {
    return new Advice(error, "`modelbytes verify` with the same --architecture names all that does not fit");
  }
  if (!(error instanceof UnsupportedError)) return error;
  if (error.code === "loss") return new Advice(error, "`--strip WHAT`, once for each, says what may be lost");
  if (error.code === "needs-architecture") {
    return new Advice(
      error,
      "`--architecture FILE` takes it from a .keras, a whole .h5, a SavedModel of Keras 2, JSON or YAML",
    );
  }
  return error;
}
