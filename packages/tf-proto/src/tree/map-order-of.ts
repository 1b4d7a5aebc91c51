import { CorruptError } from "@modelbytes/bytes";
import { MAX_DEPTH } from "../field-path.ts";
import type { MapKey } from "../map-order.ts";
import { Malformed, RecordReader } from "../record-reader.ts";
import type { Field, MessageType } from "../schema.ts";
import { EntryTypes } from "./entry-type.ts";

/**
 * In which order the writer of a message has put the entries of maps. The two orders differ where numbers are keys, and where one
 * text begins with another; two such entries side by side tell them apart. All maps of the message are looked at, at all depths:
 *
 *     9, 7  or  "x_1", "x"    "upb", whatever else there is
 *     7, 9  or  "x", "x_1"    "c++", if there is none of the above
 *     neither                 "upb": what today's TensorFlow writes
 *
 * A writer that does not sort (C++ that was not told to, TensorFlow before 2.1) has no order, and either will do. What comes after
 * damage is not looked at.
 */
export function mapOrderOf(type: MessageType, bytes: Uint8Array): "upb" | "c++" {
  const scout = new Scout(bytes);
  try {
    scout.walk(type, 0, bytes.length, 0);
  } catch (cause) {
    if (!(cause instanceof Malformed || cause instanceof CorruptError)) throw cause;
  }
  return scout.order ?? "upb";
}

class Scout {
  /** As far as is known: "upb" is final. */
  order: "upb" | "c++" | undefined;
  readonly #reader: RecordReader;
  readonly #types = new EntryTypes();

  constructor(bytes: Uint8Array) {
    this.#reader = new RecordReader(bytes);
  }

  walk(type: MessageType, start: number, end: number, depth: number): void {
    const reader = this.#reader;
    let keys: Map<Field, MapKey> | undefined;
    for (let at = start; at < end && this.order !== "upb"; ) {
      reader.read(at, end, depth);
      at = reader.end;
      const { tag, valueStart } = reader;
      const field = (tag & 7) === 2 && depth < MAX_DEPTH ? type.byNumber.get(tag >>> 3) : undefined;
      if (field?.label === "map") {
        keys ??= new Map();
        const key = this.#types.keyIn(field, reader.bytes.subarray(valueStart, at));
        this.order = evidence(keys.get(field), key) ?? this.order;
        keys.set(field, key);
        this.walk(this.#types.of(field), valueStart, at, depth + 1);
      } else if (field?.message !== undefined) this.walk(field.message(), valueStart, at, depth + 1);
    }
  }
}

/** What two keys side by side say. */
function evidence(first: MapKey | undefined, second: MapKey): "upb" | "c++" | undefined {
  if (first === undefined || first === second) return undefined;
  if (typeof first !== "string" || typeof second !== "string") return first > second ? "upb" : "c++";
  if (first.startsWith(second)) return "upb";
  return second.startsWith(first) ? "c++" : undefined;
}
