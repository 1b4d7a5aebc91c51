import {
  type Source,
  type SourceLike,
  type SourceOptions,
  toSource,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { decodeDirectory } from "./directory-entry.ts";
import { decodeEnd, TAIL_BYTES } from "./end-record.ts";
import { ZipArchive } from "./zip-archive.ts";

/** How an archive is opened. */
export interface OpenZipOptions extends SourceOptions, WaitOptions {}

/** Bytes of a directory: half a million members. What is made of it in memory is several times as large. */
const MOST_DIRECTORY_BYTES: number = 2 ** 26;

/**
 * Opens a zip archive: reads its last 64 KiB, and once more if the central directory is longer. What is before the archive and behind
 * it is passed over, as in Python's zipfile, and listed in `dangers`.
 *
 * Rejects with a `CorruptError` for what is no zip archive (`"not-zip"`), or one whose end record (`"end-record"`) or directory
 * (`"directory"`) is damaged, and with an `UnsupportedError` for archives of several files (`"disks"`) and directories of more than
 * 64 MiB (`"too-large"`).
 */
export async function openZip(from: SourceLike, options: OpenZipOptions = {}): Promise<ZipArchive> {
  const source = toSource(from, options);
  try {
    return await open(source, options);
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

async function open(source: Source, { signal }: OpenZipOptions): Promise<ZipArchive> {
  const file = source.name;
  const size = await source.size({ signal });
  const start = Math.max(0, size - TAIL_BYTES);
  const tail = await source.read(start, size - start, { signal });
  const end = decodeEnd(tail, start, file);
  const { directoryOffset: offset, directorySize } = end;
  if (directorySize > MOST_DIRECTORY_BYTES) {
    throw new UnsupportedError("too-large", `the central directory is ${directorySize} bytes`, { file, offset });
  }
  const directory =
    offset >= start
      ? tail.subarray(offset - start, offset - start + directorySize)
      : await source.read(offset, directorySize, { signal });
  return new ZipArchive(source, size, decodeDirectory(directory, end.entries, end.prefix, { file, offset }), end);
}
