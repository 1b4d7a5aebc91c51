import { brotliDecompressSync } from "node:zlib";
import { ModelbytesError } from "@modelbytes/bytes";
import type { Format } from "../format.ts";
import { type Model, openModel } from "../open-model.ts";
import { Advice, UsageError } from "./failure.ts";
import type { Shell } from "./shell.ts";

/** What a person types for a file. Only what starts with http(s):// is a URL; everything else is a path, as it is. */
export function toLocation(path: string): string | URL {
  if (path === "")
    throw new UsageError("PATH is empty", "for example model.keras, or ckpt/model-3, the prefix of a checkpoint");
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
    const { signal, fetch } = shell;
    const model = await openModel(location, { tolerant: true, signal, fetch, decompressors: { brotli } });
    if (model.path !== pathOf(location)) shell.note(`reading the ${KIND[model.format]} ${model.path}`);
    return model;
  });
}

/** What people call a model of a format. */
const KIND: Readonly<Record<Format, string>> = {
  "tensor-bundle": "checkpoint",
  "tensor-bundle-v1": "checkpoint",
  "saved-model": "SavedModel",
  "keras-hdf5": "Keras model",
  "keras-hdf5-weights": "weights",
  "keras-weights": "weights",
  "keras-weights-sharded": "weights",
  "keras-archive": "Keras model",
  "keras-config": "architecture",
  safetensors: "weights",
  npz: "arrays",
};

/** What `open` makes of the place that PATH names. Its errors explain what people take for a checkpoint. */
export async function openLocation<T>(path: string, open: (location: string | URL) => Promise<T>): Promise<T> {
  const location = toLocation(path);
  try {
    return await open(location);
  } catch (error) {
    throw explained(error) ?? error;
  }
}

/** How an opened model calls the place that it was asked for. */
function pathOf(location: string | URL): string {
  const path = typeof location === "string" ? location : `${location.origin}${location.pathname}`;
  return path.replace(/(?<=.)\/+$/, "");
}

/** An error that says more, or what to do, for what people take for a checkpoint. */
function explained(error: unknown): Error | undefined {
  if (!(error instanceof ModelbytesError)) return undefined;
  switch (error.code) {
    case "not-found":
      return new Advice(
        error,
        "give the prefix of a checkpoint, such as ckpt/model-3 for ckpt/model-3.index, the file of a model, or its directory",
      );
    case "several-checkpoints":
      return new Advice(error, "give the path of one of them");
    case "http-status":
      if (!/ 40[13]\b/.test(error.reason)) return undefined;
      return new Advice(
        error,
        "the server wants to know who asks: --header 'Authorization: …' is sent with each request",
      );
    default:
      return undefined;
  }
}
