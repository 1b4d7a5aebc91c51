import { inOrder, type Task, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5File } from "@modelbytes/hdf5";
import {
  DTYPES,
  elementCount,
  type FixedDType,
  PART_BYTES,
  rowSelections,
  type Selection,
  type Tensor,
  type TensorInPieces,
  toBytes,
} from "@modelbytes/tensor";
import { readStored } from "./stored-tensor.ts";

/** The most bytes of a piece. */
export const PIECE_BYTES: number = 2 ** 22;

/** One piece is used while two are read. */
const CONCURRENCY = 3;

/** Pieces that are read into memory of their own: as much as would be used again. */
const FRESH_PIECES = CONCURRENCY + 1;

/** Memory for the pieces of one tensor after another. */
export type PieceMemory = readonly Uint8Array<ArrayBuffer>[];

/** Memory for pieces that are read a little ahead. */
export function pieceMemory(): PieceMemory {
  return Array.from({ length: CONCURRENCY + 1 }, () => new Uint8Array(PIECE_BYTES));
}

/** A dataset of which is known what tensor it is. */
interface Stored {
  readonly key: string;
  readonly dtype: FixedDType;
  readonly shape: readonly number[];
}

/**
 * The values of a dataset in pieces, read a little ahead into memory that is used again, by default of their own. Chunks are not taken
 * apart, as each is to be decoded once, unless a row of them is more than 32 MiB.
 */
export function storedInPieces(
  file: Hdf5File,
  { key, dtype, shape }: Stored,
  options: WaitOptions & { readonly memory?: PieceMemory | undefined },
): TensorInPieces {
  return { dtype, shape, pieces: { [Symbol.asyncIterator]: () => readPieces(file, { key, dtype, shape }, options) } };
}

async function* readPieces(
  file: Hdf5File,
  { key, dtype, shape }: Stored,
  { signal, memory }: WaitOptions & { readonly memory?: PieceMemory | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { layout } = await file.dataset(key, { signal });
  const isPlain = layout.class === "contiguous";
  const parts =
    layout.class === "chunked"
      ? chunkRows({ dtype, shape }, layout.chunk)
      : rowSelections({ dtype, shape }, PIECE_BYTES);
  const isLarge = elementCount(shape) * DTYPES[dtype].itemsize > FRESH_PIECES * PIECE_BYTES;
  const scratches = isPlain ? (memory ?? (isLarge ? pieceMemory() : [])) : [];
  function* readings(): Generator<Task<Tensor>> {
    let turn = 0;
    for (const select of parts) {
      const scratch = scratches[turn++ % scratches.length];
      yield {
        bytes: 0,
        run: async (cancelled) => await readStored(file, key, dtype, { select, signal: cancelled, scratch }),
      };
    }
  }
  const limits = { concurrency: isPlain ? CONCURRENCY : 1, bytes: Number.POSITIVE_INFINITY, signal };
  for await (const tensor of inOrder(readings(), limits)) {
    if (tensor.dtype !== "string" && tensor.dtype !== "variant") yield toBytes(tensor);
  }
}

/** The rows of whole chunks, as many as 32 MiB hold. */
function* chunkRows(
  { dtype, shape }: Omit<Stored, "key">,
  [chunk = 1]: readonly number[],
): Generator<Selection | undefined, void, undefined> {
  const [rows = 1, ...row] = shape;
  const chunkBytes = chunk * elementCount(row) * DTYPES[dtype].itemsize;
  if (chunkBytes === 0 || chunkBytes > PART_BYTES) {
    yield* rowSelections({ dtype, shape });
    return;
  }
  const step = chunk * Math.floor(PART_BYTES / chunkBytes);
  for (let from = 0; from < rows; from += step) yield [[from, Math.min(rows, from + step)]];
}
