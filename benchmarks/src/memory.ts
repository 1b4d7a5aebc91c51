import { readFileSync, writeFileSync } from "node:fs";

/** Resident memory of this process, in bytes; undefined where there is no /proc. */
export function residentBytes(): number | undefined {
  return statusBytes("VmRSS");
}

/** The most resident memory since `forgetPeak`. The peak that `getrusage` knows may be that of the process that started this one. */
export function peakBytes(): number | undefined {
  return statusBytes("VmHWM");
}

/** Begins a new peak at what is resident now. */
export function forgetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux: then there is no peak either.
  }
}

function statusBytes(field: string): number | undefined {
  try {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
