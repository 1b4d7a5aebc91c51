import { kindOf, type MetaGraph, type ModelVariable } from "@modelbytes/saved-model";
import { counted, printable, shapeText } from "./text.ts";
import { drawTree } from "./tree.ts";

type SavedObjectGraph = NonNullable<MetaGraph["objectGraph"]>;
type SavedObject = SavedObjectGraph["nodes"][number];

/** The lines of a SavedModel's object graph. */
export function savedModelTree({ nodes }: SavedObjectGraph, variables: readonly ModelVariable[]): string[] {
  const byNode = new Map(variables.map((variable) => [variable.nodeId, variable]));
  return drawTree(nodes, {
    detail: (id, path) => {
      const node = nodes[id];
      if (node === undefined) return "";
      const text = printable(kindText(node, byNode.get(id), path));
      return text === "" ? "" : `  ${text}`;
    },
    lines: () => [],
  });
}

/** What stands behind the name of an object. */
function kindText(node: SavedObject, variable: ModelVariable | undefined, path: string): string {
  const { userObject, function: polymorphic, bareConcreteFunction, constant, capturedTensor } = node;
  if (variable !== undefined) return variableText(variable, path);
  if (userObject !== undefined) return userObject.identifier === "_generic_user_object" ? "" : userObject.identifier;
  if (polymorphic !== undefined) return `function, ${counted(polymorphic.concreteFunctions.length, "trace")}`;
  if (bareConcreteFunction !== undefined) return `function ${bareConcreteFunction.concreteFunctionName}`;
  if (constant !== undefined) return `constant ${constant.operation}`;
  if (capturedTensor !== undefined) return `captured ${capturedTensor.name}`;
  return kindOf(node);
}

function variableText({ dtype, shape, fullName, key, trainable }: ModelVariable, path: string): string {
  const name = fullName === "" || fullName === path ? "" : `  ${fullName}`;
  const notes = [trainable === false ? "not trainable" : "", key === undefined ? "not in the checkpoint" : ""];
  const noted = notes.filter((note) => note !== "").join(", ");
  return `${dtype} ${shapeText(shape)}${name}${noted === "" ? "" : `  (${noted})`}`;
}

/** The object graph for `--json`: what is drawn, as data. */
export function objectsJson({ nodes }: SavedObjectGraph): unknown {
  return {
    nodes: nodes.map((node) => ({
      kind: kindOf(node),
      ...identityJson(node),
      children: node.children.map(({ nodeId, localName }) => ({ nodeId, localName })),
      ...(node.slotVariables.length > 0 && {
        slotVariables: node.slotVariables.map(({ originalVariableNodeId, slotName, slotVariableNodeId }) => ({
          originalVariableNodeId,
          slotName,
          slotVariableNodeId,
        })),
      }),
    })),
  };
}

/** What tells an object from others of its kind. */
function identityJson(node: SavedObject): Readonly<Record<string, unknown>> {
  const { userObject, variable, function: polymorphic, bareConcreteFunction } = node;
  if (userObject !== undefined) return { identifier: userObject.identifier };
  if (variable !== undefined) return { name: variable.name, trainable: variable.trainable };
  if (polymorphic !== undefined) return { concreteFunctions: polymorphic.concreteFunctions };
  if (bareConcreteFunction !== undefined) return { concreteFunctions: [bareConcreteFunction.concreteFunctionName] };
  return {};
}
