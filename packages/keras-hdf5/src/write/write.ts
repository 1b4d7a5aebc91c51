import type { SinkLike } from "@modelbytes/bytes";
import { type Hdf5Doubt, type Hdf5Driver, type Hdf5Plan, planHdf5, writeHdf5 } from "@modelbytes/hdf5";
import type { Progress } from "@modelbytes/tensor";
import { KerasHdf5 } from "../keras-hdf5.ts";
import { type FromFileOptions, toKerasH5, toKerasWeights } from "./from-file.ts";
import { h5Operations, type KerasH5Contents } from "./h5.ts";
import { type KerasWeightsContents, weightsOperations } from "./weights.ts";

/** How a file is written; `optimizer` is for contents that come from an open file. */
export interface WriteKerasOptions extends FromFileOptions {
  /** Called as bytes are written. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** How `.weights.h5` is written. */
export interface WriteKerasWeightsOptions extends WriteKerasOptions {
  /** Which layout the file gets: that of a file on a disk (`"path"`, the default), or of one inside `.keras` (`"file-object"`). */
  readonly driver?: Hdf5Driver | undefined;
}

/** What was written. */
export interface WrittenKeras {
  /** Bytes of the file, or of all files together. */
  readonly bytes: number;
  /** Why it may not be the very bytes that Keras writes, if so; it says the same. */
  readonly doubts: readonly Hdf5Doubt[];
}

/**
 * Writes a `.h5`, a whole model or its weights: the bytes that Keras 3.15 with h5py 3.14 writes for the same contents. An open file gives the
 * file that is read again the same, where it was written by Keras 2.12 or later. Values are read as they are written.
 *
 * A file that was there is replaced when all is written, and stays after a failure or an abort.
 *
 * Throws a `RangeError` for names that Keras or h5py refuse and for values of another shape than announced, a `TypeError` for ones
 * of another dtype, an `UnsupportedError` (`"element-type"`) for dtypes that Keras does not store, a `SourceError` where writing
 * fails, and as `toKerasH5` does.
 */
export async function writeKerasH5(
  to: SinkLike,
  contents: KerasH5Contents | KerasHdf5,
  options: WriteKerasOptions = {},
): Promise<WrittenKeras> {
  const h5 = contents instanceof KerasHdf5 ? await toKerasH5(contents, options) : contents;
  return written(await writeHdf5(to, await all(h5Operations(h5, options)), options));
}

/**
 * Writes a `.weights.h5`: the bytes that Keras 3.15 with h5py 3.14 writes for the same contents in the same order. An open file,
 * sharded or not, gives the file that Keras writes for the same model. Otherwise as `writeKerasH5`.
 */
export async function writeKerasWeights(
  to: SinkLike,
  contents: KerasWeightsContents | KerasHdf5,
  options: WriteKerasWeightsOptions = {},
): Promise<WrittenKeras> {
  const weights = await weightsContents(contents, options);
  return written(await writeHdf5(to, await all(weightsOperations(weights, options)), options));
}

/** The layout of a `.weights.h5` before it is written, for `streamHdf5`: its size, and where everything lies. Throws as `writeKerasWeights`. */
export async function planKerasWeights(
  contents: KerasWeightsContents | KerasHdf5,
  options: WriteKerasWeightsOptions = {},
): Promise<Hdf5Plan> {
  return await planWeights(await weightsContents(contents, options), options);
}

/** The layout of a file with these contents. */
export async function planWeights(
  contents: KerasWeightsContents,
  options: WriteKerasWeightsOptions = {},
): Promise<Hdf5Plan> {
  return planHdf5(await all(weightsOperations(contents, options)), options);
}

/** Contents as they are given, or those of an open file. */
export async function weightsContents(
  contents: KerasWeightsContents | KerasHdf5,
  options: FromFileOptions,
): Promise<KerasWeightsContents> {
  return contents instanceof KerasHdf5 ? await toKerasWeights(contents, options) : contents;
}

function written({ size, doubts }: Hdf5Plan): WrittenKeras {
  return { bytes: size, doubts };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
