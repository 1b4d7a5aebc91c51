import { expectEqual } from "../expect.ts";
import type { Input, Inputs } from "../question.ts";
import { bytesText, countText } from "../units.ts";

/** Tensors of the large checkpoint. */
export const LARGE_TENSORS = 64;

/** Bytes of a tensor where they are many and small. */
const SMALL_BYTES = 64;

/** The large checkpoint: `bytes` of float32 in so many tensors. */
export async function largeCheckpoint(inputs: Inputs, bytes: number, tensors: number): Promise<Input> {
  const path = await inputs.scratch.checkpoint(tensors, bytes / tensors);
  const label = `${bytesText(bytes)} in ${tensors === 1 ? "one tensor" : `${tensors} tensors`}`;
  return { label, path, bytes, items: tensors, judged: true };
}

/** The checkpoint of many small tensors. */
export async function manyTensors({ scale, scratch }: Inputs): Promise<Input> {
  const { tensors } = scale;
  const path = await scratch.checkpoint(tensors, SMALL_BYTES);
  return { label: `${countText(tensors)} tensors`, path, bytes: tensors * SMALL_BYTES, items: tensors, judged: true };
}

/** The only data file of a checkpoint. */
export function dataFile(prefix: string): string {
  return `${prefix}.data-00000-of-00001`;
}

/** Throws unless a row has seen what is there. */
export function expectBytes(found: number, { bytes }: Input): void {
  expectEqual("bytes", found, bytes);
}
