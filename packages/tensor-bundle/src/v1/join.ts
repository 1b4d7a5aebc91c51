import { type Place, UnsupportedError } from "@modelbytes/bytes";
import {
  copyRegion,
  DTYPES,
  elementCount,
  fromBytes,
  intersection,
  isVarying,
  type Move,
  runs,
  type Selected,
  type Tensor,
  toBytes,
} from "@modelbytes/tensor";
import { checkCoverage } from "../partition.ts";
import type { CheckpointV1Entry, StoredPart } from "./meta.ts";

/** Puts a tensor, or a region of it, together from its parts, which come in any order. */
export class V1Join {
  /** The parts that hold some of the region. */
  readonly parts: readonly StoredPart[];
  readonly #entry: CheckpointV1Entry;
  readonly #wanted: Selected;
  readonly #place: Place;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #elements: Uint8Array[] = [];
  #whole: Tensor | undefined;

  /** Throws a `CorruptError` unless the parts cover the region. */
  constructor(entry: CheckpointV1Entry, parts: readonly StoredPart[], wanted: Selected, place: Place) {
    const shared = parts.map((part) => intersection(part.region, wanted));
    this.parts = parts.filter((_, index) => shared[index] !== undefined);
    this.#entry = entry;
    this.#wanted = wanted;
    this.#place = place;
    const covered = shared.reduce((sum, region) => sum + (region === undefined ? 0 : elementCount(region.count)), 0);
    checkCoverage(wanted, covered, place);
  }

  /** Takes what a part holds of the region. */
  add({ region }: StoredPart, values: Tensor): void {
    const { shape } = this.#wanted;
    if (this.parts.length === 1 && region.count.join() === shape.join()) {
      this.#whole = values; // all of the part, which is all that is wanted
      return;
    }
    const shared = intersection(region, this.#wanted);
    if (shared === undefined) return;
    const move = {
      fromShape: region.count,
      fromStart: shared.start.map((at, dim) => at - (region.start[dim] ?? 0)),
      toShape: this.#wanted.count,
      toStart: shared.start.map((at, dim) => at - (this.#wanted.start[dim] ?? 0)),
      count: shared.count,
    };
    if (values.dtype === "string" || values.dtype === "variant") this.#moveElements(move, values.data);
    else copyRegion(move, toBytes(values), this.#target(), DTYPES[values.dtype].itemsize);
  }

  /** The tensor, once all parts have been added. */
  finish(): Tensor {
    if (this.#whole !== undefined) return this.#whole;
    const { dtype } = this.#entry;
    const { shape } = this.#wanted;
    return isVarying(dtype) ? { dtype, shape, data: this.#elements } : fromBytes(dtype, shape, this.#target());
  }

  #moveElements(move: Move, data: readonly Uint8Array[]): void {
    for (const { from, to, length } of runs(move)) {
      for (let index = 0; index < length; index++) this.#elements[to + index] = data[from + index] ?? new Uint8Array(0);
    }
  }

  /** Memory is taken when the first part has shown that its values are there. */
  #target(): Uint8Array<ArrayBuffer> {
    if (this.#bytes !== undefined) return this.#bytes;
    const length = elementCount(this.#wanted.count) * DTYPES[this.#entry.dtype].itemsize;
    try {
      this.#bytes = new Uint8Array(length);
      return this.#bytes;
    } catch (cause) {
      const reason = `${length} bytes are more than this host can hold in one piece; read it in parts with \`select\``;
      throw new UnsupportedError("too-large", reason, { ...this.#place, cause });
    }
  }
}
