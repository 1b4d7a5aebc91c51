import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { MAX_LINK_HOPS, MAX_VIRTUAL_SOURCES } from "../limits.ts";

/** Virtual datasets within virtual datasets: how deep, and how many in all. */
export class Nesting {
  readonly #depth: number;
  readonly #all: { count: number };

  constructor(depth = 0, all: { count: number } = { count: 0 }) {
    this.#depth = depth;
    this.#all = all;
  }

  /** For what is read by a virtual dataset. Throws a `CorruptError` (`"link-cycle"`), an `UnsupportedError` (`"virtual"`). */
  enter(place: Place): Nesting {
    if (this.#depth >= MAX_LINK_HOPS) {
      throw new CorruptError("link-cycle", "virtual datasets that are made of each other", place);
    }
    if (++this.#all.count > MAX_VIRTUAL_SOURCES) {
      throw new UnsupportedError("virtual", "virtual datasets of virtual datasets without end", place);
    }
    return new Nesting(this.#depth + 1, this.#all);
  }
}
