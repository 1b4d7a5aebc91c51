import { CHECKSUM_BYTES, verifyChecksum } from "../checksum.ts";
import type { MetadataFile } from "../metadata-file.ts";
import type { MetadataReader } from "../metadata-reader.ts";
import { all, type Reading, Shared } from "../reading.ts";
import { type ChunkSpace, chunkNumber, chunkPlaces, decodeEntry, type StoredChunk } from "./chunk.ts";
import { checkClient, checkEntrySize, isSet } from "./fixed-array.ts";

/**
 * An extensible array, the index of datasets with one dimension without limit: an entry for each chunk.
 *
 *     header        "EAHD" 00 client, u8 entry size, u8 bits of the most entries, u8 entries in the index block, u8 least entries of a
 *                   data block, u8 least data blocks of a super block, u8 page bits, 6 × L statistics, A index block, checksum
 *     index block   "EAIB" 00 client, header A, entries, data blocks A …, super blocks A …, checksum
 *     super block   "EASB" 00 client, header A, block offset, page bits of each data block, data blocks A …, checksum
 *     data block    "EADB" 00 client, header A, block offset, entries, checksum; or paged as in a fixed array
 *
 * Entries behind those of the index block are grouped: group g has 2^⌊g/2⌋ data blocks of (least × 2^⌈g/2⌉) entries. The first
 * groups' data blocks are in the index block, each later group has a super block.
 */
interface EntryArray {
  readonly file: MetadataFile;
  readonly space: ChunkSpace;
  readonly entrySize: number;
  readonly inIndex: number;
  readonly least: number;
  readonly pageEntries: number;
  /** Groups without a super block. */
  readonly directGroups: number;
  readonly groups: readonly Group[];
  /** Bytes of a block offset. */
  readonly offsetBytes: number;
  readonly blocks: Shared<number, MetadataReader>;
}

interface Group {
  readonly dataBlocks: number;
  readonly entries: number;
  readonly firstEntry: number;
  readonly firstBlock: number;
}

/** The chunks of a region. */
export function* chunksOfExtensibleArray(
  file: MetadataFile,
  address: number,
  space: ChunkSpace,
): Reading<StoredChunk[]> {
  const { offsetSize, lengthSize } = file.superblock;
  const head = yield* file.read(address, 12 + 6 * lengthSize + offsetSize + CHECKSUM_BYTES, space.path);
  verifyChecksum(head, "an extensible array");
  const { array, index } = decodeHeader(file, head, space);
  if (index === undefined) return [];
  const indexBytes = indexBlockBytes(array);
  const root = yield* file.read(index, indexBytes, space.path);
  verifyChecksum(root, "the index of an extensible array");
  root.signature("EAIB");
  const found = yield* all(
    [...chunkPlaces(space)].map((place) => chunkAt(array, root, place, chunkNumber(space, place))),
  );
  return found.filter((chunk) => chunk !== undefined);
}

function decodeHeader(
  file: MetadataFile,
  head: MetadataReader,
  space: ChunkSpace,
): { array: EntryArray; index: number | undefined } {
  head.signature("EAHD");
  head.version("an extensible array", 0);
  checkClient(head, space);
  const entrySize = head.uint8();
  const maxBits = head.uint8();
  const inIndex = head.uint8();
  const least = head.uint8();
  const leastBlocks = head.uint8();
  const pageBits = head.uint8();
  for (let left = 6; left > 0; left--) head.length();
  const index = head.address();
  checkEntrySize(head, entrySize, space);
  const powers = [least, leastBlocks].every((value) => value > 0 && Number.isInteger(Math.log2(value)));
  if (!powers || maxBits > 64 || maxBits < Math.log2(least) || pageBits > 32) {
    throw head.corruptPiece("extensible-array", "an extensible array whose sizes contradict each other");
  }
  const groups: Group[] = [];
  for (let firstEntry = 0, firstBlock = 0, group = 0; group < 1 + maxBits - Math.log2(least); group++) {
    const dataBlocks = 2 ** Math.floor(group / 2);
    const entries = least * 2 ** Math.ceil(group / 2);
    groups.push({ dataBlocks, entries, firstEntry, firstBlock });
    firstEntry += dataBlocks * entries;
    firstBlock += dataBlocks;
  }
  const directGroups = 2 * Math.log2(leastBlocks);
  const offsetBytes = Math.ceil(maxBits / 8);
  const pageEntries = 2 ** pageBits;
  const array = {
    file,
    space,
    entrySize,
    inIndex,
    least,
    pageEntries,
    directGroups,
    groups,
    offsetBytes,
    blocks: new Shared<number, MetadataReader>(),
  };
  return { array, index };
}

function indexBlockBytes({ file, entrySize, inIndex, directGroups, groups }: EntryArray): number {
  const direct = groups.slice(0, directGroups).reduce((sum, { dataBlocks }) => sum + dataBlocks, 0);
  const blocks = direct + Math.max(0, groups.length - directGroups);
  return 6 + file.superblock.offsetSize * (1 + blocks) + inIndex * entrySize + CHECKSUM_BYTES;
}

function* chunkAt(
  array: EntryArray,
  root: MetadataReader,
  place: readonly number[],
  number: number,
): Reading<StoredChunk | undefined> {
  const { file, space, entrySize, inIndex, least, groups, directGroups } = array;
  const { offsetSize } = file.superblock;
  const headBytes = 6 + offsetSize;
  if (number < inIndex) {
    root.position = headBytes + number * entrySize;
    return decodeEntry(root, entrySize, space, place);
  }
  const entry = number - inIndex;
  const groupNumber = Math.floor(Math.log2(entry / least + 1));
  const group = groups[groupNumber];
  if (group === undefined) throw root.corruptPiece("extensible-array", `chunk ${number} is beyond its index`);
  const inGroup = entry - group.firstEntry;
  const block = Math.floor(inGroup / group.entries);
  const addresses = headBytes + inIndex * entrySize;
  if (groupNumber < directGroups) {
    root.position = addresses + (group.firstBlock + block) * offsetSize;
    return yield* entryOf(array, group, root.address(), inGroup % group.entries, () => true, place);
  }
  const direct = groups.slice(0, directGroups).reduce((sum, { dataBlocks }) => sum + dataBlocks, 0);
  root.position = addresses + (direct + groupNumber - directGroups) * offsetSize;
  const superAddress = root.address();
  if (superAddress === undefined) return undefined;
  const pages = pagesOf(array, group);
  const bitmapBytes = group.dataBlocks * Math.ceil(pages / 8);
  const bytes = headBytes + array.offsetBytes + bitmapBytes + group.dataBlocks * offsetSize + CHECKSUM_BYTES;
  const superBlock = yield* blockAt(array, superAddress, bytes, "EASB");
  superBlock.position = headBytes + array.offsetBytes;
  const bitmap = superBlock.view(bitmapBytes);
  superBlock.skip(block * offsetSize);
  const isWritten = (page: number) => isSet(bitmap, block * pages + page);
  return yield* entryOf(array, group, superBlock.address(), inGroup % group.entries, isWritten, place);
}

/** Pages of a data block; 0 where it is not paged. */
function pagesOf({ pageEntries }: EntryArray, { entries }: Group): number {
  return entries > pageEntries ? entries / pageEntries : 0;
}

function* entryOf(
  array: EntryArray,
  group: Group,
  address: number | undefined,
  entry: number,
  isWritten: (page: number) => boolean,
  place: readonly number[],
): Reading<StoredChunk | undefined> {
  if (address === undefined) return undefined;
  const { file, space, entrySize, pageEntries, offsetBytes } = array;
  const headBytes = 6 + file.superblock.offsetSize + offsetBytes;
  if (pagesOf(array, group) === 0) {
    const block = yield* blockAt(array, address, headBytes + group.entries * entrySize + CHECKSUM_BYTES, "EADB");
    block.position = headBytes + entry * entrySize;
    return decodeEntry(block, entrySize, space, place);
  }
  const page = Math.floor(entry / pageEntries);
  if (!isWritten(page)) return undefined;
  yield* blockAt(array, address, headBytes + CHECKSUM_BYTES, "EADB");
  const pageBytes = pageEntries * entrySize + CHECKSUM_BYTES;
  const entries = yield* blockAt(array, address + headBytes + CHECKSUM_BYTES + page * pageBytes, pageBytes, "");
  entries.position = (entry % pageEntries) * entrySize;
  return decodeEntry(entries, entrySize, space, place);
}

/** A block whose checksum holds; each is read once. */
function blockAt(array: EntryArray, address: number, bytes: number, signature: string): Reading<MetadataReader> {
  return array.blocks.of(address, function* () {
    const reader = yield* array.file.read(address, bytes, array.space.path);
    reader.signature(signature);
    verifyChecksum(reader, "a block of an extensible array");
    return reader;
  });
}
