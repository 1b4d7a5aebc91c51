// CRC32C by table look-up, slicing-by-8: for inputs too short for the kernel and hosts that cannot run it.
//
// A CRC is linear over GF(2), so the CRC of eight bytes is the XOR of each byte's own contribution, followed by as many
// zero bytes as stand behind it:
//
//     byte            0     1     2     3     4     5     6     7
//     zeros behind    7     6     5     4     3     2     1     0        table[zeros * 256 + byte]
//                     └── XORed with the CRC so far ──┘
//
// Bits are reflected: bit 0 of the first byte is the coefficient of the highest power of x.

/** x^32 + x^28 + x^27 + … + 1 without x^32, lowest power in the highest bit. */
const POLYNOMIAL = 0x82f63b78;

/** Filled at the first use. A constant, because engines then know its address and length: a tenth faster. */
const table: Int32Array = new Int32Array(8 * 256);

function fill(): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1));
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i++) table[i] = (entry(i - 256) >>> 8) ^ entry(entry(i - 256) & 255);
}

export function crc32cByTables(bytes: Uint8Array, previous: number): number {
  if (table[1] === 0) fill();
  const length = bytes.length;
  let crc = ~previous;
  let i = 0;
  for (const end = length - 7; i < end; i += 8) {
    crc ^= byte(bytes, i) | (byte(bytes, i + 1) << 8) | (byte(bytes, i + 2) << 16) | (byte(bytes, i + 3) << 24);
    crc =
      entry(1792 + (crc & 255)) ^
      entry(1536 + ((crc >>> 8) & 255)) ^
      entry(1280 + ((crc >>> 16) & 255)) ^
      entry(1024 + (crc >>> 24)) ^
      entry(768 + byte(bytes, i + 4)) ^
      entry(512 + byte(bytes, i + 5)) ^
      entry(256 + byte(bytes, i + 6)) ^
      entry(byte(bytes, i + 7));
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ entry((crc ^ byte(bytes, i)) & 255);
  return ~crc >>> 0;
}

// Elements that are there by construction. Two functions, so that each sees one type of array.

function entry(index: number): number {
  return table[index] ?? 0;
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
