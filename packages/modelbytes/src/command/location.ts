import { brotliDecompressSync } from "node:zlib";
import { ModelbytesError, toSource, UnsupportedError } from "@modelbytes/bytes";
import { type Model, openModel } from "../model.ts";
import { Advice, UsageError } from "./failure.ts";
import type { Shell } from "./shell.ts";

/** What a person types for a file. Only what starts with http(s):// is a URL; everything else is a path, as it is. */
export function toLocation(path: string): string | URL {
  if (path === "")
    throw new UsageError("PATH is empty", "a checkpoint is given by its prefix, for example ckpt/model-3");
  if (!/^https?:\/\//i.test(path)) return path;
  try {
    return new URL(path);
  } catch {
    throw new UsageError(`${JSON.stringify(path)} is not a URL`);
  }
}

/**
 * Opens what PATH names, with what is left of it where it is damaged, and says on standard error which checkpoint or SavedModel that
 * is if PATH is not its prefix or its directory.
 */
export async function openPath(path: string, shell: Shell): Promise<Model> {
  return await openLocation(path, async (location) => {
    const brotli = (bytes: Uint8Array, size: number) => brotliDecompressSync(bytes, { maxOutputLength: size });
    const model = await openModel(location, { tolerant: true, signal: shell.signal, decompressors: { brotli } });
    const kind = model.format === "saved-model" ? "SavedModel" : "checkpoint";
    if (model.path !== pathOf(location)) shell.note(`reading the ${kind} ${model.path}`);
    return model;
  });
}

/** What `open` makes of the place that PATH names. Its errors explain what people take for a checkpoint. */
export async function openLocation<T>(path: string, open: (location: string | URL) => Promise<T>): Promise<T> {
  const location = toLocation(path);
  try {
    return await open(location);
  } catch (error) {
    throw (await explained(error, location)) ?? error;
  }
}

/** How an opened model calls the place that it was asked for. */
function pathOf(location: string | URL): string {
  const path = typeof location === "string" ? location : `${location.origin}${location.pathname}`;
  return path.replace(/(?<=.)\/+$/, "");
}

/** An error that says more, or what to do, for what people take for a checkpoint. */
async function explained(error: unknown, location: string | URL): Promise<Error | undefined> {
  if (!(error instanceof ModelbytesError)) return undefined;
  switch (error.code) {
    case "not-found":
      return new Advice(
        error,
        "give the prefix of a checkpoint, such as ckpt/model-3 for ckpt/model-3.index, its directory, or that of a SavedModel",
      );
    case "several-checkpoints":
      return new Advice(error, "give the path of one of them");
    case "magic":
    case "too-short":
      return await otherFormat(location);
    default:
      return undefined;
  }
}

/** Files that people take for checkpoints, by how they begin. */
const OTHER_FORMATS = [
  { begins: "\u0089HDF", what: "an HDF5 file" },
  { begins: "PK", what: "a zip archive, perhaps a .keras file" },
] as const;

/** The error for a file that is whole, but of a format that is not read. */
async function otherFormat(location: string | URL): Promise<UnsupportedError | undefined> {
  const source = toSource(location);
  try {
    const start = String.fromCharCode(...(await source.read(0, 4)));
    const found = OTHER_FORMATS.find(({ begins }) => start.startsWith(begins));
    if (found === undefined) return undefined;
    return new UnsupportedError("format", `this is ${found.what}; only checkpoints and SavedModels can be read`, {
      file: source.name,
    });
  } catch {
    return undefined; // what was wrong before tells more
  } finally {
    await source.close?.();
  }
}
