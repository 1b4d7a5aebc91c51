import { encodeName } from "@modelbytes/bytes";
import type { Init } from "@modelbytes/tf-proto";
import type { AttrValue, MetaGraphDef, NodeDef } from "@modelbytes/tf-proto/messages";
import { shapeProto } from "./partial-shape.ts";

/** A variable of a new model. */
export interface NewVariable {
  /** Its key in the checkpoint. */
  readonly key: string;
  /** Its name in the graph; names of nodes allow fewer characters than names of children. */
  readonly name: string;
  /** A number of `DataType`. */
  readonly dtype: number;
  readonly shape: readonly number[];
}

/**
 * A main graph that does nothing but restore variables, for loaders that know no objects (TF1, C++).
 *
 *     w                    VarHandleOp                  save/Const                the checkpoint's prefix, fed by the loader
 *     save/Assign_0        AssignVariableOp(w, ·)  ◄──  save/RestoreV2            (save/Const, keys, slices)
 *     save/restore_all     NoOp(^save/Assign_0 …)
 */
export function restoringGraph(variables: readonly NewVariable[]): Init<Pick<MetaGraphDef, "graphDef" | "saverDef">> {
  const keys = variables.map(({ key }) => encodeName(key));
  const handles = variables.map(({ name, dtype, shape }) =>
    node("VarHandleOp", name, [], {
      dtype: { type: dtype },
      shape: { shape: shapeProto(shape) },
      shared_name: { s: encodeName(name) },
    }),
  );
  const assignments = variables.map(({ name, dtype }, index) =>
    node(
      "AssignVariableOp",
      `save/Assign_${index}`,
      [name, index === 0 ? "save/RestoreV2" : `save/RestoreV2:${index}`],
      {
        dtype: { type: dtype },
      },
    ),
  );
  return {
    graphDef: {
      node: [
        ...handles,
        strings("save/Const", [], [encodeName("model")]),
        strings("save/RestoreV2/tensor_names", [keys.length], keys),
        strings(
          "save/RestoreV2/shape_and_slices",
          [keys.length],
          keys.map(() => new Uint8Array(0)),
        ),
        node(
          "RestoreV2",
          "save/RestoreV2",
          ["save/Const", "save/RestoreV2/tensor_names", "save/RestoreV2/shape_and_slices"],
          {
            dtypes: { list: { type: variables.map(({ dtype }) => dtype) } },
          },
        ),
        ...assignments,
        node(
          "NoOp",
          "save/restore_all",
          assignments.map(({ name }) => `^${name}`),
          {},
        ),
      ],
      versions: { producer: GRAPH_VERSION },
    },
    saverDef: {
      filenameTensorName: "save/Const:0",
      saveTensorName: "save/Const:0",
      restoreOpName: "save/restore_all",
      version: V2,
    },
  };
}

/** `TF_GRAPH_DEF_VERSION` of a TensorFlow of 2024; loaders take any from 0 on that is not beyond their own. */
const GRAPH_VERSION = 1882;

/** `SaverDef.V2`: tensor bundles. */
const V2 = 2;

const DT_STRING = 7;

type NewNode = Init<NodeDef> & { readonly name: string };

function node(
  op: string,
  name: string,
  input: readonly string[],
  attrs: Readonly<Record<string, Init<AttrValue>>>,
): NewNode {
  return { name, op, input: [...input], attr: new Map(Object.entries(attrs)) };
}

function strings(name: string, shape: readonly number[], stringVal: readonly Uint8Array[]): NewNode {
  const value = { tensor: { dtype: DT_STRING, tensorShape: shapeProto(shape), stringVal: [...stringVal] } };
  return node("Const", name, [], { dtype: { type: DT_STRING }, value });
}
