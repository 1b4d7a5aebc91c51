import { CorruptError, type ModelbytesError, type Source, type WaitOptions } from "@modelbytes/bytes";
import type { ZipArchive } from "@modelbytes/zip";

/** Where the files of an archive are: in a zip archive, or in a folder. */
export interface Container {
  readonly name: string;
  /** The files by path. Of a folder that cannot be listed, those that are known by name. */
  readonly paths: readonly string[];
  /** What is wrong with the container itself. */
  readonly damage: readonly ModelbytesError[];
  /** All of a file. */
  read(path: string, options: WaitOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** A file to be read by ranges, until the container is closed. */
  source(path: string, options: WaitOptions): Promise<Source>;
  /** Reads every byte. */
  verify(options: WaitOptions): AsyncIterable<ModelbytesError>;
  close(): Promise<void>;
}

/** The files of a zip archive. */
export function zipContainer(zip: ZipArchive): Container {
  return {
    name: zip.name,
    paths: zip.members.map(({ name }) => name).filter((name) => !name.endsWith("/")),
    damage: zip.dangers,
    read: (path, options) => zip.read(path, options),
    source: (path, options) => zip.source(path, options),
    verify: (options) => zip.verify(options),
    close: () => zip.close(),
  };
}

/** Text of a file. Throws a `CorruptError` (`"utf-8"`). */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CorruptError("utf-8", "the text is not UTF-8", { file, cause });
  }
}
