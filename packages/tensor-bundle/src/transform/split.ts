import { elementCount } from "@modelbytes/tensor";
import type { StoredStream } from "../bundle-stream.ts";
import { explicitSlice } from "./cut.ts";
import { type Derived, derivedStream } from "./derive.ts";
import type { HeadedStream, PartHead } from "./heads.ts";

/** How a tensor is cut into partitions: along which dimension, and into how many. */
export interface Cut {
  readonly axis: number;
  readonly parts: number;
}

/**
 * The tensors cut into partitions as TensorFlow's partitioners cut variables: along one dimension, into parts of the same length, the
 * first ones longer by one where it does not divide. `cut` says which tensors and how. What is partitioned already is not asked
 * about and stays. Restored by their name partitions are one tensor again; TensorFlow joins those of most dtypes, but not of
 * float16, uint16, uint64 and strings.
 *
 * A tensor in pieces is cut piece by piece along its first dimension, or any other before which all are 1; along others it is held in
 * memory while it is cut.
 *
 * Reading it throws a `RangeError` for a dimension that the tensor has not, or that is shorter than the number of parts.
 */
export function splitTensors(
  stream: StoredStream,
  cut: (name: string, shape: readonly number[]) => Cut | undefined,
): HeadedStream {
  return derivedStream(stream, stream.layout, async () => ({
    derive: (head) => {
      if (head.placement.partition !== undefined) return [head];
      const wanted = cut(head.name, head.shape);
      return wanted === undefined ? [head] : cutAlong(head, wanted);
    },
  }));
}

function* cutAlong(head: PartHead, { axis, parts }: Cut): Generator<Derived> {
  const { name, shape, placement } = head;
  const length = shape[axis];
  const possible = Number.isSafeInteger(parts) && parts >= 1 && parts <= (length ?? 0) && elementCount(shape) > 0;
  if (length === undefined || !possible) {
    const found = `${JSON.stringify(name)} of shape [${shape.join(", ")}]`;
    throw new RangeError(`${found} cannot be cut into ${parts} parts along dimension ${axis}`);
  }
  let first = 0;
  for (let part = 0; part < parts; part++) {
    const along = Math.floor(length / parts) + (part < length % parts ? 1 : 0);
    const region = { start: shape.map((_, dim) => (dim === axis ? first : 0)), count: shape.with(axis, along) };
    const partition = { shape, slice: explicitSlice(region) };
    yield {
      ...head,
      shape: region.count,
      placement: { ...placement, partition },
      convert: (elements) => elements.region(region),
    };
    first += along;
  }
}
