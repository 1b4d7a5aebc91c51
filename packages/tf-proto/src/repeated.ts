import { MAX_VARINT_BYTES } from "@modelbytes/bytes";
import { swapBytes } from "@modelbytes/tensor";
import { Malformed } from "./record-reader.ts";
import type { MessageReader } from "./wire.ts";

/**
 * Repeated numbers, on the wire packed (one field holds them all) or each with a tag of its own, or both in turn. All that is kept
 * is their wire bytes, so that an array can be made of its final size and floats never pass through JavaScript numbers, which
 * need not keep the payload of a NaN.
 */

/** Wire types: the low three bits of a tag. */
const VARINT = 0;
const FIXED64 = 1;
const PACKED = 2;
const FIXED32 = 5;

/** How one number of a repeated field is on the wire. */
export type NumberWireType = typeof VARINT | typeof FIXED64 | typeof FIXED32;

const WIDTHS = { [FIXED32]: 4, [FIXED64]: 8 } as const;

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The repeated numbers of one message, by field. */
export class RepeatedNumbers {
  readonly #wireTypes: ReadonlyMap<number, NumberWireType>;
  readonly #pieces = new Map<number, Uint8Array[]>();

  /** `wireTypes` has the fields that are repeated numbers. */
  constructor(wireTypes: ReadonlyMap<number, NumberWireType>) {
    this.#wireTypes = wireTypes;
  }

  /** Takes the field at which `reader` is, if it is one of these. Throws `Malformed` if it is damaged. */
  take(reader: MessageReader): void {
    const field = reader.tag >>> 3;
    const wireType = this.#wireTypes.get(field);
    const found = reader.tag & 7;
    if (wireType === undefined || (found !== PACKED && found !== wireType)) return;
    const piece = reader.view();
    if (found === PACKED) checkPacked(piece, wireType, reader.end);
    const pieces = this.#pieces.get(field);
    if (pieces === undefined) this.#pieces.set(field, [piece]);
    else pieces.push(piece);
  }

  float32(field: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#join(field, 4).buffer);
  }

  float64(field: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#join(field, 8).buffer);
  }

  /** The low 32 bits of each varint, as protocol buffers read an int32. */
  int32(field: number): Int32Array<ArrayBuffer> {
    const values = new Int32Array(this.#count(field));
    this.#eachVarint(field, (index, low) => {
      values[index] = low;
    });
    return values;
  }

  uint32(field: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.int32(field).buffer);
  }

  int64(field: number): BigInt64Array<ArrayBuffer> {
    const bytes = new Uint8Array(8 * this.#count(field));
    const view = new DataView(bytes.buffer);
    this.#eachVarint(field, (index, low, high) => {
      view.setInt32(8 * index, low, true);
      view.setInt32(8 * index + 4, high, true);
    });
    return new BigInt64Array(toHost(bytes, 8).buffer);
  }

  uint64(field: number): BigUint64Array<ArrayBuffer> {
    return new BigUint64Array(this.int64(field).buffer);
  }

  /** 1 for every varint but 0. */
  bool(field: number): Uint8Array<ArrayBuffer> {
    const values = new Uint8Array(this.#count(field));
    this.#eachVarint(field, (index, low, high) => {
      values[index] = low === 0 && high === 0 ? 0 : 1;
    });
    return values;
  }

  #join(field: number, unit: number): Uint8Array<ArrayBuffer> {
    const pieces = this.#pieces.get(field) ?? [];
    const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    return toHost(joined, unit);
  }

  /** A varint ends with the byte whose top bit is clear. */
  #count(field: number): number {
    let count = 0;
    for (const piece of this.#pieces.get(field) ?? []) {
      for (let at = 0; at < piece.length; at++) count += (piece[at] ?? 0) < 0x80 ? 1 : 0;
    }
    return count;
  }

  /** Calls `each` with the two halves, as signed numbers, of every varint. */
  #eachVarint(field: number, each: (index: number, low: number, high: number) => void): void {
    let index = 0;
    for (const piece of this.#pieces.get(field) ?? []) {
      for (let at = 0; at < piece.length; ) {
        let low = 0;
        let high = 0;
        for (let shift = 0; ; shift += 7) {
          const byte = piece[at++] ?? 0;
          const bits = byte & 0x7f;
          if (shift < 32) low |= bits << shift;
          if (shift === 28) high |= bits >> 4;
          else if (shift > 28) high |= bits << (shift - 32);
          if (byte < 0x80) break;
        }
        each(index++, low, high);
      }
    }
  }
}

/** Throws `Malformed` unless the bytes, which end at `end` of what is read, are whole numbers. */
function checkPacked(bytes: Uint8Array, wireType: NumberWireType, end: number): void {
  if (wireType === VARINT) checkVarints(bytes, end);
  else if (bytes.length % WIDTHS[wireType] !== 0) {
    throw new Malformed(`${bytes.length} bytes are no packed numbers of ${WIDTHS[wireType]}`, end);
  }
}

function checkVarints(bytes: Uint8Array, end: number): void {
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (at - start === MAX_VARINT_BYTES) throw new Malformed("a packed varint is longer than 64 bits", end);
    if ((bytes[at] ?? 0) < 0x80) start = at + 1;
  }
  if (start < bytes.length) throw new Malformed("packed numbers end inside a varint", end);
}

/** Little-endian numbers in the order of the host, or the other way round. Where nothing is to do, the very same bytes. */
export function toHost(bytes: Uint8Array<ArrayBuffer>, unit: number): Uint8Array<ArrayBuffer> {
  return HOST_IS_LITTLE_ENDIAN ? bytes : swapBytes(bytes.slice(), unit);
}
