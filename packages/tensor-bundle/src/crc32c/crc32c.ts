// CRC32C (Castagnoli), the checksum of every block of an index and of every tensor in a shard.
//
//     crc32c("123456789") = 0xE3069283        stored masked: rotated right by 15 bits, plus 0xA282EAD8
//
// Checking a checkpoint is a pass over all of its bytes, so three ways lead to the same number:
//
//     short         tables.ts                          no call into WebAssembly, nothing to set up
//     longer        copied into the kernel, folded     kernel.ts; pieces small enough to stay in the cache
//     Crc32cBuffer  read into the kernel, folded       no copy at all
//
// A host that cannot run the kernel takes the first way for everything.

import { KERNEL_BLOCK, KERNEL_REACH, type Kernel, openKernel } from "./kernel.ts";
import { crc32cByTables } from "./tables.ts";

export { combine } from "./combine.ts";

/** Shorter inputs are done sooner in JavaScript; measured. */
const WORTH_COPYING = 1024;

/** Bytes copied into the kernel at a time; measured. With the kernel's own 16 KiB and its reach, just under two pages. */
const PIECE = 864 * KERNEL_BLOCK;

const MASK_DELTA = 0xa282ead8;

/** The bytes that a Crc32cBuffer may hold: a single read of 2 GiB kills Node 20, and nobody needs as much at once. */
export const MAX_CAPACITY: number = 2 ** 30;

/** undefined before the first use, null where there is none. */
let shared: Kernel | null | undefined;

/** The CRC32C of `bytes`; of a longer message ending with them, if `previous` is the CRC32C of what comes before. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  if (bytes.length < WORTH_COPYING) return crc32cByTables(bytes, previous);
  if (shared === undefined) shared = openKernel(PIECE + KERNEL_REACH) ?? null;
  return shared === null ? crc32cByTables(bytes, previous) : crc32cByKernel(shared, bytes, previous);
}

/** Copies `bytes` into the kernel piece by piece. */
export function crc32cByKernel(kernel: Kernel, bytes: Uint8Array, previous: number): number {
  const { input } = kernel;
  const { length } = bytes;
  if (length <= input.length) {
    input.set(bytes);
    return kernel.update(0, length, previous);
  }
  const piece = input.length - KERNEL_REACH - ((input.length - KERNEL_REACH) % KERNEL_BLOCK);
  let at = 0;
  kernel.start(previous);
  for (; length - at > input.length; at += piece) {
    input.set(bytes.subarray(at, at + piece));
    kernel.fold(piece);
  }
  input.set(at === 0 ? bytes : bytes.subarray(at));
  return kernel.finish(length - at);
}

/**
 * Memory to read a file into and check in place, without the copy that `crc32c` makes. Each has its own, so one can be
 * read into while another is checked. The memory never moves, grows or detaches; it cannot be transferred either.
 */
export class Crc32cBuffer {
  /** The whole memory; the caller's to write and to read. Checking leaves it as it is. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #kernel: Kernel | undefined;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 0 || capacity > MAX_CAPACITY) {
      throw new RangeError(`a Crc32cBuffer holds 0 to ${MAX_CAPACITY} bytes, not ${capacity}`);
    }
    this.#kernel = openKernel(capacity);
    this.bytes = this.#kernel?.input ?? new Uint8Array(capacity);
  }

  /** The CRC32C of bytes[start, end), continuing `previous`. */
  crc32c(start: number, end: number, previous = 0): number {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > this.bytes.length) {
      throw new RangeError(`no bytes ${start} to ${end} in a Crc32cBuffer of ${this.bytes.length}`);
    }
    return this.#kernel?.update(start, end, previous) ?? crc32c(this.bytes.subarray(start, end), previous);
  }
}

/** A CRC as the file formats store it, so that a CRC over stored CRCs stays meaningful. */
export function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/** The CRC that was masked. */
export function unmask(masked: number): number {
  const rotated = (masked - MASK_DELTA) >>> 0;
  return ((rotated << 15) | (rotated >>> 17)) >>> 0;
}
