import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import { copyRegion, elementCount, intersection, type Move, type Region, runs } from "@modelbytes/tensor";
import { Budget } from "./budget.ts";
import { type ChunkSpace, chunkRange, type StoredChunk } from "./chunks/chunk.ts";
import { findChunks } from "./chunks/find-chunks.ts";
import type { StoredDataset } from "./dataset.ts";
import { openExternal } from "./external-storage.ts";
import { checkFilters, decodeChunk } from "./filters/pipeline.ts";
import { BOMB_BYTES, BOMB_RATIO, MAX_CHUNK_BYTES } from "./limits.ts";
import type { StoredLayout } from "./messages/layout.ts";
import { checkScratch, type DataOptions, type MetadataFile } from "./metadata-file.ts";
import { type Extent, GAP_BYTES, REQUEST_BYTES, readRuns } from "./read-runs.ts";
import { copyPair } from "./virtual/copy.ts";
import { findPieces } from "./virtual/find-pieces.ts";
import { Nesting } from "./virtual/nesting.ts";

interface ReadOptions extends DataOptions {
  /** Where a source of a virtual dataset is read. */
  readonly nesting?: Nesting | undefined;
}

/** A dataset that has dimensions, to be read. */
type Readable = StoredDataset & { readonly shape: readonly number[] };

/**
 * The bytes of a region of a dataset, row-major, as the file has its elements. Reads only those bytes, or of filtered datasets the
 * chunks that they are in.
 *
 * Throws a `CorruptError` where elements are damaged or missing, an `UnsupportedError` for filters and layouts that this engine does
 * not know, and for a dataset that would be nearly all fill values (`"bomb"`).
 */
export async function readRegion(
  file: MetadataFile,
  dataset: Readable,
  region: Region,
  options: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { path, layout, datatype, external } = dataset;
  const length = elementCount(region.count) * datatype.size;
  if (length === 0) return new Uint8Array(0);
  if (layout.class === "compact") return readCompact(file, dataset, layout.bytes, region, length);
  if (layout.class === "virtual") return await readVirtual(file, dataset, layout, region, length, options);
  if (external !== undefined) {
    const whole = elementCount(dataset.shape) * datatype.size;
    return await readArray(
      file,
      dataset,
      await openExternal(file, external, whole, path, options),
      region,
      length,
      options,
    );
  }
  if (layout.address === undefined) return filled(file, dataset, length, options);
  if (layout.class === "contiguous") return await readContiguous(file, dataset, layout, region, length, options);
  return await readChunked(file, dataset, layout, region, length, options);
}

function readCompact(
  file: MetadataFile,
  dataset: Readable,
  bytes: Uint8Array,
  region: Region,
  length: number,
): Uint8Array<ArrayBuffer> {
  const { path, shape, datatype } = dataset;
  checkStored(file, dataset, bytes.length);
  const target = allocate(file, length, {}, path);
  copyRegion(moveOf(shape, region), bytes, target, datatype.size);
  return target;
}

async function readContiguous(
  file: MetadataFile,
  dataset: Readable,
  layout: Extract<StoredLayout, { class: "contiguous" }>,
  region: Region,
  length: number,
  options: DataOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { path, shape, datatype } = dataset;
  const { address = 0, size } = layout;
  const whole = elementCount(shape) * datatype.size;
  if (size !== undefined) checkStored(file, dataset, size);
  file.checked(address, whole, path);
  const array: Extent = { read: (at, count, each) => file.data(address + at, count, path, each) };
  return await readArray(file, dataset, array, region, length, options);
}

async function readArray(
  file: MetadataFile,
  { path, shape, datatype }: Readable,
  array: Extent,
  region: Region,
  length: number,
  options: DataOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const move = moveOf(shape, region);
  const [first, second] = runs(move);
  if (first !== undefined && second === undefined) return await array.read(first.from * datatype.size, length, options);
  const target = allocate(file, length, options, path);
  await readRuns(array, move, datatype.size, target, options);
  return target;
}

async function readVirtual(
  file: MetadataFile,
  dataset: Readable,
  layout: Extract<StoredLayout, { class: "virtual" }>,
  region: Region,
  length: number,
  options: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, nesting = new Nesting() } = options;
  const within = nesting.enter({ file: file.name, tensor: dataset.path });
  const pieces = await findPieces({ file, dataset }, layout, region, { signal });
  const files = new Set([file, ...pieces.map((piece) => piece.file)]);
  const size = [...files].reduce((sum, each) => sum + each.size, 0);
  const target = filled(file, dataset, length, options, size);
  for (const piece of pieces) {
    const bytes = await readRegion(piece.file, piece.dataset, piece.region, { signal, nesting: within });
    copyPair({ ...piece.pair, from: piece.region, bytes, to: region, into: target, itemsize: dataset.datatype.size });
  }
  return target;
}

/** Checks that what is stored is as much as the shape needs. */
function checkStored(file: MetadataFile, { path, shape, datatype }: Readable, stored: number): void {
  const needed = elementCount(shape) * datatype.size;
  if (needed <= stored) return;
  const reason = `${stored} bytes are stored where ${datatype.size} × [${shape.join(", ")}] are needed`;
  throw new CorruptError("dataset-size", reason, { file: file.name, tensor: path });
}

/** The region as the whole of an array of its own. */
function moveOf(shape: readonly number[], { start, count }: Region): Move {
  return { fromShape: shape, fromStart: start, toShape: count, toStart: count.map(() => 0), count };
}

function allocate(file: MetadataFile, length: number, options: DataOptions, path: string): Uint8Array<ArrayBuffer> {
  checkScratch(length, options);
  if (options.scratch !== undefined) return options.scratch.subarray(0, length).fill(0);
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const reason = `${length} bytes are more than memory has; select a part`;
    throw new UnsupportedError("too-large", reason, { file: file.name, tensor: path, cause });
  }
}

/** Memory of fill values, which chunks are then copied over. */
function filled(
  file: MetadataFile,
  dataset: Readable,
  length: number,
  options: DataOptions,
  stored: number = file.size,
): Uint8Array<ArrayBuffer> {
  const { path, fillValue } = dataset;
  if (length > BOMB_BYTES && length > BOMB_RATIO * stored) {
    const reason = `a file of ${stored} bytes that claims ${length} bytes of elements; select a part`;
    throw new UnsupportedError("bomb", reason, { file: file.name, tensor: path });
  }
  const target = allocate(file, length, options, path);
  if (fillValue === undefined) return target;
  target.set(fillValue);
  for (let done = fillValue.length; done < length; done *= 2) target.copyWithin(done, 0, Math.min(done, length - done));
  return target;
}

async function readChunked(
  file: MetadataFile,
  dataset: Readable,
  layout: Extract<StoredLayout, { class: "chunked" }>,
  region: Region,
  length: number,
  options: DataOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { path, filters, maxShape, shape } = dataset;
  const place = { file: file.name, tensor: path };
  checkFilters(filters, place);
  const chunkBytes = layout.chunk.reduce((product, dim) => product * dim, layout.elementSize);
  if (chunkBytes > MAX_CHUNK_BYTES) {
    throw new UnsupportedError("chunk-size", `chunks of ${chunkBytes} bytes`, place);
  }
  const range = chunkRange(layout.chunk, region);
  const filtered = filters.length > 0;
  const target = filled(file, dataset, length, options);
  const space: ChunkSpace = { layout, maxShape: maxShape ?? shape, ...range, chunkBytes, filtered, path };
  const chunks = await file.run(findChunks(file, space), options);
  const budget = new Budget(file.size);
  for (const { size } of chunks) budget.spend(size, { place });
  const reading: Reading = { file, dataset, layout, region, chunkBytes, target, options };
  let batch: Promise<void>[] = [];
  for (const group of groupsOf(chunks)) {
    batch.push(readGroup(reading, group));
    if (batch.length < GROUPS_AT_ONCE) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
  return target;
}

const GROUPS_AT_ONCE = 4;

interface Reading {
  readonly file: MetadataFile;
  readonly dataset: Readable;
  readonly layout: Extract<StoredLayout, { class: "chunked" }>;
  readonly region: Region;
  readonly chunkBytes: number;
  readonly target: Uint8Array;
  readonly options: DataOptions;
}

/** Chunks that lie near each other, so that one request brings them. */
function* groupsOf(chunks: readonly StoredChunk[]): Generator<StoredChunk[]> {
  let group: StoredChunk[] = [];
  let start = 0;
  let end = 0;
  for (const chunk of [...chunks].sort((a, b) => a.address - b.address)) {
    const near = chunk.address - end <= GAP_BYTES && chunk.address + chunk.size - start <= REQUEST_BYTES;
    if (group.length > 0 && !near) {
      yield group;
      group = [];
    }
    if (group.length === 0) start = chunk.address;
    group.push(chunk);
    end = Math.max(chunk.address + chunk.size, group.length === 1 ? 0 : end);
  }
  if (group.length > 0) yield group;
}

async function readGroup(reading: Reading, group: readonly StoredChunk[]): Promise<void> {
  const { file, dataset, options } = reading;
  const start = group[0]?.address ?? 0;
  const end = group.reduce((most, { address, size }) => Math.max(most, address + size), 0);
  const only = group.length === 1 ? group[0] : undefined;
  if (only !== undefined && (await readPlain(reading, only))) return;
  const bytes = await file.data(start, end - start, dataset.path, { signal: options.signal });
  for (const chunk of group) {
    const at = chunk.address - start;
    await copyChunk(reading, chunk, bytes.subarray(at, at + chunk.size));
  }
}

/** Reads of a chunk without filters only what is wanted. Gives whether it was such a chunk. */
async function readPlain(reading: Reading, chunk: StoredChunk): Promise<boolean> {
  const { file, dataset, layout, chunkBytes, target, options } = reading;
  const move = moveOfChunk(reading, chunk);
  if (move === undefined) return true;
  if (dataset.filters.length > 0 || chunk.size !== chunkBytes) return false;
  if (elementCount(move.count) * layout.elementSize > chunkBytes / 2) return false;
  const array: Extent = { read: (at, count, each) => file.data(chunk.address + at, count, dataset.path, each) };
  await readRuns(array, move, layout.elementSize, target, options);
  return true;
}

async function copyChunk(reading: Reading, chunk: StoredChunk, stored: Uint8Array<ArrayBuffer>): Promise<void> {
  const { file, dataset, layout, chunkBytes, target } = reading;
  const place = { ...file.checked(chunk.address, chunk.size, dataset.path) };
  const plain = layout.plainEdges && isOverEdge(chunk, layout.chunk, dataset.shape);
  const bytes = await decodeChunk(stored, plain ? [] : dataset.filters, chunk.mask, chunkBytes, place);
  const move = moveOfChunk(reading, chunk);
  if (move !== undefined) copyRegion(move, bytes, target, layout.elementSize);
}

function isOverEdge({ start }: StoredChunk, chunk: readonly number[], shape: readonly number[]): boolean {
  return shape.some((dim, index) => (start[index] ?? 0) + (chunk[index] ?? 0) > dim);
}

/** Where the wanted elements of a chunk are in it and in the target; `undefined` if there are none. */
function moveOfChunk({ layout, region }: Reading, { start }: StoredChunk): Move | undefined {
  const { chunk } = layout;
  const shared = intersection(region, { start, count: chunk });
  if (shared === undefined) return undefined;
  return {
    fromShape: chunk,
    fromStart: shared.start.map((at, dim) => at - (start[dim] ?? 0)),
    toShape: region.count,
    toStart: shared.start.map((at, dim) => at - (region.start[dim] ?? 0)),
    count: shared.count,
  };
}
