import { CorruptError, type Place } from "@modelbytes/bytes";
import type { FieldPath } from "../field-path.ts";
import { Malformed } from "../record-reader.ts";
import type { MessageType } from "../schema.ts";
import { EntryTypes } from "./entry-type.ts";
import { mapOrderOf } from "./map-order-of.ts";
import { bytesOf, offsetOf, type Span, spanOf } from "./span.ts";

/** What all nodes of a tree share. */
export class TreeFile {
  readonly entryTypes: EntryTypes = new EntryTypes();
  /** All of the bytes. */
  readonly span: Span;
  readonly #type: MessageType;
  readonly #place: Place;
  #mapOrder: "upb" | "c++" | undefined;

  constructor(type: MessageType, bytes: Uint8Array, place: Place) {
    this.#type = type;
    this.#place = place;
    this.span = spanOf(bytes, place.offset ?? 0);
  }

  /** Of the bytes as they were, whatever edits have done. */
  get mapOrder(): "upb" | "c++" {
    this.#mapOrder ??= mapOrderOf(this.#type, bytesOf(this.span));
    return this.#mapOrder;
  }

  /**
   * Runs what reads bytes of a span. Its errors become `CorruptError`s that name the byte of the file and the path of the field;
   * `path` is that of the message of type `type` in which it reads.
   */
  reading<R>(span: Span, type: MessageType, path: () => FieldPath, read: () => R): R {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof Malformed) {
        const field = cause.number === undefined ? undefined : type.byNumber.get(cause.number);
        const where = path().toString(field) || type.name;
        throw this.#corrupt(`${where}: not a valid protocol buffer message (${cause.message})`, span, cause.at, cause);
      }
      if (!(cause instanceof CorruptError)) throw cause;
      const reason = within(path().toString(), type, cause.reason);
      throw this.#corrupt(reason, span, span.start + (cause.offset ?? 0), cause.cause);
    }
  }

  #corrupt(reason: string, { backing }: Span, at: number, cause: unknown): CorruptError {
    return new CorruptError("protobuf", reason, { ...this.#place, offset: offsetOf(backing, at), cause });
  }
}

/** What `decodeMessage` says of a message, which begins with a path inside it or with its type, said of where the message is. */
function within(path: string, type: MessageType, reason: string): string {
  if (path === "") return reason;
  return reason.startsWith(`${type.name}:`) ? path + reason.slice(type.name.length) : `${path}.${reason}`;
}
