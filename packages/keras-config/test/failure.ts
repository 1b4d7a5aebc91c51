// What an action throws.

import { ModelbytesError } from "@modelbytes/bytes";

/** What an action gives or throws. */
export function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

/** The error of modelbytes that an action throws. */
export function failure(action: () => unknown): ModelbytesError {
  const error = attempt(action);
  if (error instanceof ModelbytesError) return error;
  throw new Error("nothing was refused");
}
