import { type Move, type Run, runs } from "@modelbytes/tensor";
import type { DataOptions } from "./metadata-file.ts";

/** Bytes between two runs that are cheaper read than asked around. */
export const GAP_BYTES = 16_384;
/** Bytes of a request that joins runs. A single run may be longer. */
export const REQUEST_BYTES: number = 8 * 2 ** 20;
/** Requests under way at once. */
const REQUESTS_AT_ONCE = 8;

/** Where an array lies: a range of the file, or of others. */
export interface Extent {
  /** `length` of its bytes from byte `at` of it on. */
  read(at: number, length: number, options: DataOptions): Promise<Uint8Array<ArrayBuffer>>;
}

/** Runs that one request brings, in bytes: `from` counts from where the array begins, `to` in the result. */
interface Request {
  readonly runs: Run[];
  readonly from: number;
  end: number;
}

/**
 * Copies a region of a row-major array into `target`: what lies near each other is one request. The array
 * is `move.fromShape`, in elements of `itemsize` bytes.
 */
export async function readRuns(
  array: Extent,
  move: Move,
  itemsize: number,
  target: Uint8Array,
  options: Pick<DataOptions, "signal">,
): Promise<void> {
  let batch: Promise<void>[] = [];
  for (const request of plan(runs(move), itemsize)) {
    batch.push(read(array, request, target, options));
    if (batch.length < REQUESTS_AT_ONCE) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
}

function* plan(elements: Iterable<Run>, itemsize: number): Generator<Request> {
  let request: Request | undefined;
  for (const { from, to, length } of elements) {
    const run: Run = { from: from * itemsize, to: to * itemsize, length: length * itemsize };
    const end = run.from + run.length;
    if (request !== undefined && run.from - request.end <= GAP_BYTES && end - request.from <= REQUEST_BYTES) {
      request.runs.push(run);
      request.end = end;
      continue;
    }
    if (request !== undefined) yield request;
    request = { runs: [run], from: run.from, end };
  }
  if (request !== undefined) yield request;
}

async function read(
  array: Extent,
  request: Request,
  target: Uint8Array,
  options: Pick<DataOptions, "signal">,
): Promise<void> {
  const bytes = await array.read(request.from, request.end - request.from, options);
  for (const { from, to, length } of request.runs) {
    const start = from - request.from;
    target.set(bytes.subarray(start, start + length), to);
  }
}
