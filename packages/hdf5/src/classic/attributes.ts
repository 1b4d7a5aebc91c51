import { NotFoundError } from "@modelbytes/bytes";
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
import { bodyOf, MESSAGE, type Message, messageOf, type ObjectHeader } from "./object-header.ts";
import { AtHand, all, type Reading } from "./reading.ts";

/** An attribute, and where its value is. */
export interface AttributeEntry extends Hdf5Attribute {
  readonly data: MetadataReader;
}

/** The attributes of an object, in the order in which h5py gives them. */
export function readAttributes(file: MetadataFile, header: ObjectHeader): Reading<AttributeEntry[]> {
  const has = header.messages.some(({ type }) => type === MESSAGE.attribute || type === MESSAGE.attributeInfo);
  return has ? readEntries(file, header) : new AtHand([]);
}

function* readEntries(file: MetadataFile, header: ObjectHeader): Reading<AttributeEntry[]> {
  const { path, messages, attributesOrdered } = header;
  const info = messageOf(header, MESSAGE.attributeInfo);
  const dense =
    info === undefined ? [] : yield* readDenseAttributes(file, decodeDenseStorage(info.body.copy(), 2), path);
  const inHeader = messages.filter(({ type }) => type === MESSAGE.attribute);
  const entries = yield* all([
    ...inHeader.map((message) => readMessage(file, message, path)),
    ...dense.map(({ body, order }) => decodeEntry(file, body, order, path)),
  ]);
  return inOrder(entries, attributesOrdered);
}

type OrderedEntry = AttributeEntry & { readonly order: number | undefined };

function* readMessage(file: MetadataFile, message: Message, path: string): Reading<OrderedEntry> {
  return yield* decodeEntry(file, yield* bodyOf(file, message, path), message.order, path);
}

function* decodeEntry(
  file: MetadataFile,
  body: MetadataReader,
  order: number | undefined,
  path: string,
): Reading<OrderedEntry> {
  const { name, datatype, sharedType, dataspace, sharedSpace, data } = decodeAttribute(body);
  const type = yield* bodyOf(file, { type: MESSAGE.datatype, shared: sharedType, body: datatype }, path);
  const space = yield* bodyOf(file, { type: MESSAGE.dataspace, shared: sharedSpace, body: dataspace }, path);
  return { name, datatype: decodeDatatype(type), shape: decodeDataspace(space).shape, data, order };
}

/** The value of one attribute. Throws a `NotFoundError` (`"no-attribute"`) where there is none of this name. */
export function* readAttribute(file: MetadataFile, header: ObjectHeader, name: string): Reading<Hdf5Value> {
  const entry = (yield* readAttributes(file, header)).find((attribute) => attribute.name === name);
  if (entry !== undefined) return yield* readAttributeValue(file, entry);
  const reason = `the object has no attribute ${JSON.stringify(name)}`;
  throw new NotFoundError("no-attribute", reason, { file: file.name, tensor: header.path });
}

/** The values of all attributes, in the order in which h5py gives them. */
export function* readAllAttributes(file: MetadataFile, header: ObjectHeader): Reading<Map<string, Hdf5Value>> {
  const entries = yield* readAttributes(file, header);
  const values = yield* all(entries.map((entry) => readAttributeValue(file, entry)));
  return new Map(values.map((value, index) => [entries[index]?.name ?? "", value]));
}

/** The value of an attribute: memory of its own. */
function* readAttributeValue(file: MetadataFile, entry: AttributeEntry): Reading<Hdf5Value> {
  const { name, datatype, shape, data } = entry;
  if (shape === null) return { dtype: "null", shape: null };
  const length = elementCount(shape) * datatype.size;
  if (length > data.end) {
    const reason = `the attribute ${JSON.stringify(name)} has ${data.end} of its ${length} bytes`;
    throw data.corruptPiece("attribute-size", reason);
  }
  const bytes = new Uint8Array(data.bytes.subarray(0, length));
  const objects = yield* HeapObjects.of(file, datatype, bytes, data.place);
  return decodeValue(datatype, shape, bytes, objects);
}
