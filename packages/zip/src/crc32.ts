// CRC-32, the checksum of every member: polynomial 0x04C11DB7, reflected, all ones before and after.
//
//     crc32("123456789") = 0xCBF43926
//
// By tables, sixteen bytes at a time. A CRC is linear over GF(2), so the CRC of sixteen bytes is the XOR of each byte's own
// contribution, followed by as many zero bytes as stand behind it:
//
//     byte            0     1    …    14    15
//     zeros behind    15    14   …    1     0        table[zeros * 256 + byte]
//                     └── the first four XORed with the CRC so far

const POLYNOMIAL = 0xedb88320;
const SLICES = 16;

/** Filled at the first use. */
const table: Int32Array = new Int32Array(SLICES * 256);

function fill(): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1));
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i++) table[i] = (entry(i - 256) >>> 8) ^ entry(entry(i - 256) & 255);
}

/** The CRC-32 of `bytes`; of a longer message ending with them, if `previous` is the CRC-32 of what comes before. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  if (table[1] === 0) fill();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let crc = ~previous;
  let at = 0;
  for (const end = bytes.length - SLICES; at <= end; at += SLICES) {
    const first = view.getInt32(at, true) ^ crc;
    const second = view.getInt32(at + 4, true);
    const third = view.getInt32(at + 8, true);
    const fourth = view.getInt32(at + 12, true);
    crc =
      entry(3840 + (first & 255)) ^
      entry(3584 + ((first >>> 8) & 255)) ^
      entry(3328 + ((first >>> 16) & 255)) ^
      entry(3072 + (first >>> 24)) ^
      entry(2816 + (second & 255)) ^
      entry(2560 + ((second >>> 8) & 255)) ^
      entry(2304 + ((second >>> 16) & 255)) ^
      entry(2048 + (second >>> 24)) ^
      entry(1792 + (third & 255)) ^
      entry(1536 + ((third >>> 8) & 255)) ^
      entry(1280 + ((third >>> 16) & 255)) ^
      entry(1024 + (third >>> 24)) ^
      entry(768 + (fourth & 255)) ^
      entry(512 + ((fourth >>> 8) & 255)) ^
      entry(256 + ((fourth >>> 16) & 255)) ^
      entry(fourth >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ entry((crc ^ view.getUint8(at)) & 255);
  return ~crc >>> 0;
}

/** An element that is there by construction. */
function entry(index: number): number {
  return table[index] ?? 0;
}
