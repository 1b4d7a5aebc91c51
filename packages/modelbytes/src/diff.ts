import { inOrder, type WaitOptions } from "@modelbytes/bytes";
import {
  type CompareOptions,
  DTYPES,
  type DType,
  differenceOf,
  type FixedDType,
  type FixedLazyTensor,
  fromBytes,
  inPieces,
  isFixed,
  lazyTensor,
  PART_BYTES,
  type Progress,
  type Tensor,
  type TensorDifference,
  type TensorEntry,
  wholeElements,
} from "@modelbytes/tensor";
import { OBJECT_GRAPH_KEY } from "@modelbytes/tensor-bundle";
import type { ModelBase } from "./model-base.ts";
import type { Model } from "./open-model.ts";

/** How two models are compared. */
export interface DiffOptions extends CompareOptions, WaitOptions {
  /** What tensors are known by; by default their keys in two models of one format, else their readable names. */
  readonly names?: "key" | "full" | undefined;
  /** Called as tensors are compared, in bytes of the first model. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A tensor that both models have, but not the same. */
export interface ChangedTensor {
  readonly name: string;
  readonly reason: "dtype" | "shape" | "values";
  /** What it is in either model. */
  readonly dtypes: readonly [DType, DType];
  readonly shapes: readonly [readonly number[], readonly number[]];
  /** How the values differ; `undefined` where they are the same in another dtype, or cannot be compared. */
  readonly difference: TensorDifference | undefined;
}

/** What tells two models apart. */
export interface ModelDifference {
  readonly equal: boolean;
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  /** In the order of the first model. */
  readonly changed: readonly ChangedTensor[];
}

/** Comparisons that are under way at once, and the bytes that they may hold of both models. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 27;

/**
 * Compares the tensors of two open models, of any formats, by name, in bounded memory. Rejects as
 * reading does, at the first tensor that cannot be read.
 */
export async function diffModels(a: Model, b: Model, options: DiffOptions = {}): Promise<ModelDifference> {
  const { names = a.format === b.format ? "key" : "full", tolerance, signal, onProgress } = options;
  const [keysOfA, keysOfB] = await Promise.all([keysByName(a, b, names, options), keysByName(b, a, names, options)]);
  const pairs: Pair[] = [];
  for (const [name, key] of keysOfA) {
    const other = keysOfB.get(name);
    if (other !== undefined) pairs.push(pairOf(name, { model: a, key }, { model: b, key: other }));
  }
  const found = new Map<Pair, TensorDifference | undefined>();
  for (const pair of pairs) if (pair.reason !== "values") found.set(pair, undefined);
  const total = pairs.reduce((sum, { a: { byteLength = 0 } }) => sum + byteLength, 0);
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress?.({ bytes: done, total });
  };
  const tasks = pairs.filter(isComparable).map((pair) => ({
    bytes: Math.min(pair.a.byteLength ?? 0, PART_BYTES) * 2,
    run: async (cancelled: AbortSignal) => ({ pair, difference: await compare(pair, tolerance, onBytes, cancelled) }),
  }));
  for await (const { pair, difference } of inOrder(tasks, {
    concurrency: CONCURRENCY,
    bytes: BYTES_UNDER_WAY,
    signal,
  })) {
    if (difference !== undefined) found.set(pair, difference);
  }
  const changed = pairs.filter((pair) => found.has(pair)).map((pair) => changedTensor(pair, found.get(pair)));
  const onlyInA = [...keysOfA.keys()].filter((name) => !keysOfB.has(name));
  const onlyInB = [...keysOfB.keys()].filter((name) => !keysOfA.has(name));
  return { equal: onlyInA.length + onlyInB.length + changed.length === 0, onlyInA, onlyInB, changed };
}

/** The keys of a model's tensors by the names that they are compared under. */
async function keysByName(
  model: Model,
  other: Model,
  names: "key" | "full",
  options: WaitOptions,
): Promise<Map<string, string>> {
  const [unreadable] = model.unreadable.values();
  if (unreadable !== undefined) throw unreadable;
  const full = names === "full" ? await fullNames(model, other, options) : new Map<string, string>();
  // The object graph describes the tensors of a checkpoint; other formats have none.
  const keys = [...model.weights.entries.keys()].filter((key) => names === "key" || key !== OBJECT_GRAPH_KEY);
  return new Map(keys.map((key) => [full.get(key) ?? key, key]));
}

/** The readable names. A `.weights.h5` has none of its own, but the architecture of the other model may tell them. */
async function fullNames(model: Model, other: Model, options: WaitOptions): Promise<ReadonlyMap<string, string>> {
  if (model.format === "keras-weights" || model.format === "keras-weights-sharded") {
    const { textsOf } = await import("./convert/architecture-text.ts");
    const texts = await textsOf(other, options);
    if (texts !== undefined) {
      const { placeNamesByText } = await import("./place-names.ts");
      return placeNamesByText(model.weights.entries, texts);
    }
  }
  return await model.names(options);
}

/** A tensor in one of the models. */
interface Side {
  readonly model: ModelBase;
  readonly key: string;
}

/** A tensor that both models have. */
interface Pair {
  readonly name: string;
  readonly reason: ChangedTensor["reason"];
  readonly a: Side & TensorEntry;
  readonly b: Side & TensorEntry;
}

function pairOf(name: string, one: Side, other: Side): Pair {
  const [a, b] = [withEntry(one), withEntry(other)];
  const isSameShape = a.shape.length === b.shape.length && a.shape.every((dim, at) => dim === b.shape[at]);
  return { name, reason: isSameShape ? (a.dtype === b.dtype ? "values" : "dtype") : "shape", a, b };
}

function withEntry({ model, key }: Side): Side & TensorEntry {
  const entry = model.weights.entries.get(key);
  if (entry === undefined) throw new RangeError(`the model has no tensor ${JSON.stringify(key)}`);
  const { dtype, shape, byteLength } = entry;
  return { model, key, dtype, shape, byteLength };
}

/** Whether there is anything to compare. */
function isComparable({ reason, a, b }: Pair): boolean {
  return reason !== "shape" && sortOf(a.dtype) === sortOf(b.dtype);
}

/** Values of two sorts cannot be compared. */
function sortOf(dtype: DType): string {
  const { kind } = DTYPES[dtype];
  return kind === "varying" || kind === "complex" ? kind : "number";
}

async function compare(
  { a, b }: Pair,
  tolerance: number | undefined,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<TensorDifference | undefined> {
  const [one, other] = [lazyTensor(a.model.weights, a.key), lazyTensor(b.model.weights, b.key)];
  if (isFixed(one) && isFixed(other) && Math.max(a.byteLength ?? 0, b.byteLength ?? 0) > PART_BYTES) {
    return await compareInPieces(one, other, tolerance, onBytes, signal);
  }
  const difference = differenceOf(...(await Promise.all([one.read({ signal }), other.read({ signal })])), {
    tolerance,
  });
  onBytes(a.byteLength ?? 0);
  return difference;
}

/** Both to their ends: there the checksums are checked. */
async function compareInPieces(
  one: FixedLazyTensor,
  other: FixedLazyTensor,
  tolerance: number | undefined,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<TensorDifference | undefined> {
  const others = elementsOf(other, signal);
  let difference: TensorDifference | undefined;
  try {
    for await (const elements of elementsOf(one, signal)) {
      const { value } = await others.next();
      const found = value === undefined ? undefined : differenceOf(elements, value, { tolerance });
      if (found !== undefined) difference = joined(difference, found);
      onBytes(elements.data.byteLength);
    }
    await others.next();
  } finally {
    await others.return();
  }
  return difference;
}

/** Elements of a tensor that are compared at once. */
const ELEMENTS_AT_ONCE = 2 ** 17;

/** The elements of a tensor in pieces of as many, each good until the next is asked for. */
async function* elementsOf(tensor: FixedLazyTensor, signal: AbortSignal): AsyncGenerator<Tensor<FixedDType>, void> {
  const { itemsize } = DTYPES[tensor.dtype];
  for await (const bytes of wholeElements(inPieces(tensor, { signal }).pieces, itemsize, ELEMENTS_AT_ONCE)) {
    yield fromBytes(tensor.dtype, [bytes.length / itemsize], bytes);
  }
}

/** The difference of two parts together. */
function joined(one: TensorDifference | undefined, other: TensorDifference): TensorDifference {
  const larger = (x: number | undefined, y: number | undefined) =>
    x === undefined || y === undefined ? undefined : Math.max(x, y);
  if (one === undefined) return other;
  return {
    elements: one.elements + other.elements,
    maxAbsDiff: larger(one.maxAbsDiff, other.maxAbsDiff),
    maxRelDiff: larger(one.maxRelDiff, other.maxRelDiff),
  };
}

function changedTensor({ name, reason, a, b }: Pair, difference: TensorDifference | undefined): ChangedTensor {
  return { name, reason, dtypes: [a.dtype, b.dtype], shapes: [a.shape, b.shape], difference };
}
