import { NotFoundError, type WaitOptions } from "@modelbytes/bytes";
import type { DType, FloatDType, Tensor, TensorEntry } from "@modelbytes/tensor";
import {
  castTensors,
  keepTensors,
  OBJECT_GRAPH_KEY,
  type ObjectGraph,
  type Part,
  pathOfKey,
  renameTensors,
  type StoredStream,
  stripOptimizer,
} from "@modelbytes/tensor-bundle";
import type { CheckpointModel } from "../models/checkpoint-model.ts";
import { Advice, UsageError } from "./failure.ts";
import type { Glob, Renaming } from "./pattern.ts";
import { suggestions } from "./suggest.ts";
import { counted, printable } from "./text.ts";

/** What is to become of the tensors of a checkpoint, in this order. */
export interface Changes {
  /** Whether variables alone are wanted: a SavedModel makes tables and iterators by functions. */
  readonly variables: boolean;
  readonly strip: boolean;
  /** Tensors to keep; all of them where there is no pattern. */
  readonly only: readonly Glob[];
  readonly cast: ReadonlyMap<DType, FloatDType>;
  /** Of the ones that match a name the first counts. */
  readonly rename: readonly Renaming[];
}

/** Changes that are known to be possible. */
export interface Plan {
  /** The tensors that are left, the object graph among them. */
  readonly tensors: number;
  /** What had nothing to do, which is no error. */
  readonly notes: readonly string[];
  /** Makes the changes. */
  readonly apply: (stream: StoredStream) => StoredStream;
}

/**
 * Plans changes: tries them on the names, dtypes and shapes and on the object graph alone, so that whatever is wrong with them shows
 * before the first tensor is read. `full` are readable names by key, and `layout` that of the stream they are for.
 *
 * Throws a `NotFoundError` for a pattern that matches no tensor, a `UsageError` where two tensors would get one name and where none
 * would be left.
 */
export async function planChanges(
  changes: Changes,
  model: CheckpointModel,
  full: ReadonlyMap<string, string>,
  layout: StoredStream["layout"],
  options: WaitOptions,
): Promise<Plan> {
  const { variables, strip, only, cast, rename } = changes;
  const { entries } = model.weights;
  if (!variables && !strip && only.length + cast.size + rename.length === 0) {
    return { tensors: entries.size, notes: [], apply: (stream) => stream };
  }
  const graph = await model.objectGraph(options);
  const outline = await outlineOf(model, graph, layout, options);
  const stripped = await strippedNames(outline, graph, strip);
  const others = variables ? notVariables(graph, entries) : new Set<string>();
  const kept = keptNames(stripped, only, entries, full, model);
  for (const name of kept) if (others.has(stripped.get(name) ?? name)) kept.delete(name);
  const renamed = renamedNames(kept, rename, model);

  const stripping = (stream: StoredStream) =>
    graph === undefined ? keepTensors(stream, (name) => stripped.has(name)) : stripOptimizer(stream, graph);
  const target = (_: string, dtype: DType): DType => cast.get(dtype) ?? dtype;
  const apply = (stream: StoredStream, casting: boolean) => {
    if (strip) stream = stripping(stream);
    if (only.length + others.size > 0) stream = keepTensors(stream, (name) => kept.has(name));
    if (casting) stream = castTensors(stream, target);
    return rename.length > 0 ? renameTensors(stream, (name) => renamed.get(name) ?? name) : stream;
  };
  const tensors = await rehearse(apply(outline, false));

  const notes: string[] = [];
  const [other] = others;
  if (other !== undefined) {
    notes.push(`left out, being no variables: ${counted(others.size, "tensor")}, such as ${printable(other)}`);
  }
  if (strip && [...stripped].every(([name, key]) => name === key) && stripped.size === outline.size) {
    notes.push("there is nothing to strip: no optimizer was found");
  }
  for (const dtype of cast.keys()) {
    if (![...entries.values()].some((entry) => entry.dtype === dtype)) notes.push(`no tensor is ${dtype}`);
  }
  return { tensors, notes, apply: (stream) => apply(stream, cast.size > 0) };
}

/** The keys of what is no variable's value: of tables, iterators, the state of Python objects; and of variants in any case. */
function notVariables(graph: ObjectGraph | undefined, entries: ReadonlyMap<string, TensorEntry>): Set<string> {
  const values = new Set([OBJECT_GRAPH_KEY]);
  for (const { attributes } of graph?.nodes ?? []) {
    const [attribute, ...more] = attributes;
    if (attribute?.name === "VARIABLE_VALUE" && more.length === 0) values.add(attribute.checkpointKey);
  }
  const others = [...entries].filter(
    ([key, { dtype }]) => dtype === "variant" || (graph !== undefined && !values.has(key)),
  );
  return new Set(others.map(([key]) => key));
}

/** Stands behind the path in keys of object-based checkpoints: `model/dense/kernel/.ATTRIBUTES/VARIABLE_VALUE`. */
const ATTRIBUTES = "/.ATTRIBUTES/";

/** Where a slot variable stands: path of the variable, this, path of the optimizer, name of the slot. */
const SLOT = "/.OPTIMIZER_SLOT/";

function split(name: string): [path: string, rest: string] {
  const cut = name.lastIndexOf(ATTRIBUTES);
  return cut < 0 ? [name, ""] : [name.slice(0, cut), name.slice(cut)];
}

/** A stream of all tensors without a byte of them, apart from the object graph. Each is in the data file of its number. */
interface Outline extends StoredStream {
  /** Tensors, the object graph left out. */
  readonly size: number;
  /** The key of the tensor with this number. */
  readonly keys: readonly string[];
}

async function outlineOf(
  { weights }: CheckpointModel,
  graph: ObjectGraph | undefined,
  { header }: StoredStream["layout"],
  { signal }: WaitOptions,
): Promise<Outline> {
  const stored = graph === undefined ? undefined : await weights.read(OBJECT_GRAPH_KEY, { signal });
  const keys = [...weights.entries.keys()];
  const parts = [...weights.entries].map(([name, entry], shardId): Part => {
    const isGraph = name === OBJECT_GRAPH_KEY && stored !== undefined;
    return [name, isGraph ? stored : withoutElements(entry), { shardId }];
  });
  return {
    keys,
    size: keys.length - (stored === undefined ? 0 : 1),
    layout: { header, partitioned: new Map(), shardSizes: async () => [] },
    async *parts() {
      yield* parts;
    },
  };
}

function withoutElements({ dtype, shape }: TensorEntry): Part[1] {
  if (dtype === "string" || dtype === "variant") return noStrings(dtype, shape);
  return { dtype, shape, pieces: [] };
}

function noStrings(dtype: "string" | "variant", shape: readonly number[]): Tensor {
  return dtype === "string" ? { dtype, shape, data: [] } : { dtype, shape, data: [] };
}

/** The key in the checkpoint of each tensor that is left without the optimizer, by the key that it has then. */
async function strippedNames(
  outline: Outline,
  graph: ObjectGraph | undefined,
  strip: boolean,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const stream = strip ? stripOptimizer(outline, graph) : outline;
  for await (const [name, , placement] of stream.parts()) {
    if (graph === undefined || name !== OBJECT_GRAPH_KEY) {
      names.set(name, outline.keys[placement?.shardId ?? 0] ?? name); // a transformation leaves a tensor in its data file
    }
  }
  if (strip && names.size === 0) throw new UsageError("nothing would be left without the optimizer");
  return names;
}

/** The names that patterns match, as keys, as keys without their attributes, or as readable names. */
function keptNames(
  names: ReadonlyMap<string, string>,
  only: readonly Glob[],
  entries: ReadonlyMap<string, TensorEntry>,
  full: ReadonlyMap<string, string>,
  model: CheckpointModel,
): Set<string> {
  if (only.length === 0) return new Set(names.keys());
  const unused = new Set(only);
  const kept = new Set<string>();
  const candidates = [...entries.keys()].filter((key) => key !== OBJECT_GRAPH_KEY);
  const wanted = new Set(
    candidates.filter((key) => {
      const called = [key, split(key)[0], full.get(key) ?? key];
      const matching = only.filter(({ matches }) => called.some(matches));
      for (const glob of matching) unused.delete(glob);
      return matching.length > 0;
    }),
  );
  for (const { source } of unused) {
    throw unmatched(`--only ${source}`, source, [...full.values(), ...candidates.map(pathOfKey)], model);
  }
  for (const [name, key] of names) if (wanted.has(key)) kept.add(name);
  if (kept.size === 0) throw new UsageError("nothing would be left: all that --only names is the optimizer's");
  return kept;
}

/** The new name of each tensor that gets one. */
function renamedNames(
  names: Iterable<string>,
  rename: readonly Renaming[],
  model: CheckpointModel,
): Map<string, string> {
  const renamed = new Map<string, string>();
  const unused = new Set(rename);
  const paths = new Set<string>();
  for (const name of names) {
    const [path, rest] = split(name);
    if (path === "") continue; // the root itself
    paths.add(path);
    const changed = path
      .split(SLOT)
      .map((part) => renamedPath(part, rename, unused))
      .join(SLOT);
    if (changed === "") throw new UsageError(`${JSON.stringify(name)} would have no name`);
    if (changed !== path) renamed.set(name, changed + rest);
  }
  for (const { source } of unused) throw unmatched(`--rename ${source}`, source.replace(/=.*$/s, ""), paths, model);
  return renamed;
}

function renamedPath(path: string, rename: readonly Renaming[], unused: Set<Renaming>): string {
  let first: string | undefined;
  for (const renaming of rename) {
    const found = renaming.apply(path);
    if (found === undefined) continue;
    unused.delete(renaming);
    first ??= found;
  }
  return first ?? path;
}

function unmatched(option: string, wanted: string, names: Iterable<string>, { path }: CheckpointModel): Advice {
  const near = suggestions(wanted, names);
  const absence = new NotFoundError("no-tensor", `no tensor matches ${option}`, { file: path });
  return new Advice(
    absence,
    near.length === 0 ? "`modelbytes inspect` lists the names" : `did you mean ${near.join(", ")}?`,
  );
}

/** Does it all without the elements, and counts the tensors. */
async function rehearse(stream: StoredStream): Promise<number> {
  const names = new Set<string>();
  try {
    for await (const [name] of stream.parts()) {
      if (names.has(name)) throw new RangeError(`two tensors would be called ${JSON.stringify(name)}`);
      names.add(name);
    }
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
  return names.size;
}
