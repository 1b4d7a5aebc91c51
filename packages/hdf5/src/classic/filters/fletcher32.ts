/** Fletcher's checksum over big-endian words of 16 bits; an odd last byte counts as a high one. */
export function fletcher32(bytes: Uint8Array): number {
  let sum1 = 0;
  let sum2 = 0;
  const even = bytes.length - (bytes.length % 2);
  for (let start = 0; start < even; ) {
    const stop = Math.min(even, start + 2 * WORDS_BETWEEN_FOLDS);
    for (; start < stop; start += 2) {
      sum1 += ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
      sum2 += sum1;
    }
    sum1 = fold(sum1);
    sum2 = fold(sum2);
  }
  if (even < bytes.length) {
    sum1 = fold(sum1 + ((bytes[even] ?? 0) << 8));
    sum2 = fold(sum2 + sum1);
  }
  return ((fold(sum2) << 16) | fold(sum1)) >>> 0;
}

/** As many words as the sums take without passing 32 bits. */
const WORDS_BETWEEN_FOLDS = 360;

function fold(sum: number): number {
  return (sum & 0xffff) + (sum >>> 16);
}

/** Bytes of the checksum, which follows the data, little-endian. */
export const FLETCHER32_BYTES = 4;

/** The data before the checksum, or `undefined` where it does not hold. Old files have its 16-bit halves' bytes turned around. */
export function verifyFletcher32(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const end = bytes.length - FLETCHER32_BYTES;
  if (end < 0) return undefined;
  const stored = new DataView(bytes.buffer, bytes.byteOffset + end, FLETCHER32_BYTES).getUint32(0, true);
  const data = bytes.subarray(0, end);
  const sum = fletcher32(data);
  const turned = (((sum & 0x00ff00ff) << 8) | ((sum >>> 8) & 0x00ff00ff)) >>> 0;
  return stored === sum || stored === turned ? data : undefined;
}
