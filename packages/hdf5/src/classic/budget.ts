import { CorruptError, type Place } from "@modelbytes/bytes";

/**
 * The structures of a sound file do not overlap, so that together they are no longer than the file. Counting their bytes stops a
 * hostile file that refers to the same ones over and over, which takes time without end.
 */
export class Budget {
  #left: number;

  /** `bytes` of the file. */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes `bytes` for a structure, which is `at` a place. Throws a `CorruptError` (`"overlap"`) when there are no more. */
  spend(bytes: number, at: { readonly place: Place }): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    throw new CorruptError("overlap", "structures refer to each other in circles, or lie over each other", at.place);
  }
}
