// The host's side of the WebAssembly kernel (kernel/crc32c.ts explains the arithmetic).
//
// Every instance has a memory of its own, whose first 16 KiB are the kernel's. Its size is fixed, so that the
// ArrayBuffer never detaches and views of the input stay good for ever:
//
//     0               16 KiB
//     │ kernel's own  │ input: `capacity` bytes │ up to a whole page of 64 KiB
//
// Nothing is compiled before the first call.

import { kernelBase64 } from "./kernel.generated.ts";

const INPUT = 16384;
const PAGE = 65536;

/** Of a message that is folded in pieces, the last piece must have this many bytes. */
export const KERNEL_REACH = 3264;
/** All pieces but the last must be a multiple of this. */
export const KERNEL_BLOCK = 128;

interface Exports {
  update(pointer: number, length: number, crc: number): number;
  start(crc: number): void;
  fold(pointer: number, length: number): void;
  finish(pointer: number, length: number): number;
}

export class Kernel {
  readonly input: Uint8Array<ArrayBuffer>;
  readonly #exports: Exports;

  constructor(input: Uint8Array<ArrayBuffer>, exports: Exports) {
    this.input = input;
    this.#exports = exports;
  }

  /** The CRC of input[start, end), continuing `previous`. */
  update(start: number, end: number, previous: number): number {
    return this.#exports.update(INPUT + start, end - start, previous) >>> 0;
  }

  /** Starts a message in pieces. */
  start(previous: number): void {
    this.#exports.start(previous);
  }

  /** Takes the first `length` bytes of the input. */
  fold(length: number): void {
    this.#exports.fold(INPUT, length);
  }

  /** The CRC of all pieces since `start` and of the first `length` bytes of the input. */
  finish(length: number): number {
    return this.#exports.finish(INPUT, length) >>> 0;
  }
}

/** undefined before the first use, null where the host cannot run it: no WebAssembly, no SIMD, or a policy forbids it. */
let compiled: WebAssembly.Module | null | undefined;

function compile(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(Uint8Array.from(atob(kernelBase64), (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}

/** A kernel with room for `capacity` bytes, or undefined if the host cannot run it or has no such memory. */
export function openKernel(capacity: number): Kernel | undefined {
  compiled ??= compile();
  if (compiled === null) return undefined;
  try {
    const pages = Math.ceil((INPUT + capacity) / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    return isKernel(exports) ? new Kernel(new Uint8Array(memory.buffer, INPUT, capacity), exports) : undefined;
  } catch {
    return undefined;
  }
}

function isKernel(exports: object): exports is Exports {
  return "update" in exports && "start" in exports && "fold" in exports && "finish" in exports;
}
