import { UnsupportedError } from "@modelbytes/bytes";
import { DTYPES, type DType } from "@modelbytes/tensor";
import type { Init, ObjectGraph, ObjectNode } from "@modelbytes/tf-proto";
import type { SavedModel as SavedModelProto, SavedObject } from "@modelbytes/tf-proto/messages";
import { shapeProto } from "./partial-shape.ts";
import { type NewVariable, restoringGraph } from "./restoring-graph.ts";
import { leadingTo } from "./variables-graph.ts";

/**
 * The graphs of a SavedModel that holds variables alone. Its objects are those of the checkpoint's object graph, with their numbers
 * but without the ways to objects that lead to no variable, such as functions:
 *
 *     an object with the attribute VARIABLE_VALUE       variable
 *     any other                                         user object "_generic_user_object"
 *     "signatures" of the root                          user object "signature_map", empty
 */

/** What a tensor of the checkpoint is. */
export interface TensorHead {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * The model of the variables in a checkpoint with these tensors. Throws a `TypeError` for a tensor that is not the value of a variable,
 * an `UnsupportedError` for names that are not UTF-8.
 */
export function variablesModel(
  graph: ObjectGraph,
  heads: ReadonlyMap<string, TensorHead>,
  tags: readonly string[],
): Init<SavedModelProto> {
  const { nodes } = graph;
  const others = new Set(heads.keys());
  const names = new Set<string>();
  const variables = nodes.map(({ attributes }) => {
    const variable = variableOf(attributes, heads, names);
    if (variable !== undefined) others.delete(variable.key);
    return variable;
  });
  for (const key of others) throw new TypeError(`${JSON.stringify(key)} is not the value of a variable`);
  for (const { children } of nodes) for (const { localName } of children) checkText(localName);
  const useful = leadingTo(
    [...variables.keys()].filter((id) => variables[id] !== undefined),
    graph,
  );
  const objects = withSignatures(nodes.map((node, id) => savedObject(node, variables[id], useful)));
  const found = variables.filter((variable) => variable !== undefined);
  return {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { tags: [...tags], tensorflowVersion: "2.21.0", strippedDefaultAttrs: true },
        ...(found.length > 0 && restoringGraph(found)),
        objectGraphDef: { nodes: objects },
      },
    ],
  };
}

/** Keys are bytes, and the names in a SavedModel are text. */
function checkText(name: string): void {
  if (name.isWellFormed()) return;
  throw new UnsupportedError("name-not-utf-8", "a SavedModel has no names that are not UTF-8", { tensor: name });
}

const VARIABLE_VALUE = "VARIABLE_VALUE";

function variableOf(
  attributes: ObjectNode["attributes"],
  heads: ReadonlyMap<string, TensorHead>,
  names: Set<string>,
): NewVariable | undefined {
  const [attribute, ...more] = attributes;
  if (attribute === undefined || attribute.name !== VARIABLE_VALUE || more.length > 0) return undefined;
  const { checkpointKey: key, fullName } = attribute;
  const head = heads.get(key);
  if (head === undefined || head.dtype === "variant") return undefined;
  const name = uniqueName(fullName || lastName(key), names);
  return { key, name, dtype: DTYPES[head.dtype].number, shape: head.shape };
}

function savedObject(
  node: ObjectNode,
  variable: NewVariable | undefined,
  useful: ReadonlySet<number>,
): Init<SavedObject> {
  const links = node.children.filter(({ nodeId }) => useful.has(nodeId));
  const children = links.map(({ nodeId, localName }) => ({ nodeId, localName }));
  if (variable === undefined) return { ...userObject(PLAIN), children };
  const { dtype, shape, name } = variable;
  return { children, variable: { dtype, shape: shapeProto(shape), trainable: true, name } };
}

/** The objects and, unless the root has something of that name, an empty map of signatures behind them. */
function withSignatures(objects: readonly Init<SavedObject>[]): Init<SavedObject>[] {
  const [root = userObject(PLAIN), ...others] = objects;
  const known = root.children ?? [];
  if (known.some(({ localName }) => localName === SIGNATURES)) return [...objects];
  const children = [...known, { nodeId: others.length + 1, localName: SIGNATURES }];
  return [{ ...root, children }, ...others, userObject("signature_map")];
}

const SIGNATURES = "signatures";
const PLAIN = "_generic_user_object";

function userObject(identifier: string): Init<SavedObject> {
  return { userObject: { identifier, version: { producer: 1, minConsumer: 1 } } };
}

/** The last name of a variable's path. */
function lastName(key: string): string {
  const path = key.slice(0, Math.max(0, key.indexOf("/.ATTRIBUTES/")));
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A name that a node of the graph may have, and no other variable has. TensorFlow: `[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*`. */
function uniqueName(wanted: string, taken: Set<string>): string {
  const allowed = wanted.replace(/[^A-Za-z0-9_.\\/>-]/g, "_").replace(/^(?![A-Za-z0-9.])/, "v");
  let name = allowed;
  for (let count = 1; taken.has(name.toLowerCase()) || name === ""; count++) name = `${allowed}_${count}`;
  taken.add(name.toLowerCase());
  return name;
}
