import type { Region } from "@modelbytes/tensor";
import type { StoredLayout } from "../messages/layout.ts";
import type { MetadataReader } from "../metadata-reader.ts";

/** A chunk as stored. */
export interface StoredChunk {
  readonly address: number;
  /** Bytes as stored. */
  readonly size: number;
  /** Bit i: filter i was skipped. */
  readonly mask: number;
  /** Where its first element is in the dataset, along each dimension. */
  readonly start: readonly number[];
}

/** What the indexes need to know of a dataset to find the chunks of a region. */
export interface ChunkSpace {
  readonly layout: Extract<StoredLayout, { class: "chunked" }>;
  readonly maxShape: readonly (number | null)[];
  /** The first and the last chunk wanted along each dimension, counted in chunks. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** Bytes of a chunk before filters. */
  readonly chunkBytes: number;
  /** Whether the index holds sizes and masks. */
  readonly filtered: boolean;
  readonly path: string;
}

/** The first and the last chunk of a region along each dimension, counted in chunks. The region is not empty. */
export function chunkRange(
  chunk: readonly number[],
  { start, count }: Region,
): { readonly first: readonly number[]; readonly last: readonly number[] } {
  const first = chunk.map((size, dim) => Math.floor((start[dim] ?? 0) / size));
  const last = chunk.map((size, dim) => Math.floor(((start[dim] ?? 0) + (count[dim] ?? 0) - 1) / size));
  return { first, last };
}

/** The chunks of a region, in row-major order, each by its place in chunks. */
export function* chunkPlaces({ first, last }: ChunkSpace): Generator<readonly number[]> {
  const place = [...first];
  for (;;) {
    yield [...place];
    let dim = place.length - 1;
    while (dim >= 0 && place[dim] === last[dim]) {
      place[dim] = first[dim] ?? 0;
      dim--;
    }
    if (dim < 0) return;
    place[dim] = (place[dim] ?? 0) + 1;
  }
}

/** Whether the chunk at a place, in chunks, has elements of the region. */
export function isInRange({ first, last }: ChunkSpace, place: readonly number[]): boolean {
  return place.every((at, dim) => at >= (first[dim] ?? 0) && at <= (last[dim] ?? 0));
}

/** The element at which the chunk at a place begins. */
export function startOf({ layout }: ChunkSpace, place: readonly number[]): number[] {
  return place.map((at, dim) => at * (layout.chunk[dim] ?? 1));
}

/**
 * The number of a chunk in the arrays that hold one entry a chunk: row-major over as many chunks as the dataset may grow to, with the
 * dimension without limit, if there is one, as the slowest.
 */
export function chunkNumber({ layout, maxShape }: ChunkSpace, place: readonly number[]): number {
  const unlimited = maxShape.indexOf(null);
  const order = place.map((_, dim) => dim);
  if (unlimited > 0) order.unshift(...order.splice(unlimited, 1));
  let number = 0;
  for (const dim of order) {
    const most = maxShape[dim] ?? null;
    const along = most === null ? 0 : Math.ceil(most / (layout.chunk[dim] ?? 1));
    number = number * along + (place[dim] ?? 0);
  }
  return number;
}

/** An entry: A, and where chunks are filtered the stored size and the mask. `undefined` where there is no chunk. */
export function decodeEntry(
  reader: MetadataReader,
  entrySize: number,
  space: ChunkSpace,
  place: readonly number[],
): StoredChunk | undefined {
  const address = reader.address();
  const start = startOf(space, place);
  if (!space.filtered) return address === undefined ? undefined : { address, size: space.chunkBytes, mask: 0, start };
  const size = reader.uint(entrySize - reader.widths.offsetSize - 4);
  const mask = reader.uint32();
  return address === undefined ? undefined : { address, size, mask, start };
}
