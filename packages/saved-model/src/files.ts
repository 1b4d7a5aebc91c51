import { type Folder, NotFoundError, type Source, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { encodeMessage, type MessageType, parseMessage } from "@modelbytes/tf-proto";
import { type Decompressors, joinChunks } from "@modelbytes/tf-proto/chunked";
import {
  BoolValue,
  BytesValue,
  CondContextDef,
  DoubleValue,
  FloatValue,
  Int32Value,
  Int64Value,
  QueueRunnerDef,
  SavedModel as SavedModelProto,
  StringValue,
  UInt32Value,
  UInt64Value,
  VariableDef,
  WhileContextDef,
} from "@modelbytes/tf-proto/messages";

/**
 * The files of a SavedModel directory.
 *
 *     saved_model.pb | .pbtxt | .cpb        the graphs: binary, text, or in chunks; TensorFlow takes the first that is there
 *     variables/variables.index, .data-*    the values of the variables
 *     assets/, assets.extra/                files that the graph reads; files that TensorFlow never looks at
 *     fingerprint.pb                        hashes of all this
 *     keras_metadata.pb                     what Keras 2 adds
 *     debug/saved_model_debug_info.pb       stack traces
 */

/** How the graphs are stored. */
export type Encoding = "pb" | "pbtxt" | "cpb";

export const VARIABLES_PREFIX = "variables/variables";
export const INDEX: string = `${VARIABLES_PREFIX}.index`;
export const FINGERPRINT_FILE = "fingerprint.pb";
export const KERAS_METADATA_FILE = "keras_metadata.pb";
export const DEBUG_INFO_FILE = "debug/saved_model_debug_info.pb";
export const ASSETS_FOLDER = "assets";

/** What loaders look for, so that what an earlier SavedModel left of it would be taken for a new one's. */
export const BELONGS: RegExp =
  /^(?:saved_model\.(?:pb|pbtxt|cpb)|fingerprint\.pb|keras_metadata\.pb|debug\/|assets\/|variables\/variables\.)/;

/** The names that the graphs are looked for under, in TensorFlow's order. */
export const GRAPH_FILES: readonly (readonly [Encoding, string])[] = [
  ["pb", "saved_model.pb"],
  ["pbtxt", "saved_model.pbtxt"],
  ["cpb", "saved_model.cpb"],
];

/** Protocol buffers end here, and so does what TensorFlow writes or reads. */
export const MAX_MESSAGE_BYTES: number = 2 ** 31 - 1;

/** What a message of type Any in a text may be, beside what a SavedModel is made of: collections of TF1 hold such messages. */
export const ANY_TYPES: readonly MessageType[] = [
  ...[BoolValue, BytesValue, DoubleValue, FloatValue, Int32Value, Int64Value, StringValue, UInt32Value, UInt64Value],
  ...[VariableDef, QueueRunnerDef, CondContextDef, WhileContextDef],
];

/** The graphs of a SavedModel as they were found. */
export interface GraphFile {
  readonly encoding: Encoding;
  /** What errors call the file. */
  readonly name: string;
  /** The file. */
  readonly stored: Uint8Array<ArrayBuffer>;
  /** The message: the file itself, where that is binary. */
  readonly message: Uint8Array;
  /** What the file was read with, if it is in chunks. */
  readonly decompressors: Decompressors;
}

/** Reads the file with the graphs. Throws a `NotFoundError` where there is none. */
export async function readGraphFile(
  folder: Folder,
  options: WaitOptions & { readonly decompressors?: Decompressors | undefined },
): Promise<GraphFile> {
  for (const [encoding, path] of GRAPH_FILES) {
    const stored = await readOptional(folder, path, options);
    if (stored === undefined) continue;
    const name = folder.file(path).name;
    const { decompressors = {} } = options;
    return { encoding, name, stored, message: messageOf(encoding, stored, name, decompressors), decompressors };
  }
  const reason = `no SavedModel here: neither ${GRAPH_FILES.map(([, path]) => path).join(" nor ")}`;
  throw new NotFoundError("not-found", reason, { file: folder.name });
}

function messageOf(
  encoding: Encoding,
  stored: Uint8Array,
  file: string,
  decompressors: Decompressors = {},
): Uint8Array {
  if (encoding === "pb") return stored;
  if (encoding === "cpb") return joinChunks(SavedModelProto, stored, decompressors, { file, offset: 0 });
  return encodeMessage(SavedModelProto, parseMessage(SavedModelProto, stored, { file }, { anyTypes: ANY_TYPES }));
}

/** A whole file, or nothing where it is not there. Throws an `UnsupportedError` for one that is larger than a message can be. */
export async function readOptional(
  folder: Folder,
  path: string,
  options: WaitOptions,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const source: Source = folder.file(path);
  try {
    const size = await source.size(options);
    if (size > MAX_MESSAGE_BYTES) {
      throw new UnsupportedError("too-large", `a message of ${size} bytes; protocol buffers end at 2 GiB`, {
        file: source.name,
      });
    }
    return await source.read(0, size, options);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  } finally {
    await source.close?.();
  }
}
