/**
 * Varints: seven bits a byte, the lowest first; the top bit says that another byte follows. At most ten bytes (64 bits).
 *
 *     300 = 0b10_0101100  →  1010_1100  0000_0010
 *
 * The bitwise operators of JavaScript work on 32 bits, so the arithmetic here multiplies.
 */

/** The largest varint in bytes: 64 bits in groups of seven. */
export const MAX_VARINT_BYTES = 10;

/** Bytes that `value` takes as a varint, 1 to 8. `value` is a whole number from 0 to 2^53−1; it is not checked. */
export function varintLength(value: number): number {
  let length = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 0x80);
    length++;
  }
  return length;
}

/**
 * Writes `value`, a whole number from 0 to 2^53−1, at `offset` of `bytes` and returns the offset behind it. Nothing is checked: the
 * caller has made room for `varintLength(value)` bytes. `ByteWriter.varint` checks.
 */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  while (value >= 0x80) {
    bytes[offset++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  bytes[offset++] = value;
  return offset;
}
