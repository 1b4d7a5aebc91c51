import { readRecords } from "../b-tree-2.ts";
import type { MetadataFile } from "../metadata-file.ts";
import type { Reading } from "../reading.ts";
import { type ChunkSpace, decodeEntry, isInRange, type StoredChunk } from "./chunk.ts";

/**
 * The chunks of a region in a B-tree of version 2, the index of datasets with two or more dimensions without limit. A record is an
 * entry (type 11: with size and mask; type 10: without) and the chunk's place in chunks, 8 bytes a dimension.
 */
export function* chunksOfTree2(file: MetadataFile, address: number, space: ChunkSpace): Reading<StoredChunk[]> {
  const rank = space.layout.chunk.length;
  const records = yield* readRecords(file, address, space.filtered ? 11 : 10, space.path);
  return records.flatMap((record) => {
    const entrySize = record.end - 8 * rank;
    record.skip(entrySize);
    const place = Array.from({ length: rank }, () => record.uint(8));
    if (!isInRange(space, place)) return [];
    record.position = 0;
    const chunk = decodeEntry(record, entrySize, space, place);
    return chunk === undefined ? [] : [chunk];
  });
}
