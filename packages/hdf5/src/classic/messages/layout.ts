import { MAX_RANK } from "../limits.ts";
import type { MetadataReader } from "../metadata-reader.ts";

/** How the chunks of a dataset are found; each kind has a file in `chunks/`. */
export type ChunkIndex =
  | { readonly kind: "b-tree-1" }
  | { readonly kind: "single"; readonly size: number | undefined; readonly mask: number }
  | { readonly kind: "implicit" }
  | { readonly kind: "fixed-array" }
  | { readonly kind: "extensible-array" }
  | { readonly kind: "b-tree-2" };

/** A decoded layout message. */
export type StoredLayout =
  | { readonly class: "compact"; readonly bytes: Uint8Array }
  | { readonly class: "contiguous"; readonly address: number | undefined; readonly size: number | undefined }
  | {
      readonly class: "chunked";
      readonly address: number | undefined;
      readonly chunk: readonly number[];
      /** Bytes of an element, which chunks repeat. */
      readonly elementSize: number;
      readonly index: ChunkIndex;
      /** Whether chunks that reach over the edge of the dataset are stored without filters. */
      readonly plainEdges: boolean;
    }
  /** The mappings to other datasets are an object of a global heap. */
  | { readonly class: "virtual"; readonly heap: number | undefined; readonly index: number };

/**
 * Message 0x08, where the elements lie.
 *
 *     versions 1, 2:  version, rank(+1 if chunked), class, 5 zero, [A unless compact], u32 dimensions, [u32 element size if chunked]
 *                     [u32 size, bytes if compact]
 *     version 3:      03 class     compact: u16 size, bytes     contiguous: A, L     chunked: u8 rank+1, A, u32 dimensions, u32 element size
 *     versions 4, 5:  the same but for chunked: flags, rank+1, bytes per dimension, dimensions (the last is the element size),
 *                     index kind, its parameters, A            virtual: A of a global heap, u32 index
 */
export function decodeLayout(reader: MetadataReader): StoredLayout {
  const version = reader.version("the layout message", 1, 2, 3, 4, 5);
  if (version < 3) return decodeOldLayout(reader);
  const kind = reader.uint8();
  if (kind === 0) return { class: "compact", bytes: reader.view(reader.uint16()) };
  if (kind === 1) return { class: "contiguous", address: reader.address(), size: reader.length() };
  if (kind === 3 && version > 3) return { class: "virtual", heap: reader.address(), index: reader.uint32() };
  if (kind !== 2) throw reader.corruptPiece("layout", `layout class ${kind} is unknown`);
  return version === 3 ? decodeChunked(reader) : decodeNewChunked(reader);
}

function decodeOldLayout(reader: MetadataReader): StoredLayout {
  const rank = reader.uint8();
  const kind = reader.uint8();
  reader.skip(5);
  if (kind > 2) throw reader.corruptPiece("layout", `layout class ${kind} is unknown`);
  const address = kind === 0 ? undefined : reader.address();
  const dims = decodeDimensions(reader, rank, 4);
  if (kind === 0) return { class: "compact", bytes: reader.view(reader.uint32()) };
  if (kind === 1) return { class: "contiguous", address, size: undefined };
  return chunksInTree(reader, address, dims);
}

/** Chunks in a B-tree of version 1, as both older forms of the message have them. */
function chunksInTree(
  reader: MetadataReader,
  address: ReturnType<MetadataReader["address"]>,
  dims: ReturnType<typeof decodeDimensions>,
): StoredLayout {
  return {
    class: "chunked",
    address,
    ...splitDimensions(reader, dims),
    index: { kind: "b-tree-1" },
    plainEdges: false,
  };
}

function decodeChunked(reader: MetadataReader): StoredLayout {
  const rank = reader.uint8();
  const address = reader.address();
  const dims = decodeDimensions(reader, rank, 4);
  return chunksInTree(reader, address, dims);
}

function decodeNewChunked(reader: MetadataReader): StoredLayout {
  const flags = reader.uint8();
  const rank = reader.uint8();
  const width = reader.uint8();
  if (width < 1 || width > 8) throw reader.corruptPiece("layout", `dimensions of ${width} bytes`);
  const dims = splitDimensions(reader, decodeDimensions(reader, rank, width));
  const index = decodeIndex(reader, flags);
  return { class: "chunked", address: reader.address(), ...dims, index, plainEdges: (flags & PLAIN_EDGES) !== 0 };
}

/** Flags: chunks over the edge are not filtered; the single chunk is. */
const PLAIN_EDGES = 1;
const SINGLE_FILTERED = 2;

function decodeIndex(reader: MetadataReader, flags: number): ChunkIndex {
  const kind = reader.uint8();
  switch (kind) {
    case 1:
      if ((flags & SINGLE_FILTERED) === 0) return { kind: "single", size: undefined, mask: 0 };
      return { kind: "single", size: reader.length(), mask: reader.uint32() };
    case 2:
      return { kind: "implicit" };
    case 3:
      reader.skip(1); // as in the array's own header, which counts; so below
      return { kind: "fixed-array" };
    case 4:
      reader.skip(5);
      return { kind: "extensible-array" };
    case 5:
      reader.skip(6);
      return { kind: "b-tree-2" };
    default:
      throw reader.corruptPiece("chunk-index", `chunk index ${kind} is unknown`);
  }
}

function decodeDimensions(reader: MetadataReader, rank: number, width: number): number[] {
  if (rank > MAX_RANK + 1) throw reader.corruptPiece("rank", `a layout of ${rank} dimensions`);
  return Array.from({ length: rank }, () => reader.uint(width));
}

/** The shape of a chunk, and the size of an element, which is stored as if it were a dimension more. */
function splitDimensions(reader: MetadataReader, dims: readonly number[]): { chunk: number[]; elementSize: number } {
  const chunk = dims.slice(0, -1);
  const elementSize = dims.at(-1) ?? 0;
  if (chunk.length > 0 && !dims.includes(0)) return { chunk, elementSize };
  throw reader.corruptPiece("layout", `chunks of [${dims.join(", ")}] hold nothing`);
}
