// Archives as Keras 3 writes them:
//
//     metadata.json   config.json   model.weights.h5   assets/…          stored, without folders
//     1980-01-01      1980-01-01    when it was saved  when its file was written
//     0600            0600          0600               the mode of its file, 0100644
//
// Where Keras had too little memory the weights come from a temporary file, behind the assets and with its mode, 0100600.

import type { SinkLike, WaitOptions } from "@modelbytes/bytes";
import { KerasHdf5, type KerasWeightsContents, planKerasWeights, writeKerasWeights } from "@modelbytes/keras-hdf5";
import { type MemberData, writeZip, type ZipMemberToWrite } from "@modelbytes/zip";
import { DISK_MODE, type KerasArchiveContents, type KerasArchiveFile, toKerasArchive } from "./contents.ts";
import { KerasArchive } from "./keras-archive.ts";
import { ASSETS, CONFIG, FILES, METADATA, WEIGHTS } from "./layout.ts";
import { type KerasArchiveMetadata, stringifyMetadata } from "./metadata.ts";
import { replayable } from "./pulled.ts";

/** How an archive is written. */
export interface WriteKerasArchiveOptions extends WaitOptions {}

/** -rw-r--r-- */
const ASSET_MODE = 0o100644;

/**
 * Writes a `.keras` archive: for the same config, metadata, weights, assets and dates, the bytes that Keras 3 writes. An open archive gives
 * its very bytes again if Keras 2.12 or later wrote it, otherwise one of the same contents.
 *
 * A file that was there is replaced when all is written, and stays after a failure or an abort.
 *
 * Rejects as `writeZip`, `planKerasWeights` and `toKerasArchive` do, with a `RangeError` for a path of a file that Keras takes for one of
 * its own.
 */
export async function writeKerasArchive(
  to: SinkLike,
  contents: KerasArchiveContents | KerasArchive,
  options: WriteKerasArchiveOptions = {},
): Promise<void> {
  const { signal } = options;
  const archive = contents instanceof KerasArchive ? await toKerasArchive(contents, { signal }) : contents;
  await writeZip(to, await membersOf(archive, { signal }), { signal });
}

async function membersOf(contents: KerasArchiveContents, options: WaitOptions): Promise<ZipMemberToWrite[]> {
  const { config, metadata, throughDisk = false, assets = [], others = [] } = contents;
  const text = metadataText(metadata);
  const date = contents.date ?? dateIn(text);
  const member = (name: string, { data, date: own = date, mode = ASSET_MODE }: KerasArchiveFile) => ({
    name,
    data,
    date: own,
    externalAttributes: mode * 2 ** 16,
  });
  const weights: ZipMemberToWrite = {
    name: WEIGHTS,
    data: await weightsData(contents.weights, throughDisk, options),
    date,
    ...(throughDisk && { externalAttributes: DISK_MODE * 2 ** 16 }),
  };
  const texts = [...(text === undefined ? [] : [[METADATA, text] as const]), [CONFIG, config] as const];
  const encoder = new TextEncoder();
  return [
    ...texts.map(([name, data]) => ({ name, data: encoder.encode(data) })),
    ...(throughDisk ? [] : [weights]),
    ...[...assets].map((file) => member(`${ASSETS}${file.path}`, file)),
    ...(throughDisk ? [weights] : []),
    ...[...others].map((file) => member(checkedOther(file.path), file)),
  ];
}

function metadataText(metadata: KerasArchiveMetadata | string | undefined): string | undefined {
  return metadata === undefined || typeof metadata === "string" ? metadata : stringifyMetadata(metadata);
}

/** The date in the metadata, as a member has it. */
function dateIn(metadata: string | undefined): string | undefined {
  const [, day, time] = /"date_saved": "(\d{4}-\d\d-\d\d)@(\d\d:\d\d:\d\d)"/.exec(metadata ?? "") ?? [];
  return day === undefined ? undefined : `${day}T${time}`;
}

async function weightsData(
  weights: KerasArchiveContents["weights"],
  throughDisk: boolean,
  { signal }: WaitOptions,
): Promise<MemberData> {
  if (!isContents(weights)) return weights;
  const options = { driver: throughDisk ? "path" : "file-object", signal } as const;
  const { size } = await planKerasWeights(weights, options);
  return replayable(size, (sink) => writeKerasWeights(sink, weights, options));
}

function isContents(weights: KerasArchiveContents["weights"]): weights is KerasHdf5 | KerasWeightsContents {
  return typeof weights === "object" && (weights instanceof KerasHdf5 || "groups" in weights);
}

function checkedOther(path: string): string {
  if (!FILES.includes(path) && !path.startsWith(ASSETS)) return path;
  throw new RangeError(`${JSON.stringify(path)} is a file that Keras knows, and not one beside them`);
}
