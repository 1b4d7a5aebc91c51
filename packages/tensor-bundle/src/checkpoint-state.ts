import {
  CorruptError,
  type Folder,
  type FolderLike,
  type HttpOptions,
  NotFoundError,
  type Place,
  type Source,
  SourceError,
  toFolder,
  toSource,
  type WaitOptions,
} from "@modelbytes/bytes";
import {
  onlyTextValue,
  parseTextFormat,
  stringifyTextDouble,
  stringifyTextString,
  TextFormatError,
  textScalars,
  textToDouble,
  textToString,
} from "@modelbytes/tf-proto";

/**
 * The file `checkpoint` of a directory: which checkpoints are in it, the newest first of all. It is a `CheckpointState` message in
 * the text format of protocol buffers:
 *
 *     model_checkpoint_path: "ckpt-3"                          the newest
 *     all_model_checkpoint_paths: "ckpt-2"                     all that are kept, from the oldest on
 *     all_model_checkpoint_paths: "ckpt-3"
 *     all_model_checkpoint_timestamps: 1795197432.775886       when each was written, in seconds since 1970
 *     all_model_checkpoint_timestamps: 1795197432.7791035
 *     last_preserved_timestamp: 1795197431.73624
 *
 * Paths are relative to the directory or absolute.
 */
export interface CheckpointState {
  /** Empty where the file has none: TensorFlow calls such a file invalid. */
  readonly modelCheckpointPath: string;
  readonly allModelCheckpointPaths: readonly string[];
  /** In seconds since 1970. */
  readonly allModelCheckpointTimestamps: readonly number[];
  /** In seconds since 1970; 0 where the file has none. */
  readonly lastPreservedTimestamp: number;
}

/**
 * Reads a state file as Python's `text_format.Merge` does. Throws a `TextFormatError`, a `CorruptError` with line and column, for
 * what is no `CheckpointState`; an unknown field is one.
 */
export function parseCheckpointState(text: string, place: Place = {}): CheckpointState {
  let modelCheckpointPath = "";
  const allModelCheckpointPaths: string[] = [];
  const allModelCheckpointTimestamps: number[] = [];
  let lastPreservedTimestamp = 0;
  for (const field of parseTextFormat(text, place)) {
    switch (field.name) {
      case "model_checkpoint_path":
        modelCheckpointPath = textToString(onlyTextValue(field, place), place);
        break;
      case "all_model_checkpoint_paths":
        for (const value of textScalars(field, place)) allModelCheckpointPaths.push(textToString(value, place));
        break;
      case "all_model_checkpoint_timestamps":
        for (const value of textScalars(field, place)) allModelCheckpointTimestamps.push(textToDouble(value, place));
        break;
      case "last_preserved_timestamp":
        lastPreservedTimestamp = textToDouble(onlyTextValue(field, place), place);
        break;
      default:
        throw new TextFormatError(`CheckpointState has no field ${JSON.stringify(field.name)}`, field, place);
    }
  }
  return { modelCheckpointPath, allModelCheckpointPaths, allModelCheckpointTimestamps, lastPreservedTimestamp };
}

/** A state file, byte for byte as TensorFlow writes it. */
export function stringifyCheckpointState(state: CheckpointState): string {
  const { modelCheckpointPath: newest, lastPreservedTimestamp: preserved } = state;
  const lines = [
    ...(newest === "" ? [] : [`model_checkpoint_path: ${stringifyTextString(newest)}`]),
    ...state.allModelCheckpointPaths.map((path) => `all_model_checkpoint_paths: ${stringifyTextString(path)}`),
    ...state.allModelCheckpointTimestamps.map(
      (time) => `all_model_checkpoint_timestamps: ${stringifyTextDouble(time)}`,
    ),
    ...(Object.is(preserved, 0) ? [] : [`last_preserved_timestamp: ${stringifyTextDouble(preserved)}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** How the newest checkpoint is looked for. */
export interface LatestCheckpointOptions extends HttpOptions, WaitOptions {
  /** The name of the state file. Default: `"checkpoint"`. */
  readonly file?: string | undefined;
}

/**
 * The newest checkpoint of a directory, as `tf.train.latest_checkpoint` finds it: the path that the state file names, joined with
 * the directory's unless it is absolute, if there is a checkpoint of this name (`<path>.index`, or `<path>` of a V1 checkpoint).
 * `undefined` where there is no state file, it is not one, or the checkpoint is gone.
 *
 * A path gives a path, a URL the text of a URL; for dropped files and other folders it is the path inside the folder. Names are
 * literal, where TensorFlow takes them for patterns; only `-?????-of-00002`, by which it calls a sharded V1 checkpoint, is one.
 *
 * Throws a `CorruptError` for a state file that names no checkpoint, for which TensorFlow raises `ValueError`.
 */
export async function latestCheckpoint(
  from: FolderLike,
  options: LatestCheckpointOptions = {},
): Promise<string | undefined> {
  const folder = toFolder(from, options);
  const source = folder.file(options.file ?? "checkpoint");
  const state = await readState(source, options);
  if (state === undefined) return undefined;
  if (state.modelCheckpointPath === "") {
    throw new CorruptError("checkpoint-state", "the state file names no checkpoint", { file: source.name });
  }
  const spot = spotOf(from, folder, state.modelCheckpointPath, options);
  for (const toPath of CANDIDATES) {
    if (await isFile(() => spot.file(toPath), options)) return spot.prefix;
  }
  return undefined;
}

/** The files that make a checkpoint out of a prefix: the index of a bundle, else V1's only file, else the first of its shards. */
const CANDIDATES: readonly ((prefix: string) => string)[] = [
  (prefix) => `${prefix}.index`,
  (prefix) => prefix,
  (prefix) => prefix.replace(/-\?{5}-of-(\d{5})$/, "-00000-of-$1"),
];

/** Where a state file leads to. */
interface Spot {
  readonly prefix: string;
  file(toPath: (prefix: string) => string): Source;
}

function spotOf(from: FolderLike, folder: Folder, path: string, options: HttpOptions): Spot {
  if (typeof from === "string") {
    const prefix = isAbsolute(path) || from === "" ? path : `${from}${from.endsWith("/") ? "" : "/"}${path}`;
    return { prefix, file: (toPath) => toSource(toPath(prefix)) };
  }
  if (from instanceof URL) {
    const to = (target: string) => resolveUrl(from, target);
    return { prefix: to(path).href, file: (toPath) => toSource(to(toPath(path)), options) };
  }
  return { prefix: path, file: (toPath) => folder.file(toPath(path)) };
}

/** Absolute on POSIX, on Windows with a drive or as a share. */
function isAbsolute(path: string): boolean {
  return /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(path);
}

/** A path below a base URL. Names are literal, and a query is part of every request. */
function resolveUrl(base: URL, path: string): URL {
  const directory = new URL(base);
  if (!directory.pathname.endsWith("/")) directory.pathname += "/";
  const url = new URL(path.split("/").map(encodeURIComponent).join("/"), directory);
  url.search = base.search;
  return url;
}

/** A state file of a hundred thousand checkpoints; a larger file is something else. */
const LARGEST_STATE_BYTES = 2 ** 24;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `undefined` where there is none, and, as in TensorFlow, where it is not in the text format or has unknown fields. */
async function readState(source: Source, options: WaitOptions): Promise<CheckpointState | undefined> {
  const place = { file: source.name };
  try {
    const size = await source.size(options);
    if (size > LARGEST_STATE_BYTES) {
      throw new CorruptError("checkpoint-state", `a file of ${size} bytes is no state file`, place);
    }
    return parseCheckpointState(decodeText(await source.read(0, size, options), place), place);
  } catch (error) {
    if (error instanceof TextFormatError || isAbsent(error)) return undefined;
    throw error;
  } finally {
    await source.close?.();
  }
}

function decodeText(bytes: Uint8Array, place: Place): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new CorruptError("checkpoint-state", "the state file is not valid UTF-8", { ...place, cause });
  }
}

async function isFile(open: () => Source, options: WaitOptions): Promise<boolean> {
  let source: Source | undefined;
  try {
    source = open();
    await source.size(options);
    return true;
  } catch (error) {
    if (isAbsent(error) || error instanceof RangeError) return false; // a path that leads out of a folder in memory
    throw error;
  } finally {
    await source?.close?.();
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof NotFoundError || (error instanceof SourceError && error.code === "not-a-file");
}
