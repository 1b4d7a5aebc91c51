import { inflateSmall } from "#inflate-small";

/** Bytes up to which a stream takes longer to make than to use; measured: of 16 KiB three times as long, of 1 KiB ten times. */
const SMALL_BYTES = 65_536;

/**
 * Undoes deflate (with zlib's frame) by the platform's own decompressor. Rejects with its error for what is no such data, and
 * gives `undefined` for more than `most` bytes: no more than that is kept.
 */
export async function inflate(
  bytes: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (inflateSmall !== undefined && most <= SMALL_BYTES) return inflateSmall(bytes, most);
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter();
  const written = writer.write(bytes).then(() => writer.close());
  written.catch(() => {}); // the reader sees the same error
  const reader = stream.readable.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    pieces.push(value);
  }
  const result = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}
