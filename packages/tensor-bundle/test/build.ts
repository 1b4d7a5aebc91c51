import { ByteWriter, compareBytes, encodeName } from "@modelbytes/bytes";
import { type BundleEntryProto, encodeBundleEntry, encodeBundleHeader, encodeObjectGraph } from "@modelbytes/tf-proto";
import { crc32c, mask } from "../src/crc32c/crc32c.ts";
import { type TableSettings, TableWriter, TENSORFLOW_SETTINGS } from "../src/table/table-writer.ts";

/** An entry as a test wants it; what is left out is a float32 scalar at the start of shard 0. The CRC is unmasked. */
export type EntryWish = Partial<Omit<BundleEntryProto, "shape">> & { readonly shape?: readonly number[] };

/** The bytes of an index with these entries, right or wrong. */
export function buildIndex(
  entries: Readonly<Record<string, EntryWish>>,
  {
    shards = 1,
    bigEndian = false,
    settings = TENSORFLOW_SETTINGS,
  }: { shards?: number; bigEndian?: boolean; settings?: TableSettings } = {},
): Uint8Array<ArrayBuffer> {
  const table = new TableWriter(settings);
  const version = { producer: 1, minConsumer: 0, badConsumers: [] };
  table.add(new Uint8Array(0), encodeBundleHeader({ numShards: shards, bigEndian, version }));
  const keys = Object.keys(entries).sort((a, b) => compareBytes(encodeName(a), encodeName(b)));
  for (const key of keys) {
    const { shape = [], crc32c: checksum = 0, ...wish } = entries[key] ?? {};
    const dims = { shape: { dims: shape, unknownRank: false } };
    const rest = { dtype: 1, shardId: 0, offset: 0, size: 4, slices: [], ...wish };
    table.add(encodeName(key), encodeBundleEntry({ ...rest, ...dims, crc32c: mask(checksum) }));
  }
  return table.finish();
}

/** An object graph of one node whose values have these keys: its bytes as a data file holds them, and its entry. */
export function graphOf(keys: readonly string[]): {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly entry: EntryWish;
} {
  const attribute = { name: "VARIABLE_VALUE", fullName: "", optionalRestore: undefined };
  const attributes = keys.map((checkpointKey) => ({ ...attribute, checkpointKey }));
  const node = { children: [], slotVariables: [], registeredSaver: undefined, hasCheckpointValues: undefined };
  const graph = encodeObjectGraph({ nodes: [{ ...node, attributes }] });
  const lengths = crc32c(new Uint8Array(Uint32Array.of(graph.length).buffer));
  const checked = new ByteWriter().uint32(mask(lengths)).bytes(graph).finish();
  const data = new ByteWriter().varint(graph.length).bytes(checked).finish();
  return { data, entry: { dtype: 7, size: data.length, crc32c: crc32c(checked, lengths) } };
}
