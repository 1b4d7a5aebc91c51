import {
  CorruptError,
  type FolderLike,
  ModelbytesError,
  type Source,
  SourceError,
  type SourceLike,
  toFolder,
  toSource,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { type OpenKerasHdf5Options, openKerasHdf5 } from "@modelbytes/keras-hdf5";
import { openZip, type ZipArchive } from "@modelbytes/zip";
import { type Container, decodeText, zipContainer } from "./container.ts";
import { openFolder } from "./folder-container.ts";
import { KerasArchive } from "./keras-archive.ts";
import { CONFIG, METADATA, PICKLED_WEIGHTS, PROTOTYPE_WEIGHTS, WEIGHTS } from "./layout.ts";
import { type KerasArchiveMetadata, parseMetadata } from "./metadata.ts";

/** How an archive is opened. */
export interface OpenKerasArchiveOptions extends OpenKerasHdf5Options {
  /**
   * Opens an archive that has dangers or damage, which are listed in `damage` then. By default opening rejects with the first of them.
   * Whatever the weights need has to be sound, or tolerable to `openKerasHdf5`, all the same.
   */
  readonly tolerant?: boolean | undefined;
}

/**
 * Opens a `.keras` archive, or the folder that Keras 3 writes unzipped (also a map of files, dropped files, or a URL that ends in "/").
 * Reads the directory, the two texts and the structure of the weights; stored weights are read in place.
 *
 * Rejects with a `NotFoundError` where there is nothing; with a `CorruptError` for an archive that is damaged or a trick (the codes of
 * `@modelbytes/zip`), without a config or weights (`"no-config"`, `"no-weights"`), or with damaged metadata (`"metadata"`), and as
 * `openKerasHdf5`; with an `UnsupportedError` for HDF5 that is called `.keras` (`"hdf5"`: open it with `openKerasHdf5`), for weights that
 * are pickles (`"pickles"`) and for archives of something else (`"not-keras"`).
 */
export async function openKerasArchive(
  from: SourceLike | FolderLike,
  options: OpenKerasArchiveOptions = {},
): Promise<KerasArchive> {
  const { container, zip } = await openContainer(from, options);
  try {
    if (options.tolerant !== true) for (const danger of container.damage) throw danger;
    const weightsPath = weightsPathOf(container);
    const reads = [
      container.read(CONFIG, options),
      readMetadata(container, options),
      container.source(weightsPath, options),
    ] as const;
    await Promise.allSettled(reads); // what is under way would open a file again that is closed
    const [config, metadata, weights] = await Promise.all(reads);
    const { signal, engine, tolerant } = options;
    const opened = await openKerasHdf5(weights, { signal, engine, tolerant });
    return new KerasArchive(container, zip, {
      config: decodeText(config, `${container.name}!/${CONFIG}`),
      metadata: metadata.value,
      metadataText: metadata.text,
      damage: [...container.damage, ...metadata.damage, ...opened.damage],
      weights: opened,
      weightsPath,
    });
  } catch (error) {
    await container.close();
    throw error;
  }
}

interface Opened {
  readonly container: Container;
  readonly zip: ZipArchive | undefined;
}

async function openContainer(from: SourceLike | FolderLike, options: OpenKerasArchiveOptions): Promise<Opened> {
  if (!isFile(from)) return { container: await openFolder(toFolder(from, options), options), zip: undefined };
  const source = toSource(from, options);
  try {
    const zip = await openZip(source, { signal: options.signal });
    return { container: zipContainer(zip), zip };
  } catch (error) {
    if (
      error instanceof SourceError &&
      error.code === "not-a-file" &&
      (typeof from === "string" || from instanceof URL)
    ) {
      return { container: await openFolder(toFolder(from), options), zip: undefined };
    }
    if (error instanceof CorruptError && error.code === "not-zip") throw await asHdf5(source, error, options);
    throw error;
  }
}

/** What is read as a file first; a path may turn out to be a folder. */
function isFile(from: SourceLike | FolderLike): from is SourceLike {
  if (typeof from === "string" || from instanceof Blob || from instanceof ArrayBuffer) return true;
  if (from instanceof URL) return !from.pathname.endsWith("/");
  return from instanceof Uint8Array || "read" in from;
}

const HDF5: readonly number[] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** The error of a file that is no zip archive: the given one, or that of an HDF5 file. */
async function asHdf5(source: Source, error: CorruptError, { signal }: WaitOptions): Promise<ModelbytesError> {
  try {
    if ((await source.size({ signal })) < HDF5.length) return error;
    const start = await source.read(0, HDF5.length, { signal });
    if (!HDF5.every((byte, index) => start[index] === byte)) return error;
  } finally {
    await source.close?.();
  }
  const reason = "this is HDF5, as TensorFlow 2.0 to 2.12 wrote it under the name .keras: open it with openKerasHdf5";
  return new UnsupportedError("hdf5", reason, { file: source.name });
}

function weightsPathOf({ paths, name: file }: Container): string {
  const weights = [WEIGHTS, PROTOTYPE_WEIGHTS].find((path) => paths.includes(path));
  const pickled = paths.includes(PICKLED_WEIGHTS);
  if (weights === undefined && !pickled) {
    if (!paths.includes(CONFIG)) throw new UnsupportedError("not-keras", "this holds no Keras model", { file });
    throw new CorruptError("no-weights", `there is a ${CONFIG} and no ${WEIGHTS}`, { file });
  }
  if (!paths.includes(CONFIG)) throw new CorruptError("no-config", `there are weights and no ${CONFIG}`, { file });
  if (weights !== undefined) return weights;
  const reason = `${PICKLED_WEIGHTS} holds pickles, programs that run when they are read; save the model again with weights in HDF5`;
  throw new UnsupportedError("pickles", reason, { file });
}

interface Metadata {
  readonly text?: string | undefined;
  readonly value?: KerasArchiveMetadata | undefined;
  readonly damage: readonly ModelbytesError[];
}

/** Keras itself never reads it, so with `tolerant` nothing depends on it. */
async function readMetadata(container: Container, options: OpenKerasArchiveOptions): Promise<Metadata> {
  if (!container.paths.includes(METADATA)) return { damage: [] };
  const file = `${container.name}!/${METADATA}`;
  let text: string | undefined;
  try {
    text = decodeText(await container.read(METADATA, options), file);
    return { text, value: parseMetadata(text, file), damage: [] };
  } catch (error) {
    if (options.tolerant !== true || !(error instanceof ModelbytesError)) throw error;
    return { text, damage: [error] };
  }
}
