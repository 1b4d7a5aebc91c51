import { CorruptError, inOrder, ModelbytesError, type Task, type WaitOptions } from "@modelbytes/bytes";
import { Crc32cBuffer } from "./crc32c/crc32c.ts";
import { checkOf, type PayloadCheck, type Piece, pieceOf } from "./payload-check.ts";
import type { Item } from "./plan.ts";
import type { Shards } from "./shards.ts";

/**
 * Checks the tensors of a shard in one pass from its first byte to its last: windows of the file, whatever tensors they hold, are
 * read into a few buffers in turn, so that some windows are read while one is checked.
 *
 *     tensors    │ a │  b  │c│          d          │     │ e │
 *     windows    ┆       ┆       ┆       ┆       ┆       ┆   ┆
 */

/** Bytes of a window: so many that the cost of a call does not show, so few that they stay in the cache. */
const WINDOW_BYTES = 2 ** 22;

/** Bytes that no tensor claims and that are cheaper to read than to skip. */
const LARGEST_GAP = 2 ** 16;

/** Buffers that the windows take in turn; the shards of a bundle share them. */
export type SweepBuffers = readonly Crc32cBuffer[];

/** One is looked at while two are read, so that neither has to wait for the other. */
const BUFFERS = 3;

export interface SweepOptions extends WaitOptions {
  readonly bigEndian: boolean;
  readonly buffers: SweepBuffers;
}

/** Buffers for windows of shards in which the tensors take up to `extent` bytes. */
export function sweepBuffers(extent: number): SweepBuffers {
  const capacity = Math.min(extent, WINDOW_BYTES);
  return Array.from({ length: BUFFERS }, () => new Crc32cBuffer(capacity));
}

/** A range of the shard. */
interface Window {
  readonly start: number;
  readonly stop: number;
  /** The tensor that its first byte belongs to, for errors. */
  readonly tensor: string;
}

/** Yields the error of each tensor that is damaged. `items` are of one shard of `size` bytes, in the order of their offsets. */
export async function* sweep(
  items: readonly Item[],
  size: number,
  shards: Shards,
  options: SweepOptions,
  progress: (bytes: number) => void,
): AsyncGenerator<ModelbytesError, void, undefined> {
  const inside: Item[] = [];
  for (const item of items) {
    if (item.size > 0 && item.offset + item.size > size) yield truncated(item, size, shards);
    else inside.push(item);
  }
  const checks = inside.map((item) => new ItemCheck(item, shards, options.bigEndian));
  let first = 0;
  const tasks = readings(windows(inside), items[0]?.shardId ?? 0, shards, options.buffers);
  const limits = { concurrency: options.buffers.length, bytes: Number.POSITIVE_INFINITY, signal: options.signal };
  for await (const { window, piece } of inOrder(tasks, limits)) {
    if (piece instanceof ModelbytesError) yield piece;
    let index = first;
    for (; index < checks.length && (checks[index]?.start ?? 0) < window.stop; index++) {
      const problem = checks[index]?.take(window, piece);
      if (problem !== undefined) yield problem;
    }
    while (first < checks.length && (checks[first]?.stop ?? 0) <= window.stop) first++;
    progress(window.stop - window.start);
  }
  for (const check of checks.slice(first)) {
    const problem = check.finish();
    if (problem !== undefined) yield problem;
  }
}

/** The check of one tensor, fed from windows. */
class ItemCheck {
  readonly start: number;
  readonly stop: number;
  readonly #check: PayloadCheck;
  #done = false;

  constructor({ name, entry, offset, size }: Item, shards: Shards, bigEndian: boolean) {
    this.start = offset;
    this.stop = offset + size;
    this.#check = checkOf(entry, bigEndian, shards.place(entry, name));
  }

  /** Takes what the window holds of the tensor; the tensor's problem, once it shows. */
  take(window: Window, piece: Piece | ModelbytesError): CorruptError | undefined {
    if (this.#done) return undefined;
    if (piece instanceof ModelbytesError) {
      this.#done = true;
      return undefined;
    }
    const from = Math.max(this.start, window.start) - window.start;
    const to = Math.min(this.stop, window.stop) - window.start;
    return this.#attempt(() => {
      if (from < to) this.#check.push(piece, from, to);
      if (this.stop > window.stop) return;
      this.#done = true;
      this.#check.finish();
    });
  }

  /** For a tensor of no bytes behind the last window. */
  finish(): CorruptError | undefined {
    return this.#done ? undefined : this.#attempt(() => this.#check.finish());
  }

  #attempt(check: () => void): CorruptError | undefined {
    try {
      check();
      return undefined;
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      this.#done = true;
      return error;
    }
  }
}

/** The ranges that the tensors take up, in order, joined over small gaps and cut to windows. */
function* windows(items: readonly Item[]): Generator<Window> {
  let open: { start: number; stop: number; tensor: string } | undefined;
  for (const { offset, size, name } of items) {
    if (size === 0) continue;
    if (open !== undefined && offset - open.stop > LARGEST_GAP) {
      yield open;
      open = undefined;
    }
    open ??= { start: offset, stop: offset, tensor: name };
    open.stop = Math.max(open.stop, offset + size);
    while (open.stop - open.start > WINDOW_BYTES) {
      yield { ...open, stop: open.start + WINDOW_BYTES };
      open = { ...open, start: open.start + WINDOW_BYTES, tensor: name };
    }
  }
  if (open !== undefined) yield open;
}

/** A window and its bytes, or the error of the source in their place. */
interface ReadWindow {
  readonly window: Window;
  readonly piece: Piece | ModelbytesError;
}

/** Reads the windows into the buffers in turn. */
function* readings(
  ranges: Iterable<Window>,
  shardId: number,
  shards: Shards,
  buffers: SweepBuffers,
): Generator<Task<ReadWindow>> {
  let turn = 0;
  for (const window of ranges) {
    const buffer = buffers[turn++ % buffers.length];
    if (buffer === undefined) return;
    const length = window.stop - window.start;
    const run = async (signal: AbortSignal): Promise<ReadWindow> => {
      try {
        const options = { signal, scratch: buffer.bytes };
        const bytes = await shards.read(shardId, window.start, length, window.tensor, options);
        return { window, piece: pieceOf(bytes, buffer) };
      } catch (error) {
        if (error instanceof ModelbytesError) return { window, piece: error };
        throw error;
      }
    };
    yield { bytes: length, run };
  }
}

function truncated({ name, entry, offset, size }: Item, shardSize: number, shards: Shards): CorruptError {
  const reason = `the data file is cut short: the tensor ends at byte ${offset + size}, the file at byte ${shardSize}`;
  return new CorruptError("shard-truncated", reason, shards.place(entry, name));
}
