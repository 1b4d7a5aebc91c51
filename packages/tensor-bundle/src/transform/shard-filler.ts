import { DTYPES, elementCount, type Region } from "@modelbytes/tensor";
import type { Part } from "../part.ts";
import { headOf, isObjectGraph, type PartHead } from "./heads.ts";

/**
 * The rule by which TensorFlow's `MaxShardSizePolicy` fills data files, learnt from TensorFlow 2.21. Tensors fill one file after
 * another in their order. From one that does not fit, pieces are cut along the dimension that takes the fewest of them for the room
 * that is left, of the same thickness as far as that goes; then the rest is cut again, perhaps along another dimension:
 *
 *     40 bytes for a float32 [6, 4]      # # # #   file 0: rows 0 and 1
 *                                        # # # #
 *                                        + + . .   file 1: rows 2 and 3, then of the others column 0
 *
 * A scalar that is larger than a file gets a file of its own behind all others. A string tensor takes the sum of its elements'
 * lengths, and once it is cut each element counts as the longest; variants and the object graph take nothing.
 */

/** What a part takes: `total` bytes, and `each` of its elements once it is cut. */
export interface Weight {
  readonly shape: readonly number[];
  readonly total: number;
  readonly each: number;
}

/** A piece of a part, and the file that it goes to. */
export interface Piece {
  /** What of the part it is; `undefined` for all of it. */
  readonly region: Region | undefined;
  /** Whether the file is one for a single scalar; these are counted apart. */
  readonly single: boolean;
  readonly file: number;
}

/** The weight of a part whose elements are not strings. */
export function weightOf(head: PartHead): Weight {
  const { dtype, shape } = head;
  const each = dtype === "variant" || dtype === "string" ? 0 : DTYPES[dtype].itemsize;
  return { shape, total: elementCount(shape) * each, each };
}

/** The weight of any part. */
export function weighed(part: Part): Weight {
  const [, tensor] = part;
  const head = headOf(part);
  if (!("data" in tensor) || tensor.dtype !== "string" || isObjectGraph(head)) return weightOf(head);
  let total = 0;
  let each = 0;
  for (const { length } of tensor.data) {
    total += length;
    each = Math.max(each, length);
  }
  return { shape: head.shape, total, each };
}

/** Fills files with one part after another. */
export class ShardFiller {
  readonly #size: number;
  #room: number;
  #file = 0;
  #isUsed = false;
  #singles = 0;

  /** Throws a `RangeError` for a size that is no number of bytes. */
  constructor(size: number) {
    if (!(size > 0)) throw new RangeError(`no data file is of ${size} bytes`);
    this.#size = size;
    this.#room = size;
  }

  /** Files that are filled. */
  get filled(): number {
    return this.#isUsed ? this.#file + 1 : this.#file;
  }

  /** Files for a single scalar. */
  get singles(): number {
    return this.#singles;
  }

  /** The pieces of the next part. Throws a `RangeError` where no slice of it fits a file. */
  add(name: string, { shape, total, each }: Weight): Piece[] {
    if (shape.length === 0 && total > this.#size) return [{ region: undefined, single: true, file: this.#singles++ }];
    const pieces: Piece[] = [];
    const start = shape.map(() => 0);
    const count = [...shape];
    let left = total;
    while (left > this.#room) {
      const [axis, length] = shape.length === 0 ? [0, 0] : this.#cut(count, each);
      if (length === 0) {
        if (this.#room === this.#size) throw new RangeError(`no slice of ${name} fits ${this.#size} bytes`);
        this.#next();
        continue;
      }
      const piece = count.with(axis, length);
      const file = this.#take(elementCount(piece) * each);
      pieces.push({ region: { start: [...start], count: piece }, single: false, file });
      if (this.#room === 0) this.#next();
      start[axis] = (start[axis] ?? 0) + length;
      count[axis] = (count[axis] ?? 0) - length;
      left = elementCount(count) * each;
    }
    const region = start.some((first) => first > 0) ? { start, count } : undefined;
    return [...pieces, { region, single: false, file: this.#take(left) }];
  }

  /** The dimension that takes the fewest pieces of the size of the room, and how thick they are; 0 where no slice fits. */
  #cut(count: readonly number[], each: number): [axis: number, length: number] {
    const elements = elementCount(count);
    const piecesAlong = count.map((length) => {
      const slices = Math.floor(this.#room / ((elements / length) * each));
      return slices === 0 ? Number.POSITIVE_INFINITY : Math.ceil(length / slices);
    });
    let axis = 0;
    for (const [other, pieces] of piecesAlong.entries()) {
      const fits = (elements * each) / pieces <= this.#room;
      if (pieces < (piecesAlong[axis] ?? 0) && fits) axis = other;
    }
    return [axis, Math.ceil((count[axis] ?? 0) / (piecesAlong[axis] ?? 1))];
  }

  #take(bytes: number): number {
    this.#room -= bytes;
    this.#isUsed = true;
    return this.#file;
  }

  #next(): void {
    this.#file++;
    this.#room = this.#size;
    this.#isUsed = false;
  }
}
