// How fast is CRC32C, the checksum over every byte of a checkpoint? No way that touches the bytes is faster than to copy them.

import { Crc32cBuffer, crc32c as ours } from "@modelbytes/tensor-bundle";
import { expectEqual } from "../expect.ts";
import type { Input, Question, Row, Work } from "../question.ts";
import { repeated } from "../repeated.ts";
import { bytesText } from "../units.ts";
import { slicingBy8 } from "./slicing-by-8.ts";
import { compileSlicingBy16, slicingBy16 } from "./slicing-by-16.ts";

const SIZES = [16, 64, 256, 2 ** 10, 2 ** 12, 2 ** 14, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 23, 2 ** 26];
const LARGEST = 2 ** 26;

/** The bars are about messages of this size and larger ones; the README shows the largest. */
const LEAST_JUDGED = 2 ** 18;
const QUICK_SIZES = [64, 2 ** 16];

/** A timed run works on at least this many bytes, so that the clock does not count. */
const RUN_BYTES = 2 ** 18;

function message({ bytes }: Input): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) message[i] = (i * 7) ^ (i >> 5);
  return message;
}

/** As often as a run needs. */
function enough({ bytes }: Input): number {
  return Math.max(1, Math.ceil(RUN_BYTES / bytes));
}

/** The work of a method that gives the CRC of bytes. */
function method(crcOf: (bytes: Uint8Array) => number, input: Input): Work {
  const bytes = message(input);
  expectEqual("CRC32C", crcOf(bytes), slicingBy8(bytes));
  return repeated(enough(input), () => crcOf(bytes));
}

/** Ours, read into place and checked there. */
async function inPlace(input: Input): Promise<Work> {
  const buffer = new Crc32cBuffer(input.bytes);
  buffer.bytes.set(message(input));
  expectEqual("CRC32C", buffer.crc32c(0, input.bytes), slicingBy8(buffer.bytes));
  return repeated(enough(input), () => buffer.crc32c(0, input.bytes));
}

/** A module that may not be installed. */
async function installed(name: string): Promise<Record<string, unknown>> {
  try {
    const module: Record<string, unknown> = await import(name);
    const { default: inner } = module;
    return typeof inner === "object" && inner !== null ? { ...inner, ...module } : module;
  } catch {
    return {};
  }
}

async function native(input: Input): Promise<Work | undefined> {
  const { crc32c } = await installed("@node-rs/crc32");
  return typeof crc32c === "function" ? method((bytes) => crc32c(bytes), input) : undefined;
}

/** The bytes are in the module's memory already: nothing but the checksum counts. */
async function inWebAssembly(input: Input): Promise<Work> {
  const bytes = message(input);
  const crc = await slicingBy16(input.prepared ?? "", bytes);
  expectEqual("CRC32C", crc(), slicingBy8(bytes));
  return repeated(enough(input), crc);
}

async function hashWasm(input: Input): Promise<Work | undefined> {
  const { createCRC32 } = await installed("hash-wasm");
  if (typeof createCRC32 !== "function") return undefined;
  const hasher = await createCRC32(0x82f63b78);
  return method((bytes) => Number.parseInt(hasher.init().update(bytes).digest(), 16), input);
}

async function copy(input: Input): Promise<Work> {
  const bytes = message(input);
  const target = new Uint8Array(input.bytes);
  return repeated(enough(input), () => target.set(bytes));
}

const ROWS: readonly Row[] = [
  { name: "crc32c", kind: "ours", work: async (input) => method(ours, input) },
  { name: "Crc32cBuffer", kind: "ours", work: inPlace },
  { name: "slicing-by-16 in WebAssembly", kind: "rival", work: inWebAssembly },
  { name: "slicing-by-8 in JavaScript", kind: "rival", work: async (input) => method(slicingBy8, input) },
  { name: "hash-wasm, slicing-by-8", kind: "rival", work: hashWasm },
  { name: "@node-rs/crc32 (native)", kind: "rival", work: native },
  { name: "copy", kind: "floor", work: copy },
];

export const crc32c: Question = {
  name: "crc32c",
  title: "CRC32C by size",
  unit: "bytes",
  growth: "bytes",
  inputs: async ({ scale, scratch }) => {
    const prepared = await scratch.file("slicing-by-16.wasm", 0, compileSlicingBy16);
    return (scale.quick ? QUICK_SIZES : SIZES).map((bytes) => {
      const judged = bytes >= LEAST_JUDGED;
      return { label: bytesText(bytes), path: "", bytes, items: 1, prepared, judged, unshown: bytes !== LARGEST };
    });
  },
  rows: ROWS,
  bars: [
    { row: "crc32c", against: "slicing-by-16 in WebAssembly", atLeast: 3.5 },
    { row: "crc32c", against: "@node-rs/crc32 (native)", atLeast: 0.7 },
  ],
};
