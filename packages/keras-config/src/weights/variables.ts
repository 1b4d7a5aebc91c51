/**
 * What a layer holds, as a tree: its own variables, and the layers in it.
 *
 *     Bidirectional ─┬─ forward_layer ── cell ── kernel, recurrent_kernel, bias
 *                    └─ backward_layer ─ cell ── kernel, recurrent_kernel, bias
 *
 * The names in old files and the paths in `.weights.h5` both follow from it.
 */

import type { Shape } from "../shapes/shape.ts";

/** A variable, before it has a name among others. */
export interface Variable {
  /** As the layer calls it: `kernel`. */
  readonly name: string;
  /** `null` is a size that cannot be known from the architecture. */
  readonly shape: Shape;
  /** `undefined` if it cannot be known from the architecture. */
  readonly dtype: string | undefined;
  /** Whether it is trained if its layer is. */
  readonly trainable: boolean;
}

/** What a layer holds. */
export interface Holding {
  /** What the layer adds to the names of what it holds; `undefined` if nothing. */
  readonly scope: string | undefined;
  /** Set for a model: its layers were made before it was put anywhere, so nothing above is in their names. */
  readonly isModel?: boolean;
  /** Whether what it holds may be trained. */
  readonly trainable: boolean;
  /** Its own variables, in the order in which they were made. */
  readonly own: readonly Variable[];
  /** What it writes below `vars` in a `.weights.h5` file, in order; the names are numbers unless they are given. */
  readonly stored: readonly StoredVariable[];
  /** The layers in it, in order. */
  readonly parts: readonly Part[];
}

/** A variable in a file. */
export interface StoredVariable {
  /** `undefined` for the next number. */
  readonly key: string | undefined;
  readonly variable: Variable;
}

/** A layer in another one. */
export interface Part {
  /** The attribute that holds it, a step of the path: `cell`; for one of several `cells/lstm_cell_1`. */
  readonly attribute: string;
  readonly holding: Holding;
}

/** A holding of own variables alone, stored as they are. */
export function holding(scope: string | undefined, own: readonly Variable[], trainable = true): Holding {
  return { scope, trainable, own, stored: inFile(own), parts: [] };
}

/** Variables under numbers. */
export function inFile(variables: readonly Variable[]): readonly StoredVariable[] {
  return variables.map((variable) => ({ key: undefined, variable }));
}

/** Variables as a layer gives them: those that are trained first, or as they were made if none is. */
export function own(
  dtype: string | undefined,
  ...specs: readonly (readonly [name: string, shape: Shape, trainable?: boolean, dtype?: string] | false | undefined)[]
): readonly Variable[] {
  const variables: Variable[] = [];
  for (const spec of specs) {
    if (spec === false || spec === undefined) continue;
    const [name, shape, trainable = true, other = dtype] = spec;
    variables.push({ name, shape, trainable, dtype: other });
  }
  return variables;
}
