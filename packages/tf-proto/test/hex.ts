import { ByteWriter } from "@modelbytes/bytes";

/** The bytes of hexadecimal digits; spaces and bars between them mean nothing. */
export function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(hex.replaceAll(/[\s|]/g, ""), "hex"));
}

/** Bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A field of bytes, or a message: tag, length and content. */
export function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = joined(...parts);
  return new ByteWriter()
    .varint(number * 8 + 2)
    .varint(content.length)
    .bytes(content)
    .finish();
}

/** A field of one varint; a negative number takes ten bytes. */
export function varint(number: number, value: number | bigint): Uint8Array<ArrayBuffer> {
  return joined(new ByteWriter().varint(number * 8).finish(), varints(value));
}

/** Varints side by side, as in a packed field. */
export function varints(...values: readonly (number | bigint)[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
  }
  return Uint8Array.from(bytes);
}

/** Parts one after another. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  for (const part of parts) to.bytes(part);
  return to.finish();
}
