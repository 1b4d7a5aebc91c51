// What Keras says of the variables of a model (fixtures/keras-config/weights_of.py), beside what is said here.

import { parseArchitecture } from "../src/architecture/parse.ts";
import { parseJson } from "../src/json/parse.ts";
import type { Era } from "../src/shapes/layer-shapes.ts";
import { isPyDict, type PyValue } from "../src/value.ts";
import { expectedWeights } from "../src/weights/expected-weights.ts";

/** A weight of a layer; the same variable has the same index. */
type Row = readonly [name: string, shape: readonly number[], dtype: string, trained: boolean, index: number];

/** A model, as Keras sees it. */
export interface JudgedModel {
  readonly layers: readonly (readonly [name: string, weights: readonly Row[]])[];
  readonly paths: readonly (readonly [path: string, index: number | null, shape?: readonly number[], dtype?: string])[];
}

/** The architecture in a line of the judge. */
export function architectureOf(line: string): PyValue {
  const value = parseJson(line);
  return (isPyDict(value) ? value.get("architecture") : undefined) ?? null;
}

/** Both sides, to be the same. */
export interface Judgement {
  readonly layers: unknown;
  readonly unknownPlaces: unknown;
  readonly places: unknown;
}

/**
 * Both sides of a model. With `isShared` a layer is both in the model and in one inside it, which the text makes two of: its names and
 * places are not compared.
 */
export function bothSides(
  architecture: PyValue,
  judged: JudgedModel,
  era: Era,
  isShared = false,
): { readonly ours: Judgement; readonly theirs: Judgement } {
  const found = expectedWeights(parseArchitecture(architecture), { era });
  const named = (name: string): string => (isShared ? "" : steady(name));
  const rows = judged.layers.flatMap(([, weights]) => weights);
  const nameAt = new Map(found.places.map(({ path, name }) => [path, name]));
  return {
    ours: {
      layers: found.layers.map(({ name, weights }) => [
        name,
        weights?.map(({ name, shape, dtype, trainable }) => [named(name), shape, dtype, trainable]),
      ]),
      unknownPlaces: found.unknownPlaces,
      places: isShared
        ? []
        : found.places.map(({ path, name, shape, dtype }) => [path, steady(name), shape, dtype]).sort(),
    },
    theirs: {
      layers: judged.layers.map(([name, weights]) => [
        name,
        weights.map(([name, shape, dtype, trained]) => [named(name), shape, dtype, trained]),
      ]),
      unknownPlaces: [],
      places: isShared
        ? []
        : judged.paths
            .map(([path, index, ...rest]) => {
              // What has no value of its own in the file (an index of groups) is only told by its place.
              const [name, shape, dtype] = rows.find(([, , , , at]) => at === index) ?? [nameAt.get(path), ...rest];
              return [path, steady(name ?? ""), shape, dtype];
            })
            .sort(),
    },
  };
}

/** Before 2.13 Keras counts the cells and stacks that a process has made, and the number is in the name. */
function steady(name: string): string {
  return name.replace(/(_cell|stacked_rnn_cells)_\d+/g, "$1");
}
