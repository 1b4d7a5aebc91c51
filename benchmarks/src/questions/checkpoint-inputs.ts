import { expectEqual } from "../expect.ts";
import type { Input, Inputs } from "../question.ts";
import { bytesText, countText } from "../units.ts";

/** Tensors of the large checkpoint. */
export const LARGE_TENSORS = 64;

/** Bytes of a tensor where they are many and small. */
const SMALL_BYTES = 64;

/** The large checkpoint: `bytes` of float32 in so many tensors. */
export async function largeCheckpoint(
  { scratch }: Inputs,
  bytes: number,
  tensors: number = LARGE_TENSORS,
  shards = 1,
): Promise<Input> {
  const wanted = { tensors, elements: bytes / tensors / 4, shards };
  const path = await scratch.checkpoint(`${tensors}x${wanted.elements}x${shards}`, bytes, wanted);
  return { label: largeLabel(bytes, tensors), path, bytes, items: tensors, judged: true };
}

/** E.g. `"1 GiB in 64 tensors"`. */
export function largeLabel(bytes: number, tensors: number): string {
  return `${bytesText(bytes)} in ${tensors === 1 ? "one tensor" : `${tensors} tensors`}`;
}

/** A checkpoint of many small tensors, its index compressed or, as TensorFlow writes it, not. */
export async function manyTensors(
  { scale, scratch }: Inputs,
  tensors: number = scale.tensors,
  snappy = false,
): Promise<Input> {
  const bytes = tensors * SMALL_BYTES;
  const wanted = { tensors, elements: SMALL_BYTES / 4, shards: 1, snappy: snappy ? 1 : 0 };
  const path = await scratch.checkpoint(`${tensors}-${snappy ? "snappy" : "small"}`, bytes, wanted);
  return { label: `${countText(tensors)} tensors`, path, bytes, items: tensors, judged: true };
}

/** The only data file of a checkpoint. */
export function dataFile(prefix: string): string {
  return `${prefix}.data-00000-of-00001`;
}

/** That of an input. */
export function dataFileOf({ path }: Input): string {
  return dataFile(path);
}

/** All of an input's data files. */
export function dataFilesOf({ path, shards = 1 }: Input): string[] {
  const number = (shard: number) => String(shard).padStart(5, "0");
  return Array.from({ length: shards }, (_, shard) => `${path}.data-${number(shard)}-of-${number(shards)}`);
}

/** Throws unless a row has seen what is there. */
export function expectBytes(found: number, { bytes }: Input): void {
  expectEqual("bytes", found, bytes);
}
