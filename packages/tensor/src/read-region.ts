import { type Place, type Source, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { type Move, type Run, runs } from "./region.ts";

/**
 * Reading a part of an array by its runs. Ranges that lie near each other are one request.
 */

/** Bytes between two runs that are cheaper to read than to skip. */
const LARGEST_GAP = 4096;

/** The most bytes that runs are joined to. A single run may be longer. */
const LARGEST_WINDOW: number = 2 ** 20;

/** Where the array is, and what errors call it. */
export interface StoredArray {
  readonly source: Source;
  /** Bytes from the start of the source. */
  readonly offset: number;
  readonly itemsize: number;
  readonly tensor: string;
}

/**
 * The bytes of what `move` takes of an array, row-major: `move.from` is the array, `move.to` is all of the result. Throws
 * an `UnsupportedError` (`"too-large"`) for more than the host can hold.
 */
export async function readRegion(
  array: StoredArray,
  move: Move,
  options: WaitOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { source, offset, itemsize } = array;
  const target = allocate(
    move.count.reduce((product, dim) => product * dim, itemsize),
    array,
  );
  for (const { start, length, runs: inside } of windows(move, itemsize)) {
    const [only, ...others] = inside;
    const whole = only !== undefined && others.length === 0;
    const scratch = whole ? target.subarray(only.to * itemsize, (only.to + only.length) * itemsize) : undefined;
    const bytes = await source.read(offset + start, length, { signal: options.signal, scratch });
    if (scratch !== undefined && bytes.buffer === scratch.buffer) continue;
    for (const run of inside) {
      const from = run.from * itemsize - start;
      target.set(bytes.subarray(from, from + run.length * itemsize), run.to * itemsize);
    }
  }
  return target;
}

/** What it means that the host cannot have `length` bytes, which the file is known to have. */
export function tooLarge(length: number, place: Place): UnsupportedError {
  const reason = `${length} bytes are more than this host can hold in one piece; read it in parts with \`select\``;
  return new UnsupportedError("too-large", reason, place);
}

function allocate(length: number, { source, tensor }: StoredArray): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw tooLarge(length, { file: source.name, tensor, cause });
  }
}

/** A range to read, and the runs that it holds, in elements of the move. */
export interface Window {
  /** Bytes from the start of the array that is read. */
  readonly start: number;
  readonly length: number;
  readonly runs: readonly Run[];
}

/** The ranges that hold the runs of a move, in ascending order: those that lie near each other are one. */
export function* windows(move: Move, itemsize: number): Generator<Window> {
  let start = 0;
  let stop = 0;
  let inside: Run[] = [];
  for (const run of runs(move)) {
    const first = run.from * itemsize;
    const end = first + run.length * itemsize;
    if (inside.length > 0 && (first - stop > LARGEST_GAP || end - start > LARGEST_WINDOW)) {
      yield { start, length: stop - start, runs: inside };
      inside = [];
    }
    if (inside.length === 0) start = first;
    stop = end;
    inside.push(run);
  }
  if (inside.length > 0) yield { start, length: stop - start, runs: inside };
}
