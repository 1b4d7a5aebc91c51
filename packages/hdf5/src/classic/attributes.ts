import { elementCount } from "@modelbytes/tensor";
import { decodeValue } from "../decode-value.ts";
import type { Hdf5Attribute } from "../model.ts";
import type { Hdf5Value } from "../value.ts";
import { readDenseAttributes } from "./dense.ts";
import { HeapObjects } from "./global-heap.ts";
import { inOrder } from "./group.ts";
import { decodeAttribute } from "./messages/attribute.ts";
import { decodeDataspace } from "./messages/dataspace.ts";
import { decodeDatatype } from "./messages/datatype.ts";
import { decodeDenseStorage } from "./messages/link.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { bodyOf, MESSAGE, messageOf, type ObjectHeader } from "./object-header.ts";

/** An attribute, and where its value is. */
export interface AttributeEntry extends Hdf5Attribute {
  readonly data: MetadataReader;
}

/** The attributes of an object, in the order in which h5py gives them. */
export async function readAttributes(file: MetadataFile, header: ObjectHeader): Promise<AttributeEntry[]> {
  const { path, messages, attributesOrdered } = header;
  const info = messageOf(header, MESSAGE.attributeInfo);
  const dense =
    info === undefined ? [] : await readDenseAttributes(file, decodeDenseStorage(info.body.copy(), 2), path);
  const inHeader = messages.filter(({ type }) => type === MESSAGE.attribute);
  if (inHeader.length + dense.length === 0) return [];
  const entries = await Promise.all([
    ...inHeader.map(async (message) => ({
      ...(await decodeEntry(file, (await bodyOf(file, message, path)).copy(), path)),
      order: message.order,
    })),
    ...dense.map(async ({ body, order }) => ({ ...(await decodeEntry(file, body, path)), order })),
  ]);
  return inOrder(entries, attributesOrdered);
}

async function decodeEntry(file: MetadataFile, body: MetadataReader, path: string): Promise<AttributeEntry> {
  const { name, datatype, sharedType, dataspace, sharedSpace, data } = decodeAttribute(body);
  const type = await bodyOf(file, { type: MESSAGE.datatype, shared: sharedType, body: datatype }, path);
  const space = await bodyOf(file, { type: MESSAGE.dataspace, shared: sharedSpace, body: dataspace }, path);
  return { name, datatype: decodeDatatype(type.copy()), shape: decodeDataspace(space.copy()).shape, data };
}

/** The value of an attribute: memory of its own. */
export async function readAttributeValue(file: MetadataFile, entry: AttributeEntry): Promise<Hdf5Value> {
  const { name, datatype, shape, data } = entry;
  if (shape === null) return { dtype: "null", shape: null };
  const length = elementCount(shape) * datatype.size;
  if (length > data.end) {
    const reason = `the attribute ${JSON.stringify(name)} has ${data.end} of its ${length} bytes`;
    throw data.corruptPiece("attribute-size", reason);
  }
  const bytes = new Uint8Array(data.bytes.subarray(0, length));
  const objects = await HeapObjects.of(file, datatype, bytes, data.place);
  return decodeValue(datatype, shape, bytes, objects);
}
