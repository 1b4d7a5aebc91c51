import { readRecords } from "./b-tree-2.ts";
import { FractalHeap } from "./fractal-heap.ts";
import type { DenseStorage } from "./messages/link.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { all, both, type Reading } from "./reading.ts";

/**
 * Links or attributes in a fractal heap, which a B-tree lists by the hash of their names:
 *
 *     links (type 5)        u32 hash, id of 7 bytes
 *     attributes (type 8)   id of 8 bytes, u8 flags, u32 creation order, u32 hash
 */
export interface DenseItem {
  readonly body: MetadataReader;
  /** Whether the body says where the message is. */
  readonly shared: boolean;
  /** When an attribute was made; links say so themselves. */
  readonly order: number | undefined;
}

/** Bytes of the ids. */
const LINK_ID_BYTES = 7;
const ATTRIBUTE_ID_BYTES = 8;
const SHARED = 2;

/** The bodies of the links, in no particular order. */
export function* readDenseLinks(file: MetadataFile, storage: DenseStorage, path: string): Reading<MetadataReader[]> {
  const { heap, names } = storage;
  if (heap === undefined || names === undefined) return [];
  const [objects, records] = yield* both(FractalHeap.open(file, heap, path), readRecords(file, names, 5, path));
  return yield* all(
    records.map((record) => {
      record.skip(4);
      return objects.object(record.piece(LINK_ID_BYTES));
    }),
  );
}

/** The attributes, in no particular order. */
export function* readDenseAttributes(file: MetadataFile, storage: DenseStorage, path: string): Reading<DenseItem[]> {
  const { heap, names } = storage;
  if (heap === undefined || names === undefined) return [];
  const [objects, records] = yield* both(FractalHeap.open(file, heap, path), readRecords(file, names, 8, path));
  return yield* all(
    records.map(function* (record): Reading<DenseItem> {
      const id = record.piece(ATTRIBUTE_ID_BYTES);
      const shared = (record.uint8() & SHARED) !== 0;
      const order = record.uint32();
      if (shared) throw record.unsupported("shared-messages", "an attribute in a table of shared messages", 0);
      return { body: yield* objects.object(id), shared, order };
    }),
  );
}
