import type { ObjectGraph, ObjectNode, SlotVariable } from "@modelbytes/tf-proto";
import { type CheckpointNode, type NamedNode, type PlainObject, plainObject } from "./checkpoint-node.ts";
import { keyOf, slotPath, stepInto } from "./object-graph.ts";
import type { Part } from "./part.ts";

/**
 * Numbers the objects of a checkpoint as TensorFlow does, and gives them the paths that make their keys.
 *
 *     0          the root
 *     1, 2, …    all others breadth first, children in their order; each once, with the path by which it is found first
 *     …          slot variables: by optimizer, by slot, by the number of the variable that they are for
 *
 * Values are stored in this order, but PythonStates after all others. What registered savers store comes before, saver by saver in
 * the order of their first objects, each in a data file of its own: TensorFlow has each save by itself, and merges.
 */

/** A PythonState's attribute. */
const PYTHON_STATE = "py_state";

/** An object that was found. */
interface Found {
  readonly object: PlainObject;
  /** Escaped names, `undefined` for the root. */
  readonly path: string | undefined;
  readonly children: { readonly nodeId: number; readonly localName: string }[];
  readonly slotVariables: SlotVariable[];
}

/** The object graph of a checkpoint, and its values under their keys in the order in which TensorFlow stores them. */
export interface CheckpointGraph {
  readonly graph: ObjectGraph;
  readonly parts: readonly Part[];
  /** What registered savers store, for each of them that stores anything. */
  readonly saved: readonly (readonly Part[])[];
}

/**
 * The graph of all that is below `root`. `attached` are further children of the root, behind its own; one that the root has already
 * by that name is not attached again. Throws a `RangeError` for two children of one name, and for slot variables that TensorFlow
 * could not restore.
 */
export function checkpointGraph(root: CheckpointNode, attached: readonly NamedNode[]): CheckpointGraph {
  const objects = new Objects();
  objects.find(root, undefined);
  for (let id = 0; id < objects.found.length; id++) objects.findChildren(id, id === 0 ? attached : []);
  objects.findSlots();
  const nodes = objects.found.map(
    ({ object: { attributes, fullName, registeredSaver }, path, children, slotVariables }): ObjectNode => ({
      children,
      attributes: attributes.map(({ name }) => {
        return { name, fullName, checkpointKey: keyOf(path, name), optionalRestore: undefined };
      }),
      slotVariables,
      registeredSaver: registeredSaver && { name: registeredSaver.name, objectName: path ?? "" },
      hasCheckpointValues: undefined,
    }),
  );
  const states = objects.found.filter(isPythonState);
  const stored = [...objects.found.filter((found) => !isPythonState(found)), ...states];
  return { graph: { nodes: withValues(nodes) }, parts: stored.flatMap(partsOf), saved: partsBySaver(objects.found) };
}

/** The objects that were found so far, by number. */
class Objects {
  readonly found: Found[] = [];
  readonly #ids = new Map<CheckpointNode, number>();

  /** The number of an object, a new one for a new object. */
  find(node: CheckpointNode, path: string | undefined): number {
    const known = this.#ids.get(node);
    if (known !== undefined) return known;
    const id = this.found.length;
    this.#ids.set(node, id);
    this.found.push({ object: plainObject(node), path, children: [], slotVariables: [] });
    return id;
  }

  findChildren(id: number, attached: readonly NamedNode[]): void {
    const parent = this.#at(id);
    const own = new Map(parent.object.children);
    const children = [...parent.object.children, ...attached.filter(([name, child]) => own.get(name) !== child)];
    for (const [localName, child] of children) {
      parent.children.push({ nodeId: this.find(child, stepInto(parent.path, localName)), localName });
    }
    const names = new Set(children.map(([name]) => name));
    if (names.size < children.length) throw new RangeError(`two children of ${spelled(parent)} have the same name`);
  }

  /** To be called when all other objects are found. */
  findSlots(): void {
    const count = this.found.length;
    for (let optimizer = 0; optimizer < count; optimizer++) {
      for (const [slotName, variables] of this.#at(optimizer).object.slots) {
        const ids = [...variables.keys()].map((variable) => this.#ids.get(variable) ?? count);
        if (ids.some((id) => id >= count)) throw new RangeError(`a slot ${slotName} is of a variable outside the tree`);
        const byId = [...variables.values()].map((slot, at) => [ids[at] ?? 0, slot] as const);
        for (const [id, slot] of byId.sort(([a], [b]) => a - b)) this.#addSlot(optimizer, slotName, id, slot);
      }
    }
  }

  #addSlot(optimizer: number, slotName: string, originalVariableNodeId: number, slot: CheckpointNode): void {
    if (this.#ids.has(slot)) throw new RangeError(`a slot variable ${slotName} is used in two places`);
    const path = slotPath(this.#at(originalVariableNodeId).path, this.#at(optimizer).path, slotName);
    const slotVariableNodeId = this.find(slot, path);
    const { children, slots } = this.#at(slotVariableNodeId).object;
    if (children.length + slots.length > 0) throw new RangeError(`a slot variable ${slotName} has children`);
    this.#at(optimizer).slotVariables.push({ originalVariableNodeId, slotName, slotVariableNodeId });
  }

  #at(id: number): Found {
    const found = this.found[id];
    if (found === undefined) throw new RangeError(`there is no object ${id}`);
    return found;
  }
}

function spelled({ path }: Found): string {
  return path === undefined ? "the root" : JSON.stringify(path);
}

function isPythonState({ object }: Found): boolean {
  return object.attributes.some(({ name }) => name === PYTHON_STATE);
}

function partsOf({ object, path }: Found): Part[] {
  return object.attributes.flatMap(({ name, parts }) => {
    const key = keyOf(path, name);
    return parts.map(([end, tensor, placement]): Part => [key + end, tensor, placement ?? {}]);
  });
}

function partsBySaver(found: readonly Found[]): Part[][] {
  const bySaver = new Map<string, Part[]>();
  for (const { object } of found) {
    if (object.registeredSaver === undefined) continue;
    const { name, parts } = object.registeredSaver;
    const all = bySaver.get(name) ?? [];
    bySaver.set(name, all);
    for (const part of parts) all.push(part);
  }
  return [...bySaver.values()].filter(({ length }) => length > 0);
}

/** Says of each node whether it or a descendant has attributes, slot variables or a saver of its own. */
function withValues(nodes: readonly ObjectNode[]): ObjectNode[] {
  const parents = nodes.map((): number[] => []);
  for (const [id, { children }] of nodes.entries()) for (const { nodeId } of children) parents[nodeId]?.push(id);
  const having = new Set<number>();
  const waiting = nodes.flatMap(({ attributes, slotVariables, registeredSaver }, id) =>
    attributes.length + slotVariables.length > 0 || registeredSaver !== undefined ? [id] : [],
  );
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (having.has(id)) continue;
    having.add(id);
    for (const parent of parents[id] ?? []) waiting.push(parent);
  }
  return nodes.map((node, id) => ({ ...node, hasCheckpointValues: having.has(id) }));
}
