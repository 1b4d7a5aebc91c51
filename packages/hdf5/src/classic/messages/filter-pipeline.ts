import { decodeName } from "@modelbytes/bytes";
import type { Hdf5Filter } from "../../model.ts";
import { MAX_FILTERS } from "../limits.ts";
import type { MetadataReader } from "../metadata-reader.ts";

/**
 * Message 0x0B, the filters that chunks went through.
 *
 *     version 1:  01 n 000000000000   each: u16 id, u16 name length, u16 flags, u16 values, name (padded to 8), u32 values, [4 zero if odd]
 *     version 2:  02 n                each: u16 id, [u16 name length if id ≥ 256], u16 flags, u16 values, [name], u32 values
 */
export function decodeFilterPipeline(reader: MetadataReader): Hdf5Filter[] {
  const version = reader.version("the filter pipeline message", 1, 2);
  const count = reader.uint8();
  if (count > MAX_FILTERS) throw reader.corruptPiece("filters", `${count} filters, where ${MAX_FILTERS} are the most`);
  if (version === 1) reader.skip(6);
  return Array.from({ length: count }, () => decodeFilter(reader, version));
}

function decodeFilter(reader: MetadataReader, version: number): Hdf5Filter {
  const id = reader.uint16();
  const nameLength = version === 1 || id >= 256 ? reader.uint16() : 0;
  reader.skip(2);
  const count = reader.uint16();
  const name = reader.view(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength);
  const end = name.indexOf(0);
  const values = Array.from({ length: count }, () => reader.uint32());
  if (version === 1 && count % 2 === 1) reader.skip(4);
  return { id, name: nameOf(id) ?? decodeName(end < 0 ? name : name.subarray(0, end)), values };
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, "deflate"],
  [2, "shuffle"],
  [3, "fletcher32"],
  [4, "szip"],
  [5, "nbit"],
  [6, "scaleoffset"],
  [32_000, "lzf"],
  [32_001, "blosc"],
  [32_004, "lz4"],
  [32_008, "bitshuffle"],
  [32_015, "zstd"],
]);

/** The name of a registered filter, which files need not hold. */
export function nameOf(id: number): string | undefined {
  return NAMES.get(id);
}
