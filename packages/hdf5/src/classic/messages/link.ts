import { decodeName } from "@modelbytes/bytes";
import type { MetadataReader } from "../metadata-reader.ts";

/** A link as groups store it: a hard one with the address of its object. `order` ascends as links are made, where the group tells. */
export type StoredLink = { readonly name: string; readonly order: number | undefined } & LinkTarget;

/** Where a link leads. */
export type LinkTarget =
  | { readonly kind: "hard"; readonly address: number }
  | { readonly kind: "soft"; readonly target: string }
  | { readonly kind: "external"; readonly file: string; readonly target: string }
  | { readonly kind: "user-defined"; readonly type: number };

/**
 * Message 0x06, a link of a group of the newer kind; also what a fractal heap of links holds.
 *
 *     01 flags [u8 kind: flag 8] [u64 creation order: flag 4] [u8 charset: flag 16] name length (1 << (flags & 3) bytes) name
 *     kind 0 hard: A     1 soft: u16 length, path     64 external: u16 length, version and flags, file name NUL, path NUL
 */
export function decodeLink(reader: MetadataReader): StoredLink {
  reader.version("a link message", 1);
  const flags = reader.uint8();
  const kind = (flags & 8) === 0 ? 0 : reader.uint8();
  const order = (flags & 4) === 0 ? undefined : reader.uint(8);
  if ((flags & 16) !== 0) reader.skip(1);
  const name = decodeName(reader.view(reader.uint(1 << (flags & 3))));
  if (name === "") throw reader.corruptPiece("link", "a link without a name");
  if (kind === 0) return { name, order, kind: "hard", address: reader.definedAddress("a link") };
  const value = reader.piece(reader.uint16());
  if (kind === 1) return { name, order, kind: "soft", target: decodeName(withoutNul(value.bytes)) };
  if (kind !== 64) return { name, order, kind: "user-defined", type: kind };
  value.skip(1);
  return { name, order, kind: "external", file: decodeName(value.untilNul()), target: decodeName(value.untilNul()) };
}

function withoutNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** Where the many links, or attributes, of an object are; addresses are undefined while there are few. */
export interface DenseStorage {
  /** Whether the order of creation is kept, and with it the order in which h5py lists. */
  readonly ordered: boolean;
  readonly heap: number | undefined;
  readonly names: number | undefined;
}

/**
 * Message 0x02, link info: `00 flags [u64 next order: flag 1] heap A, name B-tree A, [order B-tree A: flag 2]`, and message 0x15,
 * attribute info, the same with a u16 next order. Flag 1 says that the order is tracked.
 */
export function decodeDenseStorage(reader: MetadataReader, orderWidth: 8 | 2): DenseStorage {
  reader.version("a message on links or attributes", 0);
  const flags = reader.uint8();
  const ordered = (flags & 1) !== 0;
  if (ordered) reader.skip(orderWidth);
  return { ordered, heap: reader.address(), names: reader.address() };
}
