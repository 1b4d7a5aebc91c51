import { ByteWriter, encodeName } from "@modelbytes/bytes";
import type { Shape } from "../model.ts";
import type { MessageContent } from "./object-header.ts";

/**
 * The messages of groups, datasets and attributes as libhdf5 writes them for its earliest readers, which is what h5py asks for.
 *
 *     dataspace (0x01)      version 1 · rank · whether limits follow · 5 zero bytes · dimensions (8 each) · limits (8 each)
 *                           version 2 · rank 0 · 0 · 2: H5S_NULL
 *     fill value (0x05)     version 2 · when space is allocated · when it is filled · defined · size 0 (4)
 *     layout (0x08)         version 3 · 1 contiguous · address (8) · bytes (8)   or   version 3 · 0 compact · bytes (2) · data
 *     attribute (0x0C)      version 1 · 0 · bytes of name, datatype, dataspace (2 each) · these three, each padded to 8 · data
 *     symbol table (0x11)   address of the B-tree (8) · address of the local heap (8)
 */

/** The address of what has no place in the file. */
const UNDEFINED = 0xffff_ffff_ffff_ffffn;
const MOST_DIMENSIONS = 32;
/** A message that cannot change. */
const CONSTANT = 1;

/** A dataspace message's body. Throws a `RangeError` for more than 32 dimensions. */
export function encodeDataspace(shape: Shape): Uint8Array {
  if (shape === null) return Uint8Array.of(2, 0, 0, 2);
  if (shape.length > MOST_DIMENSIONS) throw new RangeError(`${shape.length} dimensions, where HDF5 has up to 32`);
  const body = new Uint8Array(8 + 16 * shape.length);
  const view = new DataView(body.buffer);
  body.set([1, shape.length, shape.length > 0 ? 1 : 0]);
  for (const [index, dim] of [...shape, ...shape].entries()) view.setBigUint64(8 + 8 * index, BigInt(dim), true);
  return body;
}

export function dataspaceMessage(body: Uint8Array): MessageContent {
  return { type: 0x01, flags: 0, body };
}

export function datatypeMessage(body: Uint8Array): MessageContent {
  return { type: 0x03, flags: CONSTANT, body };
}

/** When space is allocated: at once, as compact data is; or not before data comes. */
export type Allocation = "early" | "late";

/** No fill value. References have to be filled with zeros when space is allocated; else only a fill value would be. */
export function fillValueMessage(allocation: Allocation, references: boolean): MessageContent {
  const body = Uint8Array.of(2, allocation === "early" ? 1 : 2, references ? 0 : 2, 1, 0, 0, 0, 0);
  return { type: 0x05, flags: CONSTANT, body };
}

/** Where contiguous data is. `address` is undefined where none has a place. */
export function contiguousLayout(address: number | undefined, size: number): Uint8Array {
  const body = new Uint8Array(18);
  const view = new DataView(body.buffer);
  body.set([3, 1]);
  view.setBigUint64(2, address === undefined ? UNDEFINED : BigInt(address), true);
  view.setBigUint64(10, BigInt(size), true);
  return body;
}

/** Data that lies in the header. */
export function compactLayout(data: Uint8Array): Uint8Array {
  const body = new Uint8Array(4 + data.length);
  body.set([3, 0, data.length & 0xff, data.length >>> 8]);
  body.set(data, 4);
  return body;
}

export function layoutMessage(body: Uint8Array): MessageContent {
  return { type: 0x08, flags: 0, body };
}

export function symbolTableMessage(tree: number, heap: number): MessageContent {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setBigUint64(0, BigInt(tree), true);
  view.setBigUint64(8, BigInt(heap), true);
  return { type: 0x11, flags: 0, body };
}

/** What an attribute says in front of its data. Throws a `RangeError` for parts whose lengths do not fit. */
export function attributeHead(name: string, datatype: Uint8Array, dataspace: Uint8Array): Uint8Array {
  const bytes = encodeName(name);
  const terminated = new Uint8Array(bytes.length + 1);
  terminated.set(bytes);
  const writer = new ByteWriter().uint8(1).uint8(0);
  for (const part of [terminated, datatype, dataspace]) {
    if (part.length > 0xffff)
      throw new RangeError(`object header message is too large: attribute ${JSON.stringify(name)}`);
    writer.uint8(part.length & 0xff).uint8(part.length >>> 8);
  }
  for (const part of [terminated, datatype, dataspace]) writer.bytes(part).zeros(-part.length & 7);
  return writer.finish();
}

export function attributeMessage(body: Uint8Array): MessageContent {
  return { type: 0x0c, flags: 0, body };
}
