import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import { elementCount, type Region } from "@modelbytes/tensor";
import { hasReferences } from "../../element.ts";
import { decodeDataset, type StoredDataset } from "../dataset.ts";
import { followPath } from "../follow.ts";
import { readHeapObject } from "../global-heap.ts";
import { isGroup } from "../group.ts";
import { BOMB_BYTES, BOMB_RATIO } from "../limits.ts";
import type { StoredLayout } from "../messages/layout.ts";
import type { DataOptions, MetadataFile } from "../metadata-file.ts";
import { type Pair, sourceRegion } from "./copy.ts";
import { decodeMappings, type Mapping } from "./mapping.ts";
import { isInside, lengthOf, within } from "./selection.ts";

/** A dataset with a shape, and its file. */
export interface OpenDataset {
  readonly file: MetadataFile;
  readonly dataset: StoredDataset & { readonly shape: readonly number[] };
}

/** What a virtual dataset takes from one source for a region. */
export interface Piece extends OpenDataset {
  readonly pair: Pair;
  readonly region: Region;
}

/**
 * The sources of a region of a virtual dataset. Throws an `UnsupportedError`, `"virtual-source"` where the caller allows no other files
 * and `"virtual"` for what is not read: numbered names, irregular selections, sources of another type.
 */
export async function findPieces(
  { file, dataset }: OpenDataset,
  layout: Extract<StoredLayout, { class: "virtual" }>,
  region: Region,
  options: DataOptions,
): Promise<Piece[]> {
  const { path, datatype, shape } = dataset;
  const place = { file: file.name, tensor: path };
  if (hasReferences(datatype)) {
    throw new UnsupportedError("virtual", "a virtual dataset whose elements refer to others", place);
  }
  if (layout.heap === undefined) return [];
  const mappings = decodeMappings(await file.run(readHeapObject(file, layout.heap, layout.index, place), options));
  const pieces: Piece[] = [];
  let bytes = BOMB_BYTES + BOMB_RATIO * elementCount(region.count) * datatype.size;
  for (const mapping of mappings) {
    const target = within(mapping.target, shape);
    if (target === undefined) continue;
    if (!isInside(target, shape)) throw new CorruptError("virtual", "a source for elements beyond the dataset", place);
    // who only wants other elements needs no source of these
    if (sourceRegion({ source: target, target }, region) === undefined) continue;
    const from = await openSource({ file, dataset }, mapping, options);
    const source = within(mapping.source, from.dataset.shape);
    if (source === undefined || !isInside(source, from.dataset.shape) || total(source) !== total(target)) {
      const reason = `the selection of the source ${JSON.stringify(mapping.path)} is not as large as that of its elements`;
      throw new CorruptError("virtual", reason, place);
    }
    const wanted = sourceRegion({ source, target }, region);
    if (wanted === undefined) continue;
    bytes -= elementCount(wanted.count) * datatype.size;
    if (bytes < 0)
      throw new UnsupportedError("virtual", "a virtual dataset that takes next to nothing of its sources", place);
    pieces.push({ ...from, pair: { source, target }, region: wanted });
  }
  return pieces;
}

function total(dims: readonly Parameters<typeof lengthOf>[0][]): number {
  return elementCount(dims.map(lengthOf));
}

async function openSource(
  { file, dataset }: OpenDataset,
  mapping: Mapping,
  options: DataOptions,
): Promise<OpenDataset> {
  const place = { file: file.name, tensor: dataset.path };
  const other = mapping.file === undefined ? file : await file.others.file(mapping.file, "virtual-source", place);
  const found = await followPath(other, mapping.path, options);
  if (isGroup(found.header)) throw new CorruptError("virtual", "a source that is a group", place);
  const source = await found.file.run(decodeDataset(found.file, found.header), options);
  if (source.shape === null) throw new CorruptError("virtual", "a source without elements", place);
  if (JSON.stringify(typeOf(source)) !== JSON.stringify(typeOf(dataset))) {
    const reason = `a virtual dataset whose source ${JSON.stringify(mapping.path)} is of another type`;
    throw new UnsupportedError("virtual", reason, place);
  }
  return { file: found.file, dataset: { ...source, shape: source.shape } };
}

/** The type as comparable data; enums have values that JSON has no numbers for. */
function typeOf({ datatype }: StoredDataset): unknown {
  return datatype.class === "enum"
    ? { ...datatype, members: datatype.members.map(({ name, value }) => [name, `${value}`]) }
    : datatype;
}
