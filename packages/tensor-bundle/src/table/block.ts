import { ByteReader, CorruptError, type Place } from "@modelbytes/bytes";
import type { BlockContents } from "./trailer.ts";

/**
 * A block: sorted keys with their values, each key without the bytes that it shares with the key before.
 *
 *     entry        varint32 shared ‖ varint32 unshared ‖ varint32 value length ‖ unshared bytes of the key ‖ value
 *     block        entry … entry ‖ uint32 restart … ‖ uint32 number of restarts
 *
 * A restart is the offset of an entry that shares nothing, so that a search can begin there: every 16th entry, in an index block
 * every one. A block without restarts is empty.
 */

export interface BlockEntry {
  readonly key: Uint8Array;
  /** A view of the block. */
  readonly value: Uint8Array;
  /** Where the value begins, for errors about it. */
  readonly place: Place;
}

const RESTART_BYTES = 4;

/** The entries of a block that begins at `place.offset`, in order. Throws a `CorruptError` at the first that breaks a rule. */
export function* readBlock(block: BlockContents, place: Place): Generator<BlockEntry> {
  if (!block.compressed) {
    const { file, offset: start = 0 } = place;
    yield* entries(block.bytes, place, (offset) => ({ file, offset: start + offset }));
    return;
  }
  try {
    yield* entries(block.bytes, {}, () => place);
  } catch (cause) {
    if (!(cause instanceof CorruptError) || cause.file !== undefined) throw cause;
    throw new CorruptError(cause.code, `${cause.message} (counted in the decompressed block)`, { ...place, cause });
  }
}

function* entries(block: Uint8Array, place: Place, placeOf: (offset: number) => Place): Generator<BlockEntry> {
  const restarts = readRestarts(block, place);
  if (restarts.count === 0 || (restarts.start === 0 && restarts.count === 1 && restarts.offset(0) === 0)) return;
  const reader = new ByteReader(block.subarray(0, restarts.start), place);
  let key: Uint8Array = new Uint8Array(0);
  let seen = 0;
  while (reader.remaining > 0) {
    const at = reader.position;
    const shared = reader.varint32();
    const unshared = reader.varint32();
    const valueLength = reader.varint32();
    if (shared > key.length) {
      throw reader.corrupt("block-entry", `a key shares ${shared} bytes with one of ${key.length}`, at);
    }
    if (seen < restarts.count && restarts.offset(seen) === at) {
      seen++;
      if (shared !== 0)
        throw reader.corrupt("block-restart", `the entry at a restart shares ${shared} bytes of its key`, at);
    }
    const restAt = reader.position;
    reader.skip(unshared);
    key = keyOf(key, shared, block, restAt, unshared);
    const valueAt = reader.position;
    yield { key, value: reader.view(valueLength), place: placeOf(valueAt) };
  }
  if (seen < restarts.count) {
    throw reader.corrupt(
      "block-restart",
      `restart ${seen} points to byte ${restarts.offset(seen)}, where no entry begins`,
    );
  }
}

function readRestarts(
  block: Uint8Array,
  place: Place,
): { count: number; start: number; offset: (restart: number) => number } {
  const tail = new ByteReader(block, place);
  if (block.length < RESTART_BYTES)
    throw tail.corrupt("block-restart", `a block of ${block.length} bytes has no restarts`);
  tail.skip(block.length - RESTART_BYTES);
  const count = tail.uint32();
  const start = block.length - RESTART_BYTES * (count + 1);
  if (start < 0) {
    const reason = `a block of ${block.length} bytes claims ${count} restarts`;
    throw tail.corrupt("block-restart", reason, block.length - RESTART_BYTES);
  }
  const view = new DataView(block.buffer, block.byteOffset + start, RESTART_BYTES * count);
  return { count, start, offset: (restart) => view.getUint32(RESTART_BYTES * restart, true) };
}

/** A key put together. Loops, as keys are short and there may be millions of them. */
function keyOf(previous: Uint8Array, shared: number, block: Uint8Array, restAt: number, unshared: number): Uint8Array {
  const key = new Uint8Array(shared + unshared);
  for (let at = 0; at < shared; at++) key[at] = previous[at] ?? 0;
  for (let at = 0; at < unshared; at++) key[shared + at] = block[restAt + at] ?? 0;
  return key;
}
