import { cpus } from "node:os";
import { setTimeout as wait } from "node:timers/promises";

/** Milliseconds that are looked at. */
const LOOK = 300;

/** The most that others may take of the processors in that time. */
const MOST_BUSY = 0.1;

/** Waits until the processors have nothing to do, at most `seconds`; says whether they came to rest. */
export async function calm(seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  do {
    const before = processorTimes();
    await wait(LOOK);
    const after = processorTimes();
    if (after.busy - before.busy <= MOST_BUSY * (after.all - before.all)) return true;
  } while (performance.now() < end);
  return false;
}

/** Milliseconds of all processors since they started. */
function processorTimes(): { busy: number; all: number } {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq;
    busy += working;
    all += working + times.idle;
  }
  return { busy, all };
}
