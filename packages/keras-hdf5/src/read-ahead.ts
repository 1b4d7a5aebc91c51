/** A read to do later, and the bytes that it holds. */
export interface PlannedRead<T> {
  readonly bytes: number;
  run(signal: AbortSignal): Promise<T>;
}

/** How far to read ahead. */
export interface ReadAheadOptions {
  /** Reads that are under way at once: 4. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that reads ahead may hold; a larger one runs alone. */
const BYTES_AHEAD: number = 2 ** 26;

/** Reads ahead and gives the results in order. When the caller stops early, what is under way is cancelled. */
export async function* streamInOrder<T>(
  reads: readonly PlannedRead<T>[],
  { concurrency = 4, signal }: ReadAheadOptions,
): AsyncGenerator<T, void, undefined> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const cancelled = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const underWay: Promise<T>[] = [];
  let held = 0;
  let next = 0;
  try {
    for (const { bytes } of reads) {
      for (let read = reads[next]; read !== undefined && underWay.length < concurrency; read = reads[++next]) {
        if (underWay.length > 0 && held + read.bytes > BYTES_AHEAD) break;
        const result = read.run(cancelled);
        result.catch(() => {}); // it is looked at when its turn comes
        underWay.push(result);
        held += read.bytes;
      }
      const first = underWay.shift();
      if (first === undefined) throw new RangeError(`concurrency is at least 1, not ${concurrency}`);
      const result = await first;
      held -= bytes;
      yield result;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(underWay);
  }
}
