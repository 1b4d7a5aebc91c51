import { CorruptError, compareBytes } from "@modelbytes/bytes";
import { DTYPES, elementCount, type Tensor } from "@modelbytes/tensor";
import { decodeSavedTensorSlices, decodeTensorProto, toTensor, valueCount } from "@modelbytes/tf-proto";
import { partitionKey } from "../partition-key.ts";
import type { BlockEntry } from "../table/block.ts";
import type { StoredPart } from "./meta.ts";

/**
 * The values of a part: a `TensorProto` of which only the field of the dtype is written (`float_val`, `int_val` …), with as many
 * values as the part has elements. Dtype and shape are the meta's. Throws a `CorruptError` for an entry that is not that.
 */
export function decodeV1Value(entry: BlockEntry, part: StoredPart): Tensor {
  const { name, dtype, region } = part;
  const place = { ...entry.place, tensor: name };
  const { data: saved } = decodeSavedTensorSlices(entry.value, place);
  if (saved === undefined) throw new CorruptError("v1-value", "the entry holds no values", place);
  if (compareBytes(partitionKey(saved.name, saved.slice), entry.key) !== 0) {
    const reason = `the values are those of another part, of ${JSON.stringify(saved.name)}`;
    throw new CorruptError("v1-value", reason, place);
  }
  const proto = saved.data ?? decodeTensorProto(new Uint8Array(0), place);
  const elements = elementCount(region.count);
  const found = valueCount(proto, dtype);
  if (found !== elements) {
    const reason = `${found} values of ${dtype} where the shape [${region.count.join(", ")}] takes ${elements}`;
    throw new CorruptError("size", reason, place);
  }
  const shape = { dims: region.count, unknownRank: false };
  return toTensor({ ...proto, dtype: DTYPES[dtype].number, shape, tensorContent: new Uint8Array(0) }, place);
}
