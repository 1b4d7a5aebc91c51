import { ByteReader, CorruptError, UnsupportedError } from "@modelbytes/bytes";

/**
 * Gives the `size` bytes that `bytes` decompress to. It may throw as soon as there are more, and should: `size` is what the file says,
 * and a few bytes can decompress to gigabytes.
 */
export type Decompress = (bytes: Uint8Array, size: number) => Uint8Array;

/**
 * What decompresses each compression of riegeli; TensorFlow writes brotli. In Node:
 *
 *     { brotli: (bytes, size) => zlib.brotliDecompressSync(bytes, { maxOutputLength: size }) }
 *
 * Browsers have no synchronous decoder of their own: give that of a package, such as brotli compiled to WebAssembly.
 */
export interface Decompressors {
  readonly brotli?: Decompress | undefined;
  readonly snappy?: Decompress | undefined;
  readonly zstd?: Decompress | undefined;
}

/** By the byte that a chunk names each with. */
const COMPRESSIONS: ReadonlyMap<number, keyof Decompressors> = new Map([
  [0x62, "brotli"],
  [0x73, "snappy"],
  [0x7a, "zstd"],
]);

/**
 * Undoes the compression of a part of a chunk. `isPossible` says of the size it would have whether memory may be taken for it.
 *
 *     compression 0      the bytes themselves
 *     other ones         varint: size when decompressed │ compressed bytes
 *
 * Throws a `CorruptError` or an `UnsupportedError` without a place.
 */
export function decompressPart(
  compression: number,
  part: Uint8Array,
  isPossible: (size: number) => boolean,
  decompressors: Decompressors,
): Uint8Array {
  if (compression === 0) {
    checkSize(part.length, isPossible);
    return part;
  }
  const name = COMPRESSIONS.get(compression);
  if (name === undefined)
    throw new UnsupportedError("compression", `a chunk has the unknown compression ${compression}`);
  const decompress = decompressors[name];
  if (decompress === undefined) {
    const reason = `a chunk is compressed by ${name}: give a function that decompresses it, as { ${name} }`;
    throw new UnsupportedError("compression", reason);
  }
  const reader = new ByteReader(part);
  const size = reader.varint();
  checkSize(size, isPossible);
  if (size === 0) return new Uint8Array(0);
  const bytes = attempt(() => decompress(reader.view(reader.remaining), size));
  if (bytes.length !== size) {
    throw new CorruptError("compressed-data", `${size} bytes of a chunk decompress to ${bytes.length}`);
  }
  return bytes;
}

function checkSize(size: number, isPossible: (size: number) => boolean): void {
  if (!isPossible(size)) {
    throw new CorruptError("record-sizes", `a part of a chunk holds ${size} bytes, which its header contradicts`);
  }
}

function attempt(decompress: () => Uint8Array): Uint8Array {
  try {
    return decompress();
  } catch (cause) {
    throw new CorruptError("compressed-data", "a part of a chunk does not decompress", { cause });
  }
}
