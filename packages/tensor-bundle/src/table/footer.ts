import { ByteReader, ByteWriter, type Place } from "@modelbytes/bytes";

/**
 * The last 48 bytes of a table: where its two special blocks are.
 *
 *     ┌───────────────────────┬───────────────────┬─────────────────┬─────────────────────────────┐
 *     │ metaindex handle      │ index handle      │ zeros to 40     │ 57 fb 80 8b 24 75 47 db     │
 *     └───────────────────────┴───────────────────┴─────────────────┴─────────────────────────────┘
 *     a handle is   varint64 offset ‖ varint64 size
 *
 * The magic number is LevelDB's, the low word first. What fills the gap is never looked at.
 */

/** Where a block is in its file, in bytes. `size` does not count the block's trailer. */
export interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

export interface Footer {
  /** An empty block in every bundle; nothing reads it. */
  readonly metaindex: BlockHandle;
  readonly index: BlockHandle;
}

export const FOOTER_BYTES = 48;

const MAGIC_LOW = 0x8b80fb57;
const MAGIC_HIGH = 0xdb477524;
const HANDLE_BYTES = 40;

/** `bytes` are the last 48 of the file, which begins at `place.offset`. Throws a `CorruptError` if they are no footer. */
export function decodeFooter(bytes: Uint8Array, place: Place): Footer {
  const reader = new ByteReader(bytes, place);
  reader.skip(HANDLE_BYTES);
  if (reader.uint32() !== MAGIC_LOW || reader.uint32() !== MAGIC_HIGH) {
    const reason =
      "no TensorFlow checkpoint, or its end is missing: the last 8 bytes are not the magic number of a table";
    throw reader.corrupt("magic", reason, HANDLE_BYTES);
  }
  const handles = new ByteReader(bytes.subarray(0, HANDLE_BYTES), place);
  return { metaindex: decodeHandle(handles), index: decodeHandle(handles) };
}

export function encodeFooter({ metaindex, index }: Footer): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  encodeHandle(to, metaindex);
  encodeHandle(to, index);
  to.zeros(HANDLE_BYTES - to.length);
  return to.uint32(MAGIC_LOW).uint32(MAGIC_HIGH).finish();
}

export function decodeHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() };
}

export function encodeHandle(to: ByteWriter, { offset, size }: BlockHandle): void {
  to.varint(offset).varint(size);
}
