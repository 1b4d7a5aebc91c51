/**
 * A stack of layers, of Keras 1 to 3:
 *
 *     config   [layer, …]                                                     to Keras 2.2.2
 *              {"name": …, "layers": [layer, …], "build_input_shape": […]}    since
 *     layer    {"class_name": …, "config": {…}}
 */

import type { PyDict } from "../value.ts";
import type { ModelNode, ObjectNode } from "./architecture.ts";
import { itemsOf, listAt, member } from "./fields.ts";
import { type ReadNestedModel, readLayer } from "./layer.ts";

/** Reads a stack. */
export function readSequential(object: PyDict, node: ObjectNode, readNested: ReadNestedModel): ModelNode {
  const path = member(node.path, "config");
  const list = itemsOf(object.get("config"));
  const entries = list ?? listAt(node.config, "layers", path);
  const at = list === undefined ? `${path}.layers` : path;
  const layers = entries.map((entry, index) => readLayer(entry, `${at}[${index}]`, `layer_${index}`, readNested));
  return { ...node, kind: "sequential", layers, inputs: undefined, outputs: undefined };
}
