/** Something to do later, and what it costs while it is under way, in bytes. */
export interface Task<T> {
  readonly bytes: number;
  run(signal: AbortSignal): Promise<T>;
}

/**
 * Runs tasks some at a time and gives their results in the order of the tasks. At most `concurrency` are under way or waiting to
 * be taken, and no more than `bytes` of them unless it is a single one. When the caller stops early the rest are cancelled. Throws a
 * `RangeError` for a `concurrency` below 1 where there is something to run.
 */
export async function* inOrder<T>(
  tasks: Iterable<Task<T>>,
  { concurrency, bytes, signal }: { concurrency: number; bytes: number; signal: AbortSignal | undefined },
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const cancelled = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const waiting: { result: Promise<T>; bytes: number }[] = [];
  const rest = tasks[Symbol.iterator]();
  let underWay = 0;
  let next = rest.next();
  try {
    while (waiting.length > 0 || next.done !== true) {
      while (next.done !== true && waiting.length < concurrency) {
        if (waiting.length > 0 && underWay + next.value.bytes > bytes) break;
        const result = next.value.run(cancelled);
        result.catch(() => {});
        waiting.push({ result, bytes: next.value.bytes });
        underWay += next.value.bytes;
        next = rest.next();
      }
      const first = waiting.shift();
      if (first === undefined) throw new RangeError(`concurrency is at least 1, not ${concurrency}`);
      const result = await first.result;
      underWay -= first.bytes;
      yield result;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(waiting.map(({ result }) => result));
  }
}
