import { CHECKSUM_BYTES, verifyChecksum } from "../checksum.ts";
import type { MetadataFile } from "../metadata-file.ts";
import type { MetadataReader } from "../metadata-reader.ts";
import { all, type Reading } from "../reading.ts";
import { type ChunkSpace, chunkNumber, chunkPlaces, decodeEntry, type StoredChunk } from "./chunk.ts";

/**
 * A fixed array, the index of datasets that cannot grow without limit: an entry for each chunk.
 *
 *     header    "FAHD" 00 client, u8 entry size, u8 page bits, L entries, A data block, checksum
 *     block     "FADB" 00 client, header A, entries, checksum
 *     paged     "FADB" 00 client, header A, a bit for each page (the highest first), checksum, pages
 *
 * With more than 2^bits entries the block is paged; a page is 2^bits entries and a checksum, and whose bit is 0 was never written.
 */
export function* chunksOfFixedArray(file: MetadataFile, address: number, space: ChunkSpace): Reading<StoredChunk[]> {
  const { offsetSize, lengthSize } = file.superblock;
  const head = yield* file.read(address, 8 + lengthSize + offsetSize + CHECKSUM_BYTES, space.path);
  verifyChecksum(head, "a fixed array");
  head.signature("FAHD");
  head.version("a fixed array", 0);
  checkClient(head, space);
  const entrySize = head.uint8();
  const pageBits = head.uint8();
  const entries = head.length();
  const block = head.address();
  checkEntrySize(head, entrySize, space);
  if (pageBits > 32) throw head.corruptPiece("fixed-array", `pages of 2^${pageBits} entries`);
  if (block === undefined) return [];
  const array: Pages = { file, space, block, entrySize, entries, pageEntries: 2 ** pageBits };
  const places = [...chunkPlaces(space)].map((place) => ({ place, number: chunkNumber(space, place) }));
  if (places.some(({ number }) => number >= entries))
    throw head.corruptPiece("fixed-array", "fewer entries than chunks");
  const pages = yield* readPages(array, new Set(places.map(({ number }) => Math.floor(number / array.pageEntries))));
  return places.flatMap(({ place, number }) => {
    const page = pages.get(Math.floor(number / array.pageEntries));
    if (page === undefined) return [];
    page.position = (number % array.pageEntries) * entrySize;
    const chunk = decodeEntry(page, entrySize, space, place);
    return chunk === undefined ? [] : [chunk];
  });
}

/** Goes over the kind of entries that an array holds: 0 addresses, 1 addresses with sizes and masks. */
export function checkClient(reader: MetadataReader, space: ChunkSpace): void {
  const client = reader.uint8();
  if (client !== (space.filtered ? 1 : 0)) throw reader.corruptPiece("chunk-index", `an index of kind ${client}`);
}

/** Checks the size of an entry, in bytes. */
export function checkEntrySize(reader: MetadataReader, entrySize: number, space: ChunkSpace): void {
  const { offsetSize } = reader.widths;
  const sizeWidth = entrySize - offsetSize - 4;
  if (space.filtered ? sizeWidth >= 1 && sizeWidth <= 8 : entrySize === offsetSize) return;
  throw reader.corruptPiece("chunk-index", `an index with entries of ${entrySize} bytes`);
}

interface Pages {
  readonly file: MetadataFile;
  readonly space: ChunkSpace;
  readonly block: number;
  readonly entrySize: number;
  readonly entries: number;
  readonly pageEntries: number;
}

function* readPages(array: Pages, wanted: ReadonlySet<number>): Reading<Map<number, MetadataReader>> {
  const { file, space, block, entrySize, entries, pageEntries } = array;
  const paged = entries > pageEntries;
  const pageCount = Math.ceil(entries / pageEntries);
  const bitmapBytes = paged ? Math.ceil(pageCount / 8) : 0;
  const headBytes = 6 + file.superblock.offsetSize + bitmapBytes;
  const length = headBytes + (paged ? 0 : entries * entrySize) + CHECKSUM_BYTES;
  const reader = yield* file.read(block, length, space.path);
  verifyChecksum(reader, "a block of a fixed array");
  reader.signature("FADB");
  reader.version("a fixed array", 0);
  checkClient(reader, space);
  reader.address();
  const bitmap = reader.view(bitmapBytes);
  if (!paged) return new Map([[0, reader.piece(entries * entrySize)]]);
  const written = [...wanted].filter((page) => isSet(bitmap, page));
  const pageBytes = pageEntries * entrySize + CHECKSUM_BYTES;
  const pages = written.map(function* (page) {
    const inPage = Math.min(pageEntries, entries - page * pageEntries);
    const at = block + length + page * pageBytes;
    const piece = yield* file.read(at, inPage * entrySize + CHECKSUM_BYTES, space.path);
    verifyChecksum(piece, "a page of a fixed array");
    return [page, piece] as const;
  });
  return new Map(yield* all(pages));
}

/** Whether a bit is set, the highest of a byte being the first. */
export function isSet(bitmap: Uint8Array, bit: number): boolean {
  return ((bitmap[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}
