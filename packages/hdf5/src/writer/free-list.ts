/** A piece of the file that is free. */
export interface Section {
  readonly address: number;
  readonly size: number;
}

/** The free pieces of one class of space, by address. Pieces that touch have been merged by who adds them. */
export class FreeList {
  readonly #sections: Section[] = [];

  /** The piece nearest to the end of the file. */
  get last(): Section | undefined {
    return this.#sections.at(-1);
  }

  /** Adds a piece that touches no other. */
  add(section: Section): void {
    this.#sections.splice(this.#above(section.address), 0, section);
  }

  removeLast(): void {
    this.#sections.pop();
  }

  /** Takes the smallest piece of at least `size` bytes out of the list, of equals the one at the lowest address. */
  takeBest(size: number): Section | undefined {
    let best: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [index, section] of this.#sections.entries()) {
      if (section.size < size || section.size >= least) continue;
      best = index;
      least = section.size;
      if (least === size) break;
    }
    return best === undefined ? undefined : this.#sections.splice(best, 1)[0];
  }

  /** Takes the pieces that touch `section` out of the list and gives all of them as one. */
  merge(section: Section): Section {
    const above = this.#above(section.address);
    const before = this.#sections[above - 1];
    const after = this.#sections[above];
    const joinsBefore = before !== undefined && before.address + before.size === section.address;
    const joinsAfter = after !== undefined && section.address + section.size === after.address;
    if (!joinsBefore && !joinsAfter) return section;
    this.#sections.splice(joinsBefore ? above - 1 : above, Number(joinsBefore) + Number(joinsAfter));
    const address = joinsBefore ? before.address : section.address;
    const size = (joinsBefore ? before.size : 0) + section.size + (joinsAfter ? after.size : 0);
    return { address, size };
  }

  /** Cuts `size` bytes from the front of the piece that begins at `address`, and says whether there was one so large. */
  cutFront(address: number, size: number): boolean {
    const index = this.#above(address - 1);
    const section = this.#sections[index];
    if (section === undefined || section.address !== address || section.size < size) return false;
    const rest = { address: address + size, size: section.size - size };
    this.#sections.splice(index, 1, ...(rest.size > 0 ? [rest] : []));
    return true;
  }

  /** The index of the first piece that begins behind `address`. */
  #above(address: number): number {
    let low = 0;
    for (let high = this.#sections.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#sections[middle]?.address ?? 0) > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
