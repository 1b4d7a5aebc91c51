/**
 * Column-major arrays, which NumPy calls Fortran order: the first index changes fastest. So the bytes are those of a row-major array of
 * the dimensions turned around, and what is to be done is to turn its axes around.
 */

/** The elements of `bytes`, column-major of `shape`, in row-major order. */
export function toRowMajor(bytes: Uint8Array, shape: readonly number[], itemsize: number): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(bytes.length);
  if (bytes.length === 0) return target;
  const last = shape.length - 1;
  const strides: number[] = []; // in bytes, of the source
  let stride = itemsize;
  for (const dim of shape) {
    strides.push(stride);
    stride *= dim;
  }
  const along = shape[last] ?? 1;
  const step = strides[last] ?? itemsize;
  const index: number[] = new Array(Math.max(last, 0)).fill(0);
  let from = 0;
  for (let to = 0; to < target.length; ) {
    for (let at = from, rest = along; rest > 0; rest--, at += step, to += itemsize) {
      for (let byte = 0; byte < itemsize; byte++) target[to + byte] = bytes[at + byte] ?? 0;
    }
    for (let dim = last - 1; dim >= 0; dim--) {
      const next = (index[dim] ?? 0) + 1;
      const carries = next === shape[dim];
      index[dim] = carries ? 0 : next;
      from += (carries ? 1 - next : 1) * (strides[dim] ?? 0);
      if (!carries) break;
    }
  }
  return target;
}
