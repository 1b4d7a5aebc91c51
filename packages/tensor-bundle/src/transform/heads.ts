import type { DType } from "@modelbytes/tensor";
import type { StoredStream } from "../bundle-stream.ts";
import { OBJECT_GRAPH_KEY } from "../object-graph.ts";
import type { Part, Placement } from "../part.ts";

/**
 * What is to be done is often to be planned before the first byte is read: which data file gets which number in a merge depends
 * on all keys. A head is a part without its elements.
 */
export interface PartHead {
  readonly name: string;
  readonly dtype: DType;
  /** The shape of the part: of a partition, what it holds of the tensor. */
  readonly shape: readonly number[];
  readonly placement: Placement;
}

/** A stream that knows its parts before they are read. */
export interface HeadedStream extends StoredStream {
  /** A head for each of `parts()`, in their order. */
  heads(): AsyncIterable<PartHead>;
}

export function isHeaded(stream: StoredStream): stream is HeadedStream {
  return "heads" in stream;
}

/** The heads of any stream. One that does not know them is read once for them, a part at a time. */
export async function* headsOf(stream: StoredStream): AsyncGenerator<PartHead, void, undefined> {
  if (isHeaded(stream)) yield* stream.heads();
  else for await (const part of stream.parts()) yield headOf(part);
}

export function headOf([name, { dtype, shape }, placement = {}]: Part): PartHead {
  return { name, dtype, shape, placement };
}

/** Whether a part is the object graph, and not a tensor that happens to have its name. */
export function isObjectGraph({ name, dtype, shape }: PartHead): boolean {
  return name === OBJECT_GRAPH_KEY && dtype === "string" && shape.length === 0;
}
