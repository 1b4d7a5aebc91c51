import { inOrder, type Source, type Task, type WaitOptions } from "@modelbytes/bytes";

/** Bytes of a piece. */
const PIECE_BYTES: number = 2 ** 22;

/** One piece is used while two are read. */
const CONCURRENCY = 3;

/** A range of a file in pieces, each good until the next is asked for. */
export async function* readPieces(
  source: Source,
  offset: number,
  length: number,
  { signal }: WaitOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const limits = { concurrency: CONCURRENCY, bytes: Number.POSITIVE_INFINITY, signal };
  yield* inOrder(readings(source, offset, length), limits);
}

function* readings(source: Source, offset: number, length: number): Generator<Task<Uint8Array>> {
  const buffers = Array.from({ length: CONCURRENCY + 1 }, () => new Uint8Array(Math.min(PIECE_BYTES, length)));
  for (let start = 0; start < length; start += PIECE_BYTES) {
    const bytes = Math.min(PIECE_BYTES, length - start);
    const scratch = buffers[(start / PIECE_BYTES) % buffers.length];
    yield { bytes, run: (signal) => source.read(offset + start, bytes, { signal, scratch }) };
  }
}
