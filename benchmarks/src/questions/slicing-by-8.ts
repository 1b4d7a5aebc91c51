/** Eight tables of 256: the CRC of a byte followed by none to seven zero bytes. */
const tables = new Int32Array(8 * 256);

for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1));
  tables[i] = crc;
}
for (let i = 256; i < tables.length; i++) tables[i] = (entry(i - 256) >>> 8) ^ entry(entry(i - 256) & 255);

function entry(index: number): number {
  return tables[index] ?? 0;
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

/** CRC32C in the usual portable way. */
export function slicingBy8(bytes: Uint8Array): number {
  let crc = -1;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
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
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ entry((crc ^ byte(bytes, i)) & 255);
  return ~crc >>> 0;
}
