import type { Tensor } from "@modelbytes/tensor";
import type { StoredStream } from "../bundle-stream.ts";
import type { Part } from "../part.ts";
import { regionOf } from "../partition.ts";
import { regionTensor } from "./cut.ts";
import { type HeadedStream, headsOf } from "./heads.ts";

/**
 * The same tensors with other values for some, each of the dtype and the shape that it has: the order, the data files, the partitions
 * and the object graph stay. Strings may change their lengths, and what lies behind them its place.
 *
 * Reading it throws a `TypeError` for a value of another dtype, a `RangeError` for one of another shape.
 */
export function replaceValues(stream: StoredStream, values: ReadonlyMap<string, Tensor>): HeadedStream {
  return {
    layout: stream.layout,
    heads: () => headsOf(stream),
    async *parts() {
      for await (const part of stream.parts()) {
        const value = values.get(part[0]);
        yield value === undefined ? part : withValue(part, value);
      }
    },
  };
}

function withValue([name, old, placement = {}]: Part, value: Tensor): Part {
  const { partition } = placement;
  const shape = partition?.shape ?? old.shape;
  if (value.dtype !== old.dtype) throw new TypeError(`${JSON.stringify(name)} is ${old.dtype}, not ${value.dtype}`);
  if (value.shape.join() !== shape.join()) {
    const found = `[${value.shape.join(", ")}]`;
    throw new RangeError(`${JSON.stringify(name)} has the shape [${shape.join(", ")}], not ${found}`);
  }
  if (partition === undefined) return [name, value, placement];
  return [name, regionTensor(value, regionOf(partition.slice, shape, { tensor: name })), placement];
}
