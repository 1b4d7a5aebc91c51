import { CorruptError, decodeName, type Place, type Source } from "@modelbytes/bytes";
import { nameAt, readLocalHeap } from "./local-heap.ts";
import type { ExternalFiles } from "./messages/external-files.ts";
import { checkScratch, type DataOptions, type MetadataFile } from "./metadata-file.ts";
import type { Extent } from "./read-runs.ts";

/** A part of another file, and the byte of the dataset at which it begins. */
interface Part {
  readonly source: Source;
  readonly offset: number;
  readonly start: number;
  readonly stop: number;
}

/**
 * The `length` bytes of a dataset whose elements are outside its file. Where a file ends early libhdf5 reads zeros; here that is an
 * error. Throws an `UnsupportedError` (`"external-storage"`) where other files are not allowed, and a `CorruptError` (`"dataset-size"`)
 * where the parts are fewer bytes than the dataset.
 */
export async function openExternal(
  file: MetadataFile,
  { heap, parts }: ExternalFiles,
  length: number,
  path: string,
  options: DataOptions,
): Promise<Extent> {
  const place = { file: file.name, tensor: path };
  const names = await file.run(readLocalHeap(file, heap, path), options);
  const placed: Part[] = [];
  let start = 0;
  for (const { nameOffset, offset, size } of parts) {
    if (start >= length) break;
    const source = file.others.source(decodeName(nameAt(names, nameOffset)), "external-storage", place);
    const stop = size === undefined ? length : Math.min(length, start + size);
    placed.push({ source, offset, start, stop });
    start = stop;
  }
  if (start >= length) return { read: (at, count, each) => readParts(placed, at, count, place, each) };
  throw new CorruptError("dataset-size", `${start} bytes are stored where ${length} are needed`, place);
}

async function readParts(
  parts: readonly Part[],
  at: number,
  length: number,
  place: Place,
  options: DataOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  checkScratch(length, options);
  const overlapping = parts.filter(({ start, stop }) => start < at + length && stop > at);
  for (const { source, offset, start, stop } of overlapping)
    await checkEnd(source, offset + stop - start, place, options);
  const target = options.scratch?.subarray(0, length) ?? new Uint8Array(length);
  for (const { source, offset, start, stop } of overlapping) {
    const from = Math.max(start, at);
    const count = Math.min(stop, at + length) - from;
    const scratch = target.subarray(from - at, from - at + count);
    const bytes = await source.read(offset + from - start, count, { scratch, signal: options.signal });
    if (bytes.buffer !== target.buffer || bytes.byteOffset !== scratch.byteOffset) scratch.set(bytes);
  }
  return target;
}

async function checkEnd(source: Source, needed: number, place: Place, { signal }: DataOptions): Promise<void> {
  const size = await source.size({ signal });
  if (size >= needed) return;
  const reason = `${JSON.stringify(source.name)} has ${size} bytes, and the elements of the dataset need ${needed} of them`;
  throw new CorruptError("dataset-size", reason, place);
}
