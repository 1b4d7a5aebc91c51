import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { decodeMessage } from "../decode.ts";
import { encodeMessage } from "../encode.ts";
import { FieldPath, MAX_DEPTH } from "../field-path.ts";
import type { ChunkedField, ChunkedMessage } from "../messages/chunk.ts";
import type { Field, MessageType } from "../schema.ts";
import { type ChunkedFile, readChunkedFile } from "./chunked-file.ts";
import type { Decompressors } from "./decompress.ts";
import { mergeMessages } from "./merge-messages.ts";
import { type ChunkPath, comparePaths } from "./path.ts";
import { type Slot, slotOf } from "./slot.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a `.cpb` file: the bytes of the message whose chunks are in it, as TensorFlow would have written them in one piece. Chunks do
 * not keep the order of maps, so that is the one of today's TensorFlow.
 *
 * Throws what `readChunkedFile` and `mergeChunks` throw, and an `UnsupportedError` for a message beyond 2 GiB: in one piece there is
 * none so large, but `mergeChunks` gives it as a typed object.
 */
export function joinChunks<T extends object>(
  type: MessageType<T>,
  file: Uint8Array,
  decompressors: Decompressors = {},
  place: Place = {},
): Uint8Array<ArrayBuffer> {
  const message = mergeChunks(type, readChunkedFile(file, decompressors, place), place);
  try {
    return encodeMessage(type, message);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UnsupportedError("too-large", `the chunks cannot be one message: ${cause.message}`, { ...place, cause });
  }
}

/**
 * Puts the chunks of a message together, as a typed object. A chunk that belongs to a message is merged into it, one that belongs to
 * a string or to bytes is their value, and one whose path is empty is a further piece of the message itself.
 *
 * Throws a `CorruptError` for a chunk that is no such message, and for a path that leads nowhere: to a field that the message does not
 * have, an element beyond the next one, or a number.
 */
export function mergeChunks<T extends object>(type: MessageType<T>, file: ChunkedFile, place: Place = {}): T {
  const message = type.create();
  const merger = new Merger(file.chunks, place);
  merger.merge(type, message, file.metadata.message ?? { chunkedFields: [] });
  return message;
}

class Merger {
  readonly #chunks: readonly Uint8Array[];
  readonly #place: Place;

  constructor(chunks: readonly Uint8Array[], place: Place) {
    this.#chunks = chunks;
    this.#place = { file: place.file };
  }

  /** Merges a chunk into a message, and then the chunks for places inside it. */
  merge(type: MessageType, message: object, { chunkIndex, chunkedFields }: ChunkedMessage): void {
    if (chunkIndex !== undefined) mergeMessages(type, message, this.#decode(type, chunkIndex));
    for (const { fieldTag, message: chunked } of [...chunkedFields].sort(compareFields)) {
      if (chunked !== undefined) this.#mergeAt(type, message, fieldTag, chunked);
    }
  }

  /** Follows a path, making the messages on the way that are not there yet, and puts the chunks where it ends. */
  #mergeAt(type: MessageType, message: object, path: ChunkPath, chunked: ChunkedMessage): void {
    const walked = new FieldPath();
    const steps = path.values();
    for (const step of steps) {
      const field = type.byNumber.get(step.field ?? 0);
      if (field === undefined) throw this.#noPlace(walked, `which has no field ${step.field ?? "that its path names"}`);
      const isMany = field.label === "repeated" || field.label === "map";
      const slot = slotOf(type, message, field, isMany ? steps.next().value : undefined);
      if (slot === undefined) throw this.#noPlace(walked, `of which ${field.name} has no such element`);
      walked.enter(field, slot.key);
      if (walked.depth > MAX_DEPTH) throw this.#noPlace(walked, "which is too deep");
      if (field.message === undefined) {
        if (steps.next().done !== true) throw this.#noPlace(walked, "which is no message");
        slot.set(this.#value(field, walked, chunked));
        return;
      }
      type = field.message();
      message = childOf(slot, type);
    }
    this.merge(type, message, chunked);
  }

  /** The value of a field that is no message. */
  #value({ scalar }: Field, walked: FieldPath, { chunkIndex }: ChunkedMessage): string | Uint8Array {
    const bytes = chunkIndex === undefined ? undefined : this.#chunks[Number(chunkIndex)];
    if (bytes === undefined) throw this.#noPlace(walked, "which needs a chunk of its own");
    if (scalar === "bytes") return bytes;
    if (scalar !== "string") throw this.#noPlace(walked, "which is neither a message nor a text nor bytes");
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      throw new CorruptError("protobuf", `${walked}: chunk ${chunkIndex} is not valid UTF-8`, {
        ...this.#place,
        cause,
      });
    }
  }

  #decode(type: MessageType, chunkIndex: bigint): object {
    const bytes = this.#chunks[Number(chunkIndex)];
    if (bytes === undefined) throw new CorruptError("chunk-metadata", `there is no chunk ${chunkIndex}`, this.#place);
    try {
      return decodeMessage(type, bytes);
    } catch (cause) {
      if (!(cause instanceof CorruptError)) throw cause;
      throw new CorruptError(cause.code, `chunk ${chunkIndex}: ${cause.reason}`, { ...this.#place, cause });
    }
  }

  #noPlace(walked: FieldPath, why: string): CorruptError {
    return new CorruptError(
      "chunk-path",
      `a chunk is for ${walked.depth === 0 ? "the message" : walked}, ${why}`,
      this.#place,
    );
  }
}

/** The message in a slot; a new one where there is none. */
function childOf(slot: Slot, type: MessageType): object {
  if (typeof slot.value === "object" && slot.value !== null) return slot.value;
  const child = type.create();
  slot.set(child);
  return child;
}

/** By where they belong, then by which comes first. */
function compareFields(a: ChunkedField, b: ChunkedField): number {
  const { chunkIndex: one = 0n } = a.message ?? {};
  const { chunkIndex: other = 0n } = b.message ?? {};
  return comparePaths(a.fieldTag, b.fieldTag) || Number(one > other) - Number(one < other);
}
