// Extra fields: a list of records. The zip64 record holds, in this order, those of four numbers whose field says 0xFFFFFFFF:
//
//     2 id   2 length   data            0x0001: 8 size   8 compressed size   8 local header offset   (4 disk)

const ZIP64 = 1;

/** The data of the first zip64 record; `undefined` if there is none, or if the records do not add up. */
export function zip64Data(extra: Uint8Array): DataView | undefined {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true);
    if (at + 4 + length > extra.length) return undefined;
    if (view.getUint16(at, true) === ZIP64) return new DataView(extra.buffer, extra.byteOffset + at + 4, length);
    at += 4 + length;
  }
  return undefined;
}

/** A zip64 record of these numbers. */
export function zip64Extra(numbers: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(numbers.length === 0 ? 0 : 4 + 8 * numbers.length);
  if (numbers.length === 0) return bytes;
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ZIP64, true);
  view.setUint16(2, 8 * numbers.length, true);
  for (const [index, number] of numbers.entries()) view.setBigUint64(4 + 8 * index, BigInt(number), true);
  return bytes;
}

/** Extra fields without those of zip64, which follow from the sizes. Throws a `RangeError` for what is no list of records. */
export function withoutZip64(extra: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  const kept: number[] = [];
  for (let at = 0; at < extra.length; ) {
    const end = at + 4 > extra.length ? Number.POSITIVE_INFINITY : at + 4 + view.getUint16(at + 2, true);
    if (end > extra.length) throw new RangeError("no extra fields: the lengths in them do not add up");
    if (view.getUint16(at, true) !== ZIP64) kept.push(...extra.subarray(at, end));
    at = end;
  }
  return Uint8Array.from(kept);
}
