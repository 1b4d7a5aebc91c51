import { CorruptError, ModelbytesError, type Place, UnsupportedError } from "@modelbytes/bytes";

/** What libhdf5 threw as an error of ours: the innermost reason of its stack of reasons. */
export function typedError(cause: unknown, place: Place): Error {
  if (cause instanceof ModelbytesError || cause instanceof RangeError || cause instanceof TypeError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const reasons = [...text.matchAll(/^ {2}#\d+: .*?\(\): (.*)$/gm)].map(([, reason]) => reason ?? "");
  const reason = reasons.at(-1) ?? text.split("\n")[0] ?? text;
  if (/filter .*(is not|not) (registered|available)|external (raw data )?file|memory allocation/i.test(text)) {
    return new UnsupportedError("libhdf5", `libhdf5 cannot: ${reason}`, { ...place, cause });
  }
  return new CorruptError("libhdf5", `libhdf5 says: ${reason}`, { ...place, cause });
}
