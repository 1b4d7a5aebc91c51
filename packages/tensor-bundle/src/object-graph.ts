import type { ObjectGraph } from "@modelbytes/tf-proto";

/**
 * Keys of object-based checkpoints say by which path a value was found first, not what it is: the kernel of a Keras 3 layer may
 * be `optimizer/_trainable_variables/0/.ATTRIBUTES/VARIABLE_VALUE`. The object graph knows more.
 *
 *     key     path  ‖  /.ATTRIBUTES/  ‖  attribute
 *     path    local names joined with "/", in each of them and in attributes "." as ".." and "/" as ".S"; the root's is empty
 *             path of a variable  ‖  /.OPTIMIZER_SLOT/  ‖  path of an optimizer  ‖  "/"  ‖  name of the slot
 */

/** The key of the object graph: a string scalar, a serialized `TrackableObjectGraph`. */
export const OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH";

const ATTRIBUTES = "/.ATTRIBUTES/";
const OPTIMIZER_SLOT = "/.OPTIMIZER_SLOT/";
const VARIABLE_VALUE = "VARIABLE_VALUE";

/**
 * A name to read for each of `keys`, all different: the variable's full name where the graph gives it one that no other has, else
 * the path that the key spells. The key itself where two would be called the same.
 */
export function readableNames(graph: ObjectGraph, keys: Iterable<string>): Map<string, string> {
  const fullNames = new Map<string, string>();
  for (const { attributes } of graph.nodes) {
    for (const { checkpointKey, fullName } of attributes) if (fullName !== "") fullNames.set(checkpointKey, fullName);
  }
  const timesUsed = countOf(fullNames.values());
  const names = new Map<string, string>();
  for (const key of keys) {
    const fullName = fullNames.get(key);
    names.set(key, fullName !== undefined && timesUsed.get(fullName) === 1 ? fullName : pathOfKey(key));
  }
  const timesGiven = countOf(names.values());
  for (const [key, name] of names) if (timesGiven.get(name) !== 1) names.set(key, key);
  return names;
}

/**
 * The path that a key spells, without its escapes; of a value that is no variable's, with the attribute behind. A key that spells
 * no path, such as that of a variable that is the root itself, comes back as it is.
 */
export function pathOfKey(key: string): string {
  const cut = key.lastIndexOf(ATTRIBUTES);
  if (cut <= 0) return key;
  const path = key.slice(0, cut).replace(/\.\.|\.S/g, (escaped) => (escaped === ".." ? "." : "/"));
  const attribute = key.slice(cut + ATTRIBUTES.length);
  return attribute === VARIABLE_VALUE ? path : `${path}/${attribute}`;
}

function countOf(values: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The key of an attribute. `path` is `undefined` for the root. */
export function keyOf(path: string | undefined, attribute: string): string {
  return `${path ?? ""}${ATTRIBUTES}${escaped(attribute)}`;
}

/** The path of a child. `path` is `undefined` for the root. */
export function stepInto(path: string | undefined, localName: string): string {
  return path === undefined ? escaped(localName) : `${path}/${escaped(localName)}`;
}

/** The path of an optimizer's slot variable. */
export function slotPath(variable: string | undefined, optimizer: string | undefined, slotName: string): string {
  return `${variable ?? ""}${OPTIMIZER_SLOT}${optimizer ?? ""}/${escaped(slotName)}`;
}

function escaped(name: string): string {
  return name.replaceAll(".", "..").replaceAll("/", ".S");
}
