/** The most bytes of one system call: a single read of 2^31 bytes kills a Node 20 process. */
export const LARGEST_CALL: number = 2 ** 30;

/** Node's error code, e.g. `"ENOENT"`. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown error";
}
