import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { ByteWriter } from "@modelbytes/bytes";
import { chunkEnd } from "../src/chunked/blocks.ts";
import { highwayHash64 } from "../src/chunked/highway-hash.ts";
import type { Decompressors } from "../src/chunked/index.ts";

/** What Node can decompress. */
export const NODE_DECOMPRESSORS: Decompressors = {
  brotli: (bytes, size) => brotliDecompressSync(bytes, { maxOutputLength: size }),
};

/** Of a part of a chunk: its compression, and the function that does it. */
export type Compression = readonly [letter: string, compress: (bytes: Uint8Array) => Uint8Array];

/** Compresses nothing. */
export const NONE: Compression = ["\0", (bytes) => bytes];
/** Compresses as TensorFlow does. */
export const BROTLI: Compression = ["b", (bytes) => sized(bytes.length, brotliCompressSync(bytes))];

/** Compressed bytes behind the size that they claim to have. */
export function sized(size: number, compressed: Uint8Array): Uint8Array {
  return new ByteWriter().varint(size).bytes(compressed).finish();
}

/** A file of chunks, each placed behind the one before. The writer of the fixtures, which TensorFlow checked, writes the same. */
export class RecordsWriter {
  readonly #file = new ByteWriter();

  constructor() {
    this.chunk("s", new Uint8Array(0));
  }

  /** A chunk of records. Returns their positions. */
  write(records: readonly Uint8Array[], [letter, compress]: Compression = NONE): number[] {
    const values = new ByteWriter();
    const sizes = new ByteWriter();
    for (const record of records) {
      sizes.varint(record.length);
      values.bytes(record);
    }
    const begin = this.chunk("r", simple(letter, compress(sizes.finish()), compress(values.finish())), {
      records: records.length,
      decoded: values.length,
    });
    return records.map((_, index) => begin + index);
  }

  /** A chunk of any type. Returns its position. */
  chunk(type: string, data: Uint8Array, { records = 0, decoded = 0 } = {}): number {
    const begin = this.#file.length;
    const header = new ByteWriter().uint64(data.length).bytes(hashOf(data)).bytes(Buffer.from(type, "latin1"));
    const counted = new ByteWriter().uint64(records).finish().subarray(0, 7);
    const hashed = header.bytes(counted).uint64(decoded).finish();
    const body = new ByteWriter().bytes(hashOf(hashed)).bytes(hashed).bytes(data).finish();
    const end = chunkEnd(begin, body.length, records);
    for (let at = 0; this.#file.length < end; ) {
      const position = this.#file.length;
      if (position % 65536 === 0) {
        const links = new ByteWriter()
          .uint64(position - begin)
          .uint64(end - position)
          .finish();
        this.#file.bytes(hashOf(links)).bytes(links);
      }
      const stop = Math.min(end, position - (position % 65536) + 65536);
      const piece = body.subarray(at, at + stop - this.#file.length);
      at += piece.length;
      this.#file.bytes(piece).zeros(stop - this.#file.length);
    }
    return begin;
  }

  /** The file so far. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#file.finish();
  }
}

/** The data of a chunk of records. */
export function simple(letter: string, sizes: Uint8Array, values: Uint8Array): Uint8Array {
  return new ByteWriter().bytes(Buffer.from(letter, "latin1")).varint(sizes.length).bytes(sizes).bytes(values).finish();
}

function hashOf(bytes: Uint8Array): Uint8Array {
  const hash = new DataView(new ArrayBuffer(8));
  hash.setBigUint64(0, highwayHash64(bytes), true);
  return new Uint8Array(hash.buffer);
}
