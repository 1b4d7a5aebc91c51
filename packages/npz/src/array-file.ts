import type { Source, WaitOptions } from "@modelbytes/bytes";
import type { ZipArchive, ZipMember } from "@modelbytes/zip";

/** A `.npy` file, wherever it is. */
export interface ArrayFile {
  /** What errors call it. */
  readonly name: string;
  readonly size: number;
  /** Where its bytes begin in the file that holds it, or a number that grows with it. */
  readonly position: number;
  /** The first bytes, at least `length` of them if there are as many. */
  head(length: number, options: WaitOptions): Promise<Uint8Array>;
  /** All bytes, checked against a CRC where there is one. */
  whole(options: WaitOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** The bytes by ranges, which no CRC covers. */
  ranges(options: WaitOptions): Promise<Source>;
  /** The bytes one after another; a CRC is checked after the last. */
  pieces(options: WaitOptions): AsyncIterable<Uint8Array>;
}

/** Bytes of a piece. */
const PIECE_BYTES: number = 2 ** 22;

/** A file of its own. */
export function plainFile(source: Source, size: number): ArrayFile {
  return {
    name: source.name,
    size,
    position: 0,
    head: async (length, { signal }) => await source.read(0, Math.min(length, size), { signal }),
    whole: async ({ signal }) => await source.read(0, size, { signal }),
    ranges: async () => source,
    pieces: async function* ({ signal }) {
      for (let at = 0; at < size; at += PIECE_BYTES) {
        yield await source.read(at, Math.min(PIECE_BYTES, size - at), { signal });
      }
    },
  };
}

/** A member of an archive: stored, it is read where it is. */
export function memberFile(zip: ZipArchive, member: ZipMember): ArrayFile {
  const { size } = member;
  const isStored = member.method === 0;
  return {
    name: `${zip.name}!/${member.name}`,
    size,
    position: member.localHeaderOffset,
    head: async (length, options) => {
      const wanted = Math.min(length, size);
      if (isStored) return await (await zip.source(member, options)).read(0, wanted, { signal: options.signal });
      return await firstBytes(zip.pieces(member, options), wanted);
    },
    whole: (options) => zip.read(member, options),
    ranges: (options) => zip.source(member, options),
    pieces: (options) => zip.pieces(member, options),
  };
}

/** The first bytes of pieces, of which no more are asked for. */
async function firstBytes(pieces: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  if (length === 0) return bytes;
  for await (const piece of pieces) {
    const taken = piece.subarray(0, length - filled);
    bytes.set(taken, filled);
    filled += taken.length;
    if (filled === length) break;
  }
  return bytes.subarray(0, filled);
}
