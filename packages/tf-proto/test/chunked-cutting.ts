// Cuts typed messages into chunks: the other direction of what src/chunked does.

import { encodeMessage, type Init } from "../src/encode.ts";
import { type ChunkedField, ChunkMetadata, type FieldIndex, type MapKey } from "../src/messages/chunk.ts";
import { propertiesOf } from "../src/properties.ts";
import type { Field, MessageType, Scalar } from "../src/schema.ts";
import { type Compression, NONE, RecordsWriter } from "./records-writer.ts";

/** A part of a message that can become a chunk. */
export interface Part {
  readonly path: readonly Init<FieldIndex>[];
  /** Leaves the place empty and gives the chunk. */
  take(): Uint8Array;
}

/** All parts of a message, the deepest first, so that none is taken out of one that is already gone. */
export function partsOf(type: MessageType, message: object): Part[] {
  return [...parts(type, message, [])].sort((a, b) => b.path.length - a.path.length);
}

function* parts(type: MessageType, message: object, path: Part["path"]): Generator<Part> {
  const properties = propertiesOf(message);
  for (const field of type.fields) {
    const value = properties[field.property];
    const here = [...path, { field: field.number }];
    if (value === undefined || value === "") continue;
    if (Array.isArray(value)) {
      for (const [index, element] of value.entries()) {
        yield* partsAt(field, element, [...here, { index: BigInt(index) }], (next) => {
          value[index] = next;
        });
      }
    } else if (value instanceof Map) {
      for (const [key, element] of value) {
        const step = { mapKey: mapKey(key, field.key) };
        if (step.mapKey !== undefined) yield* partsAt(field, element, [...here, step], (next) => value.set(key, next));
      }
    } else {
      yield* partsAt(field, value, here, (next) => {
        properties[field.property] = next;
      });
    }
  }
}

function* partsAt(field: Field, value: unknown, path: Part["path"], set: (value: unknown) => void): Generator<Part> {
  const type = field.message?.();
  const part = (empty: unknown, chunk: () => Uint8Array): Part => ({
    path,
    take() {
      set(empty);
      return chunk();
    },
  });
  if (value instanceof Uint8Array) yield part(new Uint8Array(0), () => value);
  else if (typeof value === "string") yield part("", () => new TextEncoder().encode(value));
  else if (type !== undefined && typeof value === "object" && value !== null) {
    yield* parts(type, value, path);
    yield part(type.create(), () => encodeMessage(type, value));
  }
}

/** As splitters do it: they know no other types of keys. */
function mapKey(key: unknown, type: Scalar | undefined): Init<MapKey> | undefined {
  if (typeof key === "string") return { s: key };
  if (typeof key === "boolean") return { boolean: key };
  if (typeof key === "number") return type === "uint32" ? { ui32: key } : type === "int32" ? { i32: key } : undefined;
  if (typeof key === "bigint") return type === "uint64" ? { ui64: key } : type === "int64" ? { i64: key } : undefined;
  throw new TypeError(`no key: ${String(key)}`);
}

/** A file of chunks, the first of which is that of the root. `metadata` may contradict it. */
export function chunkedFile(
  chunks: readonly Uint8Array[],
  chunkedFields: readonly Init<ChunkedField>[] = [],
  metadata: Init<ChunkMetadata> = {},
  compression: Compression = NONE,
): Uint8Array<ArrayBuffer> {
  const writer = new RecordsWriter();
  const infos = chunks.map((chunk) => {
    const [offset = 0] = writer.write([chunk], compression);
    return { size: BigInt(chunk.length), offset: BigInt(offset) };
  });
  const made = { version: { splitterVersion: 1 }, chunks: infos, message: { chunkIndex: 0n, chunkedFields } };
  writer.write([encodeMessage(ChunkMetadata, { ...made, ...metadata })], compression);
  return writer.finish();
}
