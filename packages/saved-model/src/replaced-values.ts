import type { WaitOptions } from "@modelbytes/bytes";
import type { Tensor } from "@modelbytes/tensor";
import { OBJECT_GRAPH_KEY, replaceValues, type StoredStream } from "@modelbytes/tensor-bundle";
import { shapeText } from "./partial-shape.ts";
import type { SavedModelWeights } from "./weights.ts";

/**
 * The checkpoint of a model with other values for some variables, by key or readable name. Throws a `NotFoundError` for a name that
 * the model has not, a `TypeError` for a value of another dtype, a `RangeError` for one of another shape: the graph would have to
 * change too.
 */
export function replacedValues(
  weights: SavedModelWeights,
  values: ReadonlyMap<string, Tensor>,
  options: WaitOptions,
): StoredStream {
  const byKey = new Map([...values].map(([name, value]) => [checkedKey(weights, name, value), value]));
  return replaceValues(weights.bundle.stream(options), byKey);
}

function checkedKey(weights: SavedModelWeights, name: string, value: Tensor): string {
  const key = weights.keyOf(name);
  const entry = weights.entries.get(key);
  const quoted = JSON.stringify(name);
  if (key === OBJECT_GRAPH_KEY) throw new RangeError("the object graph is no variable");
  if (entry?.dtype !== value.dtype) throw new TypeError(`${quoted} is ${entry?.dtype}, not ${value.dtype}`);
  if (entry.shape.join() === value.shape.join()) return key;
  throw new RangeError(`${quoted} has the shape ${shapeText(entry.shape)}, not ${shapeText(value.shape)}`);
}
