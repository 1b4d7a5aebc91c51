import { decodeName } from "@modelbytes/bytes";
import type { MetadataReader } from "../metadata-reader.ts";

/** An attribute as stored; its type and space may be elsewhere. */
export interface StoredAttribute {
  readonly name: string;
  readonly datatype: MetadataReader;
  /** Whether `datatype` says where the type is. */
  readonly sharedType: boolean;
  readonly dataspace: MetadataReader;
  readonly sharedSpace: boolean;
  /** The value, to the end of the message. */
  readonly data: MetadataReader;
}

/**
 * Message 0x0C.
 *
 *     version 1:  01 00     u16 sizes of name, datatype, dataspace     then these, each padded to 8, then the value
 *     version 2:  02 flags  the same without padding; flag 1 the type is shared, 2 the space
 *     version 3:  03 flags  the same, a byte for the name's character set after the sizes
 */
export function decodeAttribute(reader: MetadataReader): StoredAttribute {
  const version = reader.version("an attribute message", 1, 2, 3);
  const flags = reader.uint8();
  const nameSize = reader.uint16();
  const typeSize = reader.uint16();
  const spaceSize = reader.uint16();
  if (version === 3) reader.skip(1);
  const padded = (size: number) => (version === 1 ? Math.ceil(size / 8) * 8 : size);
  const name = reader.view(padded(nameSize));
  const end = name.indexOf(0);
  const datatype = reader.piece(padded(typeSize));
  const dataspace = reader.piece(padded(spaceSize));
  return {
    name: decodeName(end < 0 ? name.subarray(0, nameSize) : name.subarray(0, end)),
    datatype,
    sharedType: version > 1 && (flags & 1) !== 0,
    dataspace,
    sharedSpace: version > 1 && (flags & 2) !== 0,
    data: reader.piece(reader.remaining),
  };
}
