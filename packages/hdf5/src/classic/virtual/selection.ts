import type { MetadataReader } from "../metadata-reader.ts";

/**
 * The elements of a dataset that a virtual dataset takes, or gives: along each dimension `count` blocks of `block` elements, `stride`
 * apart. Counted row-major, the elements of two selections belong together one by one.
 *
 *     u32 kind      0 none   u32 version 1, 8 bytes
 *                   2 blocks, version 1:  4 zero, u32 bytes, u32 rank, u32 blocks, blocks: first corner, last corner, u32 each
 *                             version 2:  u8 flags (1 regular), u32 bytes, u32 rank, u64 start, stride, count, block a dimension
 *                             version 3:  u8 flags, u8 width, u32 rank, the same with that width; or number of blocks, corners
 *                   3 all    u32 version 1, 8 bytes
 */
export type Selection = { readonly kind: "all" } | { readonly kind: "none" } | Blocks;

/** Regular blocks along each dimension. */
export interface Blocks {
  readonly kind: "blocks";
  readonly dims: readonly Dim[];
}

/** Along one dimension. */
export interface Dim {
  readonly start: number;
  readonly stride: number;
  readonly count: number;
  readonly block: number;
}

const NONE = 0;
const BLOCKS = 2;
const ALL = 3;
const REGULAR = 1;
const MAX_RANK = 32;

/** Decodes a selection. Throws an `UnsupportedError` (`"virtual"`) for points, irregular blocks and such without end. */
export function decodeSelection(reader: MetadataReader): Selection {
  const kind = reader.uint32();
  if (kind === NONE || kind === ALL) {
    reader.version("a selection", 1);
    reader.skip(3 + 8);
    return { kind: kind === ALL ? "all" : "none" };
  }
  if (kind !== BLOCKS) throw reader.unsupported("virtual", `a virtual dataset of a selection of kind ${kind}`);
  const version = reader.version("a selection", 1, 2, 3);
  reader.skip(3);
  const flags = version === 1 ? 0 : reader.uint8();
  const width = version === 3 ? reader.uint8() : version === 2 ? 8 : 4;
  if (width !== 2 && width !== 4 && width !== 8) throw reader.corruptPiece("virtual", `numbers of ${width} bytes`);
  if (version !== 3) reader.skip(version === 1 ? 8 : 4);
  const rank = reader.uint32();
  if (rank === 0 || rank > MAX_RANK) throw reader.corruptPiece("rank", `a selection of ${rank} dimensions`);
  if ((flags & REGULAR) === 0) return { kind: "blocks", dims: decodeCorners(reader, rank, width) };
  const dims: Dim[] = [];
  while (dims.length < rank) {
    const [start, stride, count, block] = [0, 0, 0, 0].map(() => decodeNumber(reader, width));
    dims.push(checked(reader, { start: start ?? 0, stride: stride ?? 0, count: count ?? 0, block: block ?? 0 }));
  }
  return { kind: "blocks", dims };
}

function decodeNumber(reader: MetadataReader, width: number): number {
  const bytes = reader.view(width);
  if (bytes.every((byte) => byte === 0xff)) {
    throw reader.unsupported("virtual", "a virtual dataset of a selection without end");
  }
  reader.position -= width;
  return reader.uint(width);
}

function checked(reader: MetadataReader, dim: Dim): Dim {
  const { start, stride, count, block } = dim;
  const stop = start + Math.max(0, count - 1) * stride + block;
  if (count > 0 && block > 0 && (count === 1 || stride >= block) && Number.isSafeInteger(stop)) return dim;
  throw reader.corruptPiece("virtual", "a selection whose blocks are empty or lie over each other");
}

/** Blocks as a list of their corners: what is regular has the same ranges along a dimension whatever the others are. */
function decodeCorners(reader: MetadataReader, rank: number, width: number): Dim[] {
  const blocks = reader.uint(width);
  if (blocks === 0 || blocks * 2 * rank * width > reader.remaining)
    throw reader.corruptPiece("virtual", `a selection of ${blocks} blocks`);
  const ranges = Array.from({ length: rank }, () => new Map<number, number>());
  let isRegular = true;
  for (let index = 0; index < blocks; index++) {
    const first = ranges.map(() => reader.uint(width));
    for (const [dim, range] of ranges.entries()) {
      const start = first[dim] ?? 0;
      const stop = reader.uint(width) + 1;
      isRegular &&= (range.get(start) ?? stop) === stop;
      range.set(start, stop);
    }
  }
  const dims = ranges.map((range) => regular(range));
  isRegular &&= ranges.reduce((product, { size }) => product * size, 1) === blocks;
  const known = dims.filter((dim) => dim !== undefined);
  if (!isRegular || known.length < rank)
    throw reader.unsupported("virtual", "a virtual dataset of a selection that is not regular");
  return known.map((dim) => checked(reader, dim));
}

/** Ranges of one size and distance as blocks along a dimension. */
function regular(ranges: ReadonlyMap<number, number>): Dim | undefined {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const [start, stop] = sorted[0] ?? [0, 0];
  const block = stop - start;
  const stride = (sorted[1]?.[0] ?? start + block) - start;
  const same = sorted.every(([from, to], index) => from === start + index * stride && to - from === block);
  return same ? { start, stride, count: sorted.length, block } : undefined;
}

/** Selected elements along a dimension. */
export function lengthOf({ count, block }: Dim): number {
  return count * block;
}

/** Where element `index` of those selected along a dimension is. */
export function coordinateOf({ start, stride, block }: Dim, index: number): number {
  return start + Math.floor(index / block) * stride + (index % block);
}

/** How many selected elements of a dimension come before a coordinate. */
export function indexOf({ start, stride, count, block }: Dim, coordinate: number): number {
  if (coordinate <= start) return 0;
  const nth = Math.min(count - 1, Math.floor((coordinate - start) / stride));
  return nth * block + Math.min(block, coordinate - start - nth * stride);
}

/** A selection of a dataset as blocks, which have to be inside it; `undefined` for none. */
export function within(selection: Selection, shape: readonly number[]): readonly Dim[] | undefined {
  if (selection.kind === "none" || shape.includes(0)) return undefined;
  if (selection.kind === "all") return shape.map((size) => ({ start: 0, stride: size, count: 1, block: size }));
  return selection.dims;
}

/** Whether all that blocks take is inside a shape. */
export function isInside(dims: readonly Dim[], shape: readonly number[]): boolean {
  if (dims.length !== shape.length) return false;
  return dims.every((dim, index) => coordinateOf(dim, lengthOf(dim) - 1) < (shape[index] ?? 0));
}
