/**
 * Undoes "shuffle": all first bytes of the elements, then all second ones, and so on; what is left over of an incomplete element
 * comes last as it is.
 */
export function unshuffle(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const count = size > 0 ? Math.floor(bytes.length / size) : 0;
  if (count === 0) return bytes.slice();
  const result = new Uint8Array(bytes.length);
  for (let byte = 0; byte < size; byte++) {
    const start = byte * count;
    for (let index = 0; index < count; index++) result[index * size + byte] = bytes[start + index] ?? 0;
  }
  const whole = count * size;
  result.set(bytes.subarray(whole), whole);
  return result;
}
