import type { WaitOptions } from "@modelbytes/bytes";
import type { KerasHdf5, KerasWeightsContents } from "@modelbytes/keras-hdf5";
import type { MemberData, ZipMember } from "@modelbytes/zip";
import type { KerasArchive } from "./keras-archive.ts";
import { ASSETS, WEIGHTS } from "./layout.ts";
import type { KerasArchiveMetadata } from "./metadata.ts";

/** A file of an archive to be written. */
export interface KerasArchiveFile {
  /** For assets the path below `assets/`, such as `layers/string_lookup/vocabulary.txt`. */
  readonly path: string;
  readonly data: MemberData;
  /** Local time as `"2024-05-06T07:08:10"`. Default: that of the weights. */
  readonly date?: string | undefined;
  /** The Unix mode, with the type of the file. Default: 0100644, a file that others may read. */
  readonly mode?: number | undefined;
}

/** What an archive holds. */
export interface KerasArchiveContents {
  /** The text of config.json. */
  readonly config: string;
  /** What metadata.json says, or its text. Default: there is none. */
  readonly metadata?: KerasArchiveMetadata | string | undefined;
  /** A `.weights.h5` as it is (a path, bytes, a Blob, a Source), an open one, or what one is to hold. */
  readonly weights: MemberData | KerasHdf5 | KerasWeightsContents;
  /** Local time of the weights, as `"2024-05-06T07:08:10"`. Default: that in the metadata, else 1980-01-01. */
  readonly date?: string | undefined;
  /** In the order in which they are written. Keras lists a folder in the order of the file system. */
  readonly assets?: Iterable<KerasArchiveFile> | undefined;
  /** Files beside those that Keras knows, written last. */
  readonly others?: Iterable<KerasArchiveFile> | undefined;
  /**
   * Whether Keras had too little memory for the weights: they go through a file on a disk then, behind the assets, and are laid out as
   * in such a file. Default: false.
   */
  readonly throughDisk?: boolean | undefined;
}

/**
 * What an open archive holds, to be written again, as it is or changed. Data is read when it is due, so the archive has to stay open until
 * all is written. Of a zip archive CRCs are checked then. Throws what is wrong with the archive: the first of `damage`.
 */
export async function toKerasArchive(archive: KerasArchive, options: WaitOptions = {}): Promise<KerasArchiveContents> {
  for (const error of archive.damage) throw error;
  const { config, weightsPath, zip } = archive;
  const members = new Map<string, ZipMember>(zip?.members.map((member) => [member.name, member]));
  const order = [...members.keys()];
  const fileAt = async (name: string, path: string): Promise<KerasArchiveFile> => {
    const member = members.get(name);
    if (zip === undefined || member === undefined) return { path, data: await archive.source(name, options) };
    const { size, date, externalAttributes } = member; // read in pieces, as the CRC is checked then
    return { path, data: { size, pieces: () => zip.pieces(member, options) }, date, mode: externalAttributes >>> 16 };
  };
  const assets = await Promise.all(archive.assets.map((path) => fileAt(`${ASSETS}${path}`, path)));
  const others = await Promise.all(archive.others.map((path) => fileAt(path, path)));
  const weights = await fileAt(weightsPath, WEIGHTS);
  const last = order.findLastIndex((name) => name.startsWith(ASSETS));
  return {
    config,
    metadata: archive.metadataText,
    weights: weights.data,
    date: weights.date,
    assets,
    others,
    throughDisk: weights.mode === DISK_MODE && order.indexOf(weightsPath) > last,
  };
}

/** The mode of a temporary file, which a member gets that was one. */
export const DISK_MODE = 0o100600;
