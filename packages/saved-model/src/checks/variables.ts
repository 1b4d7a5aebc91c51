import { CorruptError } from "@modelbytes/bytes";
import { OBJECT_GRAPH_KEY } from "@modelbytes/tensor-bundle";
import type { ModelVariable } from "../model-variables.ts";
import { fits, type PartialShape, shapeText } from "../partial-shape.ts";
import type { SavedModelWeights } from "../weights.ts";

/**
 * Whether the checkpoint has the variables of the graph, in their dtypes and shapes. `known` are the keys that something restores, as
 * far as that is known; a tensor that nothing restores is no error to TensorFlow, and no part of the model.
 */
export function* checkVariables(
  variables: readonly ModelVariable[],
  weights: SavedModelWeights | undefined,
  file: string,
): Generator<CorruptError> {
  const stored = variables.filter(({ key }) => key !== undefined);
  if (weights === undefined) {
    if (stored.length > 0 || variables.length > 0) {
      const reason = `the graph has ${variables.length} variables, and there is no checkpoint variables/variables`;
      yield new CorruptError("no-variables", reason, { file });
    }
    return;
  }
  const place = { file: weights.bundle.prefix };
  for (const variable of variables) {
    const { key, name, dtype, nodeId } = variable;
    const shape = storedShape(variable);
    const tensor = key ?? name;
    if (key === undefined) {
      if (nodeId === undefined) continue;
      yield new CorruptError("no-value", `the variable ${JSON.stringify(name)} has no value in the checkpoint`, {
        ...place,
        tensor,
      });
      continue;
    }
    const entry = weights.bundle.entries.get(key);
    if (entry === undefined) {
      if (!weights.bundle.unreadable.has(key)) {
        yield new CorruptError("no-value", `the checkpoint has no value for the variable ${JSON.stringify(name)}`, {
          ...place,
          tensor,
        });
      }
      continue;
    }
    if (dtype.replace(/_ref$/, "") !== entry.dtype) {
      yield new CorruptError("variable-dtype", `the variable is ${dtype}, its value ${entry.dtype}`, {
        ...place,
        tensor,
      });
    } else if (!fits(entry.shape, shape)) {
      const reason = `the variable has the shape ${shapeText(shape)}, its value ${shapeText(entry.shape)}`;
      yield new CorruptError("variable-shape", reason, { ...place, tensor });
    }
  }
}

/** The shape of the tensor that a variable is restored from: where it holds a part, that of the whole. */
function storedShape({ shape, slice }: ModelVariable): PartialShape {
  return slice === undefined ? shape : slice.split(" ").slice(0, -1).map(Number);
}

/** The keys of the checkpoint that belong to nothing: neither to a variable nor to any other object that it knows of. */
export function unusedKeys(weights: SavedModelWeights, used: ReadonlySet<string>): string[] {
  return [...weights.entries.keys()].filter((key) => key !== OBJECT_GRAPH_KEY && !used.has(key));
}
