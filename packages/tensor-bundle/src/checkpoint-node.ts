import type { Tensor, TensorInPieces } from "@modelbytes/tensor";
import { isInPieces, type Part } from "./part.ts";

/**
 * What an object-based checkpoint is written from: the objects that Python would have, as plain data.
 *
 *     Python                             here
 *     tf.Variable(…, name="kernel")      a tensor, or { value: tensor, fullName: "kernel" }
 *     a list or a tuple                  an array
 *     a dict, a module, a layer          a Map, or { children: { kernel, bias } }
 *     an optimizer with slot variables   { children: { iter }, slots: { m: new Map([[kernel, m]]) } }
 *
 * The same JavaScript object in two places is one object of the checkpoint, stored once, under the first path that leads to it; so
 * are shared variables in Python. Two variables that happen to have the same tensor need an object each: `{ value: zeros }`. An
 * object may also be its own descendant.
 */
export type CheckpointNode =
  | Tensor
  | TensorInPieces
  | readonly CheckpointNode[]
  | ReadonlyMap<string, CheckpointNode>
  | CheckpointObject;

/**
 * Children by name, in the order in which Python tracks them: for a module that in which its attributes were set. JavaScript moves
 * keys such as `"10"` of an object to the front, and sorts them; a Map or a list of entries keeps its order.
 */
export type CheckpointChildren =
  | Readonly<Record<string, CheckpointNode>>
  | Iterable<readonly [name: string, child: CheckpointNode]>;

/** An optimizer's variable for each variable that it has one for. */
export type SlotVariables = ReadonlyMap<CheckpointNode, CheckpointNode>;

/** An object of a checkpoint: a variable, a module, an optimizer, a hash table. */
export interface CheckpointObject {
  readonly children?: CheckpointChildren | undefined;
  /** The value of a variable. */
  readonly value?: Tensor | TensorInPieces | undefined;
  /** A variable's name in a name-based checkpoint, Python's `variable.name` without `:0`. Default: empty. */
  readonly fullName?: string | undefined;
  /** What an object stores that is no variable, or is one in several parts. */
  readonly attributes?: readonly CheckpointAttribute[] | undefined;
  /** An optimizer's variables for other variables of the tree, by the name of the slot, in the order of `get_slot_names`. */
  readonly slots?:
    | Readonly<Record<string, SlotVariables>>
    | Iterable<readonly [name: string, SlotVariables]>
    | undefined;
  /** What Python's `register_checkpoint_saver` has to be told of, instead of `value` and `attributes`. */
  readonly registeredSaver?: RegisteredSaver | undefined;
}

/** What a saver that Python has registered for the class of an object stores of it. */
export interface RegisteredSaver {
  /** As it is registered, with its package: `Custom.Stack`. */
  readonly name: string;
  /**
   * Tensors under the keys that the saver's own restoring asks for, in its order. The objects of one saver share a data file of
   * their own, before that of all others.
   */
  readonly parts: readonly Part[];
}

/** A value of an object, under the object's key. */
export interface CheckpointAttribute {
  /** `VARIABLE_VALUE` of a variable, `table`, `ITERATOR`; `py_state` of a PythonState, which is stored after all others. */
  readonly name: string;
  /**
   * The value; or the parts of one, each named by what follows the key: `[["-keys", keys], ["-values", values]]` of a hash table,
   * `[["", rows, { partition }], …]` of a sharded variable.
   */
  readonly value: Tensor | TensorInPieces | readonly Part[];
}

/** The attribute that holds a variable's value. */
export const VARIABLE_VALUE = "VARIABLE_VALUE";

/** A child and its name. */
export type NamedNode = readonly [name: string, child: CheckpointNode];

/** A node, whatever it was written as. */
export interface PlainObject {
  readonly children: readonly NamedNode[];
  readonly attributes: readonly PlainAttribute[];
  readonly fullName: string;
  readonly slots: readonly (readonly [name: string, variables: SlotVariables])[];
  readonly registeredSaver: RegisteredSaver | undefined;
}

/** An attribute, its value as parts. */
export interface PlainAttribute {
  readonly name: string;
  readonly parts: readonly Part[];
}

/** What a node stands for. Throws a `TypeError` for what stands for nothing, or for two things. */
export function plainObject(node: CheckpointNode): PlainObject {
  if (typeof node !== "object" || node === null) throw new TypeError(`${String(node)} is no object of a checkpoint`);
  if (isTensor(node)) return { ...NOTHING, attributes: [variableValue(node)] };
  if (isList(node)) return { ...NOTHING, children: node.map((child, index) => [String(index), child]) };
  if (isIterable(node)) return { ...NOTHING, children: [...node] };
  const { children = [], value, fullName = "", attributes = [], slots = {}, registeredSaver } = node;
  if (registeredSaver !== undefined && (value !== undefined || attributes.length > 0)) {
    throw new TypeError(`an object that ${registeredSaver.name} saves has no values of its own`);
  }
  return {
    children: entriesOf(children),
    attributes: [...(value === undefined ? [] : [variableValue(value)]), ...attributes.map(plainAttribute)],
    fullName,
    slots: Symbol.iterator in slots ? [...slots] : Object.entries(slots),
    registeredSaver,
  };
}

/** Children as they are listed, whatever they were written as. */
export function entriesOf(children: CheckpointChildren): NamedNode[] {
  return isIterable(children) ? [...children] : Object.entries(children);
}

const NOTHING: PlainObject = { children: [], attributes: [], fullName: "", slots: [], registeredSaver: undefined };

function variableValue(value: Tensor | TensorInPieces): PlainAttribute {
  return { name: VARIABLE_VALUE, parts: [["", value]] };
}

function plainAttribute({ name, value }: CheckpointAttribute): PlainAttribute {
  return { name, parts: isTensor(value) ? [["", value]] : value };
}

function isTensor(node: CheckpointNode | readonly Part[]): node is Tensor | TensorInPieces {
  return "dtype" in node && (isInPieces(node) || "data" in node);
}

function isList(node: CheckpointNode): node is readonly CheckpointNode[] {
  return Array.isArray(node);
}

function isIterable(children: CheckpointChildren | CheckpointObject): children is Iterable<NamedNode> {
  return Symbol.iterator in children;
}
