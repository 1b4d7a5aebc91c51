import type { MetadataFile } from "../metadata-file.ts";
import type { Reading } from "../reading.ts";
import { chunksOfTree1 } from "./b-tree-1.ts";
import { chunksOfTree2 } from "./b-tree-2.ts";
import { type ChunkSpace, chunkNumber, chunkPlaces, type StoredChunk, startOf } from "./chunk.ts";
import { chunksOfExtensibleArray } from "./extensible-array.ts";
import { chunksOfFixedArray } from "./fixed-array.ts";

/** The chunks that hold elements of a region, as far as they were written. The region is not empty. */
export function* findChunks(file: MetadataFile, space: ChunkSpace): Reading<StoredChunk[]> {
  const { address, index } = space.layout;
  if (address === undefined) return [];
  switch (index.kind) {
    case "single": {
      const start = space.first.map(() => 0);
      return [{ address, size: index.size ?? space.chunkBytes, mask: index.mask, start }];
    }
    case "implicit":
      return [...chunkPlaces(space)].map((place) => {
        const at = address + chunkNumber(space, place) * space.chunkBytes;
        return { address: at, size: space.chunkBytes, mask: 0, start: startOf(space, place) };
      });
    case "b-tree-1":
      return yield* chunksOfTree1(file, address, space);
    case "b-tree-2":
      return yield* chunksOfTree2(file, address, space);
    case "fixed-array":
      return yield* chunksOfFixedArray(file, address, space);
    case "extensible-array":
      return yield* chunksOfExtensibleArray(file, address, space);
  }
}
