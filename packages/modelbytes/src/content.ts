import type { Source, WaitOptions } from "@modelbytes/bytes";

/** What a file is by its bytes, before it is opened: a container that may hold a model, or something else altogether. */
export type Content = "hdf5" | "zip" | "safetensors" | "npy" | "text" | Foreign;

/** A file that holds no model that can be read here. */
export interface Foreign {
  /** What it is, with its article: "a PNG picture". */
  readonly foreign: string;
}

/** Bytes at the beginning that tell what a file is. */
const HEAD_BYTES = 64;

const HDF5 = "\u0089HDF\r\n\u001a\n";

/** Text that a file begins with, where, and what it is then. Latin-1: a character is a byte. */
const SIGNATURES: readonly (readonly [offset: number, start: string, content: Content])[] = [
  [0, HDF5, "hdf5"],
  [0, "PK\u0003\u0004", "zip"],
  [0, "PK\u0005\u0006", "zip"],
  [0, "\u0093NUMPY", "npy"],
  [4, "TFL3", { foreign: "a TFLite flatbuffer" }],
  [0, "GGUF", { foreign: "a GGUF file" }],
  [0, "\u0089PNG", { foreign: "a PNG picture" }],
  [0, "\u00ff\u00d8\u00ff", { foreign: "a JPEG picture" }],
  [0, "%PDF", { foreign: "a PDF document" }],
  [0, "\u001f\u008b", { foreign: "a gzip archive: unpack it first" }],
  [0, "BZh", { foreign: "a bzip2 archive: unpack it first" }],
  [0, "\u00fd7zXZ", { foreign: "an xz archive: unpack it first" }],
  [0, "\u0028\u00b5\u002f\u00fd", { foreign: "a zstd archive: unpack it first" }],
  [0, "7z\u00bc\u00af", { foreign: "a 7-Zip archive: unpack it first" }],
  [0, "\u007fELF", { foreign: "a program" }],
  [0, "PAR1", { foreign: "a Parquet table" }],
  [0, "SQLite format 3", { foreign: "an SQLite database" }],
  [0, "CDF\u0001", { foreign: "a NetCDF file" }],
  [0, "CDF\u0002", { foreign: "a NetCDF file" }],
];

/** What is said of a pickle. */
export const PICKLE: Foreign = { foreign: "a pickle, which runs code when it is loaded" };

/** How pickles of protocol 2 to 5 begin: what Python's pickle and old PyTorch write. */
const PICKLES: readonly string[] = ["\u0080\u0002", "\u0080\u0003", "\u0080\u0004", "\u0080\u0005"];

/** A page of a web server, which some send for what they do not have. */
const PAGE = /^\s*<(?:!doctype html|html)/i;

/** JSON, or YAML as Keras wrote it: keys in sorted order, `backend` or `class_name` first. */
const TEXT = /^\s*(?:\{|\[\s*[{"]|(?:backend|class_name|config|keras_version|name|module|build_config):[ \n])/;

/** Where the signature of an HDF5 file may stand: at its start, or behind a user block of 512 bytes times a power of two. */
const USER_BLOCKS = [0, 512, 1024, 2048, 4096, 8192];

/**
 * What a file is by its first bytes; `undefined` for what they do not tell: tables of checkpoints have their signature at the end, and
 * messages of protocol buffers have none. Rejects where the file cannot be read.
 */
export async function contentOf(source: Source, options: WaitOptions = {}): Promise<Content | undefined> {
  const size = await source.size(options);
  const head = latin1(await source.read(0, Math.min(size, HEAD_BYTES), options));
  const found = SIGNATURES.find(([offset, start]) => head.startsWith(start, offset));
  if (found !== undefined) return found[2];
  if (isSafetensors(head, size)) return "safetensors";
  if (PICKLES.includes(head.slice(0, 2))) return PICKLE;
  if (PAGE.test(head)) return { foreign: "a page of HTML" };
  if (TEXT.test(head)) return "text";
  return (await userBlockBytes(source, options)) === undefined ? undefined : "hdf5";
}

/** Bytes before an HDF5 file, where there is one behind them. */
export async function userBlockBytes(source: Source, options: WaitOptions): Promise<number | undefined> {
  const size = await source.size(options);
  for (const offset of USER_BLOCKS) {
    if (offset + HDF5.length > size) return undefined;
    if (latin1(await source.read(offset, HDF5.length, options)) === HDF5) return offset;
  }
  return undefined;
}

/** Eight bytes of a length that fits, then JSON. */
function isSafetensors(head: string, size: number): boolean {
  if (head.charAt(8) !== "{") return false;
  let length = 0;
  for (let at = 7; at >= 0; at--) length = length * 256 + head.charCodeAt(at);
  return length >= 2 && length <= size - 8;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
