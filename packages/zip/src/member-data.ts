import { type Source, SourceError, type SourceLike, toSource, type WaitOptions } from "@modelbytes/bytes";
import { crc32 } from "./crc32.ts";

/** Bytes that are read of a file at once. */
const PIECE_BYTES: number = 2 ** 24;

/** Bytes that can be made more than once, always the same, such as a file that is computed from what it holds. */
export interface Replayable {
  /** Bytes of all pieces together. */
  readonly size: number;
  /** Starts again from the first byte. A piece may be overwritten once the next one is asked for. */
  pieces(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** The data of a member to be written: bytes, whatever else is a source, or what makes the bytes. */
export type MemberData = SourceLike | Replayable;

/** The data as what can be replayed. What was opened for it is closed by `close`. */
export async function openData(
  data: MemberData,
  options: WaitOptions,
): Promise<Replayable & { close(): Promise<void> }> {
  if (isReplayable(data)) return { size: data.size, pieces: () => data.pieces(), close: async () => {} };
  const source = toSource(data);
  return {
    size: await source.size(options),
    pieces: () => piecesOf(source, options),
    close: async () => {
      if (source !== data) await source.close?.();
    },
  };
}

function isReplayable(data: MemberData): data is Replayable {
  return typeof data === "object" && "pieces" in data;
}

async function* piecesOf(source: Source, options: WaitOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const size = await source.size(options);
  const scratch = new Uint8Array(Math.min(size, PIECE_BYTES));
  for (let at = 0; at < size; at += PIECE_BYTES) {
    yield await source.read(at, Math.min(PIECE_BYTES, size - at), { ...options, scratch });
  }
}

/** A pass over data: its pieces, and then the CRC of all of them. */
export class Pass {
  /** The CRC-32 of the pieces so far. */
  crc32 = 0;
  readonly #data: Replayable;
  readonly #name: string;

  /** `name` is what errors call the data. */
  constructor(data: Replayable, name: string) {
    this.#data = data;
    this.#name = name;
  }

  /** Rejects with a `SourceError` (`"changed"`) if there are not `size` bytes, and after `signal`. */
  async *pieces({ signal }: WaitOptions): AsyncGenerator<Uint8Array, void, undefined> {
    let length = 0;
    for await (const piece of this.#data.pieces()) {
      signal?.throwIfAborted();
      length += piece.length;
      if (length > this.#data.size) break;
      this.crc32 = crc32(piece, this.crc32);
      yield piece;
    }
    if (length !== this.#data.size) throw changed(this.#name);
  }

  /** Goes through all of it. */
  async run(options: WaitOptions): Promise<void> {
    for await (const piece of this.pieces(options)) void piece;
  }
}

/** The error of data that is not the same when it is read again. */
export function changed(name: string): SourceError {
  return new SourceError("changed", `the data of ${JSON.stringify(name)} changed while it was read`);
}
