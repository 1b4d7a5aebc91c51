import { CorruptError, compareBytes, encodeName, type Place, UnsupportedError } from "@modelbytes/bytes";
import {
  checkedElementCount,
  DTYPES,
  type DType,
  dtypeOfNumber,
  isVarying,
  type Region,
  type TensorEntry,
} from "@modelbytes/tensor";
import {
  decodeSavedTensorSlices,
  type SavedSliceMeta,
  type SavedTensorSliceMeta,
  type TensorSlice,
} from "@modelbytes/tf-proto";
import { checkDisjoint, regionOf } from "../partition.ts";
import { partitionKey } from "../partition-key.ts";

/**
 * The meta of a V1 checkpoint: the value of the key "", first in the table of every shard. It lists the tensors of which the shard
 * holds parts, with their whole shapes; parts of one tensor may lie in several shards.
 */

/** What is known of a tensor without reading it. */
export interface CheckpointV1Entry extends TensorEntry {
  /** Bytes of its elements; `undefined` for strings, whose lengths only reading tells. */
  readonly byteLength: number | undefined;
  /** Where its parts lie, shard by shard; absent where it is stored whole. */
  readonly slices?: readonly TensorSlice[];
}

/** A stored part of a tensor, or all of it: one entry of a table. */
export interface StoredPart {
  readonly name: string;
  readonly dtype: DType;
  /** Which of the tables. */
  readonly shard: number;
  readonly slice: TensorSlice;
  /** Where it lies in the tensor. */
  readonly region: Region;
  /** Its key in the table. */
  readonly key: Uint8Array;
}

/** The tensors of a checkpoint by name, in the order of their names' bytes, and the parts of each. */
export interface CheckpointV1Contents {
  readonly entries: ReadonlyMap<string, CheckpointV1Entry>;
  readonly parts: ReadonlyMap<string, readonly StoredPart[]>;
}

/** `TF_CHECKPOINT_VERSION`: the only one there ever was. */
const V1_VERSION = 1;

/** The meta in the value of a table's first entry. Throws a `CorruptError` where there is none. */
export function decodeV1Meta(value: Uint8Array, place: Place): SavedTensorSliceMeta {
  const { meta } = decodeSavedTensorSlices(value, place);
  if (meta === undefined) {
    const reason =
      "the table does not begin with the meta of a V1 checkpoint; the index of a tensor bundle is opened as one";
    throw new CorruptError("v1-meta", reason, place);
  }
  const { producer, minConsumer, badConsumers } = meta.versions ?? { producer: 0, minConsumer: 0, badConsumers: [] };
  if (producer < 0) throw new CorruptError("version", `the producer version ${producer} is below 0`, place);
  if (minConsumer > V1_VERSION || badConsumers.includes(V1_VERSION)) {
    throw new UnsupportedError("version", "the checkpoint wants readers of another version than 1", place);
  }
  return meta;
}

/** A tensor while its parts are collected from the shards. */
interface Collected extends CheckpointV1Entry {
  readonly parts: StoredPart[];
}

/**
 * The tensors of all shards together. Throws a `CorruptError`, as TensorFlow does, where they contradict each other: another shape or
 * dtype for the same name, or parts that overlap; an `UnsupportedError` for an unknown dtype.
 */
export function collectV1(
  shards: readonly { readonly meta: SavedTensorSliceMeta; readonly place: Place }[],
): CheckpointV1Contents {
  const tensors = new Map<string, Collected>();
  for (const [shard, { meta, place }] of shards.entries()) {
    for (const saved of meta.tensors) collect(tensors, saved, shard, { ...place, tensor: saved.name });
  }
  const sorted = [...tensors].map(([name, tensor]) => ({ name, tensor, bytes: encodeName(name) }));
  sorted.sort((a, b) => compareBytes(a.bytes, b.bytes));
  const entries = new Map<string, CheckpointV1Entry>();
  const parts = new Map<string, readonly StoredPart[]>();
  for (const { name, tensor } of sorted) {
    const place = { ...shards[tensor.parts[0]?.shard ?? 0]?.place, tensor: name };
    checkDisjoint(
      tensor.parts.map(({ region }) => region),
      place,
    );
    const { parts: own, ...entry } = tensor;
    const isWhole = own.length === 1 && own[0]?.region.count.join() === entry.shape.join();
    entries.set(name, isWhole ? entry : { ...entry, slices: own.map(({ slice }) => slice) });
    parts.set(name, own);
  }
  return { entries, parts };
}

function collect(tensors: Map<string, Collected>, saved: SavedSliceMeta, shard: number, place: Place): void {
  const { name, type, slices } = saved;
  const shape = saved.shape.dims;
  const dtype = dtypeOfNumber(type);
  if (dtype === undefined)
    throw new UnsupportedError("dtype", `no tensor of TensorFlow's dtype ${type} can be read`, place);
  const elements = checkedElementCount(shape);
  if (elements === undefined || saved.shape.unknownRank) {
    throw new CorruptError("shape", `[${shape.join(", ")}] is not the shape of a tensor`, place);
  }
  const byteLength = isVarying(dtype) ? undefined : elements * DTYPES[dtype].itemsize;
  const known: Collected = tensors.get(name) ?? { dtype, shape, byteLength, parts: [] };
  if (known.dtype !== dtype || known.shape.join() !== shape.join()) {
    const other = `${known.dtype} of shape [${known.shape.join(", ")}]`;
    const reason = `${dtype} of shape [${shape.join(", ")}] here, ${other} before`;
    throw new CorruptError("v1-conflict", reason, place);
  }
  for (const slice of slices) {
    const region = regionOf(slice, shape, place);
    known.parts.push({ name, dtype, shard, slice, region, key: partitionKey(name, slice) });
  }
  tensors.set(name, known);
}
