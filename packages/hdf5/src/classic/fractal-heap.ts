import { readRecords } from "./b-tree-2.ts";
import { Budget } from "./budget.ts";
import { CHECKSUM_BYTES, lookup3, verifyChecksum } from "./checksum.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { type Reading, Shared } from "./reading.ts";

/**
 * A fractal heap, where groups and objects keep links and attributes once there are many.
 *
 *     header            "FRHP" 00, u16 id length, u16 filter length, flags, u32 most of managed, L next huge id, huge B-tree A, 8 × L
 *                       or A of statistics, u16 width, L starting block, L most of direct, u16 heap bits, u16 starting rows, root A, u16 rows
 *     direct block      "FHDB" 00, header A, block offset, [checksum: flag 2], objects
 *     indirect block    "FHIB" 00, header A, block offset, child A …, checksum
 *
 * Managed objects lie in one space of 2^bits bytes that a table of blocks covers, `width` blocks a row; rows 0 and 1 have blocks
 * of the starting size, each further row blocks twice as large. Rows of blocks above the largest direct size have indirect blocks.
 * An id is a byte (kind in bits 4-5), then for managed objects (0) offset and length, for huge ones (1) the key of a record in the
 * huge B-tree, for tiny ones (2) the object itself.
 */
interface Shape {
  readonly idLength: number;
  readonly checksums: boolean;
  readonly huge: number | undefined;
  readonly width: number;
  readonly start: number;
  readonly largestDirect: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly root: number | undefined;
  readonly rows: number;
}

/** Where a direct block begins in the heap's space, and its bytes, its checksum verified. */
interface DirectBlock {
  readonly offset: number;
  readonly reader: MetadataReader;
}

/** An open fractal heap. Blocks are verified once. */
export class FractalHeap {
  readonly #file: MetadataFile;
  readonly #path: string;
  readonly #shape: Shape;
  readonly #budget: Budget;
  readonly #blocks = new Shared<number, DirectBlock>();
  readonly #tables = new Shared<number, MetadataReader>();
  readonly #huge = new Shared<number, ReadonlyMap<number, MetadataReader>>();

  private constructor(file: MetadataFile, path: string, shape: Shape) {
    this.#file = file;
    this.#path = path;
    this.#shape = shape;
    this.#budget = new Budget(file.size);
  }

  /** Reads the header. Throws an `UnsupportedError` (`"filtered-heap"`) for a heap whose blocks are compressed. */
  static *open(file: MetadataFile, address: number, path: string): Reading<FractalHeap> {
    const { offsetSize, lengthSize } = file.superblock;
    const head = yield* file.read(address, 26 + 12 * lengthSize + 3 * offsetSize, path);
    const shape = decodeHeader(head);
    verifyChecksum(head, "a fractal heap");
    return new FractalHeap(file, path, shape);
  }

  /** The object of an id. */
  *object(id: MetadataReader): Reading<MetadataReader> {
    id.position = 0;
    const kind = id.uint8() >> 4;
    if (kind === 0) return yield* this.#managed(id);
    if (kind === 1) return yield* this.#hugeObject(id);
    if (kind === 2) return this.#tiny(id);
    throw id.corruptPiece("heap-id", `an object of kind ${kind} in a fractal heap`);
  }

  *#managed(id: MetadataReader): Reading<MetadataReader> {
    const offset = id.uint(this.#shape.offsetBytes);
    const length = id.uint(this.#shape.lengthBytes);
    const block = yield* this.#blockOf(offset, id);
    const at = offset - block.offset;
    if (at + length > block.reader.end) throw id.corruptPiece("heap-id", "an object beyond the block that it is in");
    const found = block.reader.copy();
    found.position = at;
    return found.piece(length);
  }

  #tiny(id: MetadataReader): MetadataReader {
    const extended = this.#shape.idLength > 17;
    id.position = 0;
    const low = id.uint8() & 15;
    return id.piece((extended ? low * 256 + id.uint8() : low) + 1);
  }

  *#hugeObject(id: MetadataReader): Reading<MetadataReader> {
    const { offsetSize, lengthSize } = this.#file.superblock;
    const direct = this.#shape.idLength > offsetSize + lengthSize;
    const record = direct ? id : yield* this.#hugeRecord(id);
    return yield* this.#file.read(record.definedAddress("an object"), record.length(), this.#path);
  }

  /** Record type 1: A, L, and the id as L. */
  *#hugeRecord(id: MetadataReader): Reading<MetadataReader> {
    const { huge, idLength } = this.#shape;
    const { lengthSize } = this.#file.superblock;
    if (huge === undefined) throw id.corruptPiece("heap-id", "a huge object in a heap that has none");
    const records = yield* this.#huge.of(huge, () => this.#hugeRecords(huge));
    const record = records.get(id.uint(Math.min(idLength - 1, lengthSize)));
    if (record === undefined) throw id.corruptPiece("heap-id", "a huge object that is not in its heap");
    record.position = 0;
    return record;
  }

  *#hugeRecords(address: number): Reading<ReadonlyMap<number, MetadataReader>> {
    const { offsetSize, lengthSize } = this.#file.superblock;
    const records = yield* readRecords(this.#file, address, 1, this.#path);
    return new Map(
      records.map((record) => {
        record.position = offsetSize + lengthSize;
        return [record.length(), record] as const;
      }),
    );
  }

  /** The direct block that has byte `offset` of the heap's space. */
  *#blockOf(offset: number, id: MetadataReader): Reading<DirectBlock> {
    const { root, rows, start } = this.#shape;
    if (root === undefined) throw id.corruptPiece("heap-id", "an object in an empty fractal heap");
    if (rows === 0) return yield* this.#direct(root, 0, start, id);
    let address = root;
    let base = 0;
    let count = rows;
    for (;;) {
      const row = this.#rowOf(offset - base, count, id);
      const index = Math.floor((offset - base - row.offset) / row.block);
      const child = yield* this.#child(address, count, row.row * this.#shape.width + index, id);
      base += row.offset + index * row.block;
      if (row.block <= this.#shape.largestDirect) return yield* this.#direct(child, base, row.block, id);
      address = child;
      count = Math.log2(row.block) - Math.log2(start * this.#shape.width) + 1;
    }
  }

  #rowOf(offset: number, rows: number, id: MetadataReader): { row: number; offset: number; block: number } {
    const { start, width } = this.#shape;
    for (let row = 0, at = 0; row < rows; row++) {
      const block = start * 2 ** Math.max(0, row - 1);
      if (offset < at + width * block) return { row, offset: at, block };
      at += width * block;
    }
    throw id.corruptPiece("heap-id", `byte ${offset} is beyond its fractal heap`);
  }

  *#child(address: number, rows: number, index: number, id: MetadataReader): Reading<number> {
    const { offsetBytes } = this.#shape;
    const { offsetSize } = this.#file.superblock;
    const table = yield* this.#tables.of(address, () => this.#readIndirect(address, rows));
    table.position = 5 + offsetSize + offsetBytes + index * offsetSize;
    const child = table.address();
    if (child === undefined) throw id.corruptPiece("heap-id", "an object in a block that is not there");
    return child;
  }

  *#readIndirect(address: number, rows: number): Reading<MetadataReader> {
    const { width, offsetBytes } = this.#shape;
    const { offsetSize } = this.#file.superblock;
    const bytes = 5 + offsetSize + offsetBytes + rows * width * offsetSize + CHECKSUM_BYTES;
    const reader = yield* this.#file.read(address, bytes, this.#path);
    this.#budget.spend(bytes, reader);
    reader.signature("FHIB");
    verifyChecksum(reader, "a block of a fractal heap");
    return reader;
  }

  #direct(address: number, offset: number, length: number, id: MetadataReader): Reading<DirectBlock> {
    return this.#blocks.of(address, () => this.#readDirect(address, offset, length, id));
  }

  *#readDirect(address: number, offset: number, length: number, id: MetadataReader): Reading<DirectBlock> {
    const { offsetBytes, checksums } = this.#shape;
    const reader = yield* this.#file.read(address, length, this.#path);
    this.#budget.spend(length, reader);
    reader.signature("FHDB");
    reader.version("a block of a fractal heap", 0);
    reader.skip(this.#file.superblock.offsetSize);
    if (reader.uint(offsetBytes) !== offset)
      throw id.corruptPiece("heap-block", "a block of another place in the heap");
    if (!checksums) return { offset, reader };
    const stored = reader.uint32();
    const copy = reader.bytes.slice(); // its own four bytes count as zero
    copy.fill(0, reader.position - CHECKSUM_BYTES, reader.position);
    if (lookup3(copy) === stored) return { offset, reader };
    throw reader.corruptPiece("metadata-checksum", "the checksum of a block of a fractal heap does not hold");
  }
}

function decodeHeader(head: MetadataReader): Shape {
  head.signature("FRHP");
  head.version("a fractal heap", 0);
  const idLength = head.uint16();
  const filterLength = head.uint16();
  const checksums = (head.uint8() & 2) !== 0;
  const largestManaged = head.uint32();
  head.length();
  const huge = head.address();
  head.length();
  head.address();
  for (let left = 8; left > 0; left--) head.length();
  const width = head.uint16();
  const start = head.length();
  const largestDirect = head.length();
  const bits = head.uint16();
  head.skip(2);
  const root = head.address();
  const rows = head.uint16();
  if (filterLength > 0) throw head.unsupported("filtered-heap", "a fractal heap whose blocks are compressed");
  const offsetBytes = Math.ceil(bits / 8);
  const lengthBytes = Math.min(Math.ceil(Math.log2(largestDirect) / 8), Math.floor(Math.log2(largestManaged) / 8) + 1);
  const sound = isPowerOf2(width) && isPowerOf2(start) && isPowerOf2(largestDirect) && largestManaged > 0;
  const inside = largestDirect >= start && largestDirect <= 2 ** 32 && bits > 0 && bits <= 64 && rows <= 64;
  if (!sound || !inside || idLength < 1 + offsetBytes + lengthBytes) {
    throw head.corruptPiece("heap", "a fractal heap whose sizes contradict each other");
  }
  return { idLength, checksums, huge, width, start, largestDirect, offsetBytes, lengthBytes, root, rows };
}

function isPowerOf2(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
