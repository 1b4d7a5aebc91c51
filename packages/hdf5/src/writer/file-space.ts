import { FreeList, type Section } from "./free-list.ts";
import type { Segment } from "./segment.ts";

/**
 * Where libhdf5 puts what it stores. Space is of two classes that never mix: `raw` is the data of datasets and global heaps, `meta`
 * all else. A block comes from the free pieces of its class, else from the *aggregator* of its class, a stretch of 2048 bytes taken
 * from the end of the file at a time, else from the end itself. Only files on a path have aggregators; through h5py's driver for
 * Python file objects every block is asked for singly.
 *
 * The rules are those of H5MF.c, H5MFaggr.c, H5MFsection.c and H5FS.c of HDF5 1.8 to 2.0, which all lay files out alike.
 */

/** The class of a block. */
export type SpaceClass = "meta" | "raw";

/** How h5py was told to open the file: by its path, or as a Python file object, which is how Keras writes inside `.keras`. */
export type Hdf5Driver = "path" | "file-object";

/** Bytes that an aggregator takes from the end of the file at a time; blocks from this size on pass it by. */
const AGGREGATE = 2048;

/** Space taken in advance: `size` bytes at `address` of `total` are left. An address of 0 is none, of infinity one lost. */
interface Aggregator {
  address: number;
  size: number;
  total: number;
}

const TENTH = Math.fround(0.1);

/** The space of a file that grows. */
export class FileSpace {
  /** Bytes of the file so far. */
  #end = 0;
  readonly #aggregates: boolean;
  readonly #aggregators: Readonly<Record<SpaceClass, Aggregator>> = {
    meta: { address: 0, size: 0, total: 0 },
    raw: { address: 0, size: 0, total: 0 },
  };
  /** Free pieces; there is no list before the first piece that could not be given back otherwise. */
  readonly #free: Partial<Record<SpaceClass, FreeList>> = {};

  /** What flushes wrote to places that were given up later: the bytes stay unless something else comes there. */
  #remains: Segment[] = [];

  constructor(driver: Hdf5Driver) {
    this.#aggregates = driver === "path";
  }

  /** Bytes of the file so far. */
  get end(): number {
    return this.#end;
  }

  /** The address of a new block. */
  allocate(of: SpaceClass, size: number): number {
    const found = this.#free[of]?.takeBest(size);
    if (found !== undefined) {
      if (found.size > size) this.#insert(of, { address: found.address + size, size: found.size - size });
      return found.address;
    }
    return this.#aggregates ? this.#allocateAggregated(of, size) : this.#take(size);
  }

  /** Makes a block longer by `extra` bytes where it lies, if what follows is free, and says whether it is. */
  extend(of: SpaceClass, address: number, size: number, extra: number): boolean {
    const end = address + size;
    return (
      this.#grow(end, extra) ||
      (this.#aggregates && this.#extendFromAggregator(this.#aggregators[of], end, extra)) ||
      (this.#free[of]?.cutFront(end, extra) ?? false)
    );
  }

  /** Gives a block back. */
  release(of: SpaceClass, address: number, size: number): void {
    const section = { address, size };
    if (this.#free[of] === undefined) {
      const into = this.#shrinksInto(of, section);
      if (into === "end") {
        this.#end = address;
        return;
      }
      if (into === "aggregator") {
        this.#absorb(this.#aggregators[of], section);
        return;
      }
    }
    this.#insert(of, section);
  }

  /** Bytes that are no longer part of anything, in the order in which they were given up. */
  get remains(): readonly Segment[] {
    return this.#remains;
  }

  /** Gives a block back that a flush has written: its first bytes are `remains`. */
  leave(of: SpaceClass, size: number, remains: Segment): void {
    this.#remains.push(remains);
    this.release(of, remains.address, size);
  }

  /** What a flush does: the rests of the aggregators are given back, and the file is cut to its end. */
  flush(): void {
    const { meta, raw } = this.#aggregators;
    const order: readonly SpaceClass[] = meta.address >= raw.address ? ["meta", "raw"] : ["raw", "meta"];
    for (const of of order) {
      const { address, size } = this.#aggregators[of];
      this.#reset(this.#aggregators[of]);
      if (size > 0) this.release(of, address, size);
    }
    this.#remains = this.#remains.filter(({ address }) => address < this.#end);
    this.#remains = this.#remains.map((segment) => cut(segment, this.#end - segment.address));
  }

  /** What closing does: flushes and gives up what is free at the end of the file. */
  close(): void {
    this.flush();
    for (let before = -1; before !== this.#end; ) {
      before = this.#end;
      for (const list of [this.#free.meta, this.#free.raw]) {
        const last = list?.last;
        if (last === undefined || last.address + last.size !== this.#end) continue;
        list?.removeLast();
        this.#end = last.address;
      }
    }
  }

  #take(size: number): number {
    const address = this.#end;
    this.#end += size;
    if (!Number.isSafeInteger(this.#end)) throw new RangeError("a file of more than 2^53 bytes");
    return address;
  }

  #grow(end: number, size: number): boolean {
    if (end !== this.#end) return false;
    this.#take(size);
    return true;
  }

  #allocateAggregated(of: SpaceClass, size: number): number {
    const own = this.#aggregators[of];
    if (size > own.size) {
      const end = own.address + own.size;
      if (size >= AGGREGATE) {
        if (own.address > 0 && this.#grow(end, size)) {
          const address = own.address;
          own.address += size; // what was left slides behind the new block
          own.total += size;
          return address;
        }
        this.#releaseOther(of);
        return this.#take(size);
      }
      if (own.address > 0 && this.#grow(end, AGGREGATE)) {
        own.size += AGGREGATE;
        own.total += AGGREGATE;
      } else {
        this.#releaseOther(of);
        const address = this.#take(AGGREGATE);
        if (own.size > 0) this.release(of, own.address, own.size);
        Object.assign(own, { address, size: AGGREGATE, total: AGGREGATE });
      }
    }
    const address = own.address;
    own.address += size;
    own.size -= size;
    return address;
  }

  /** The rest of the other aggregator, where it ends the file and was used enough, makes place. */
  #releaseOther(of: SpaceClass): void {
    const other = this.#aggregators[of === "meta" ? "raw" : "meta"];
    const used = other.total - other.size;
    if (other.size === 0 || other.address + other.size !== this.#end || used < AGGREGATE) return;
    this.#end = other.address;
    Object.assign(other, { address: Number.POSITIVE_INFINITY, size: 0, total: 0 });
  }

  #extendFromAggregator(own: Aggregator, end: number, extra: number): boolean {
    if (end !== own.address) return false;
    if (own.address + own.size === this.#end && extra > Math.trunc(Math.fround(TENTH * Math.fround(own.size)))) {
      const more = Math.max(AGGREGATE, extra);
      this.#take(more);
      own.address += extra;
      own.total += more;
      own.size += more - extra;
      return true;
    }
    if (own.size < extra) return false;
    own.address += extra;
    own.size -= extra;
    return true;
  }

  /** Where a free piece could go instead of the list. */
  #shrinksInto(of: SpaceClass, { address, size }: Section): "end" | "aggregator" | undefined {
    if (address + size === this.#end) return "end";
    const own = this.#aggregators[of];
    if (!this.#aggregates || own.address === 0) return undefined;
    return address + size === own.address || own.address + own.size === address ? "aggregator" : undefined;
  }

  #absorb(own: Aggregator, { address, size }: Section): void {
    if (address + size === own.address) {
      own.address -= size;
      own.total -= Math.min(own.total, size);
    }
    own.size += size;
  }

  /** Merges a free piece with its neighbours, then gives to the end of the file or the aggregator what they can take. */
  #insert(of: SpaceClass, section: Section): void {
    const list = this.#free[of] ?? new FreeList();
    this.#free[of] = list;
    const own = this.#aggregators[of];
    let current = list.merge(section);
    let into = this.#shrinksInto(of, current);
    while (into !== undefined) {
      if (into === "aggregator" && own.size + current.size >= AGGREGATE) {
        const address = Math.min(current.address, own.address);
        current = { address, size: current.size + own.size };
        this.#reset(own);
        into = this.#shrinksInto(of, current);
        continue;
      }
      if (into === "end") this.#end = current.address;
      else this.#absorb(own, current);
      const last = list.last;
      if (last === undefined) return;
      into = this.#shrinksInto(of, last);
      if (into === undefined) return;
      list.removeLast();
      current = last;
    }
    list.add(current);
  }

  #reset(own: Aggregator): void {
    Object.assign(own, { address: 0, size: 0, total: 0 });
  }
}

/** The first `size` bytes of a segment. */
function cut(segment: Segment, size: number): Segment {
  if (segment.size <= size) return segment;
  return { address: segment.address, size, encode: () => segment.encode().subarray(0, size) };
}
