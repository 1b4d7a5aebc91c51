// From what a layer holds to the names and the order of its variables in files.

import type { Era } from "../shapes/layer-shapes.ts";
import type { Holding, Variable } from "./variables.ts";

/** The variables of a holding in the order of old files: what is trained first, then the rest; each once. */
export function legacyOrder(
  whole: Holding,
  era: Era,
): { readonly trained: readonly Variable[]; readonly kept: readonly Variable[] } {
  const [trained, kept] = era.major >= 3 ? filtered(whole) : gathered(whole);
  const first = new Set(trained);
  return { trained: [...first], kept: [...new Set(kept.filter((variable) => !first.has(variable)))] };
}

/**
 * Keras 3: all of them as they come, told apart by whether the layer that made them is trained. Layers between do not matter; if the
 * layer as a whole is not trained, nothing in it is.
 */
function filtered(whole: Holding): readonly [trained: Variable[], kept: Variable[]] {
  const trained: Variable[] = [];
  const kept: Variable[] = [];
  const visit = (held: Holding): void => {
    for (const variable of held.own) {
      (whole.trainable && held.trainable && variable.trainable ? trained : kept).push(variable);
    }
    for (const part of held.parts) visit(part.holding);
  };
  visit(whole);
  return [trained, kept];
}

/** Keras 2: each layer has two lists, of its own and of what it holds; a layer that is not trained has all in the second. */
function gathered(held: Holding): readonly [trained: Variable[], kept: Variable[]] {
  const parts = held.parts.map(({ holding }) => gathered(holding));
  const trained = held.own.filter(({ trainable }) => trainable);
  const kept = held.own.filter(({ trainable }) => !trainable);
  if (!held.trainable) return [[], [...trained, ...kept, ...parts.flat(2)]];
  return [
    [...trained, ...parts.flatMap(([inner]) => inner)],
    [...kept, ...parts.flatMap(([, inner]) => inner)],
  ];
}

/**
 * The name of each variable: the scopes above it, joined by `/`, and `:0` before Keras 3. Keras 1 has the layer alone, and `_`:
 * `dense_1_W` (TensorFlow adds `:0` there, too; Theano does not).
 */
export function namesOf(whole: Holding, prefix: string, era: Era): ReadonlyMap<Variable, string> {
  const names = new Map<Variable, string>();
  const visit = (held: Holding, above: string): void => {
    const around = held.isModel === true ? "" : above;
    const scope = held.scope === undefined ? around : joined(around, held.scope);
    // What a wrapper shares with the layer in it has its name from there.
    for (const { holding } of held.parts) visit(holding, scope);
    for (const variable of held.own) {
      if (!names.has(variable)) names.set(variable, nameIn(held, scope, variable, era));
    }
  };
  visit(whole, prefix);
  return names;
}

function nameIn(held: Holding, scope: string, { name }: Variable, { major }: Era): string {
  if (major <= 1) return `${held.scope ?? ""}_${name}`;
  return major === 2 ? `${joined(scope, name)}:0` : joined(scope, name);
}

function joined(above: string, name: string): string {
  return above === "" ? name : `${above}/${name}`;
}

/** The places of the variables in a `.weights.h5` file, below `path`: `layers/dense/vars/0`. */
export function* placesOf(held: Holding, path: string): Generator<readonly [path: string, variable: Variable]> {
  for (const [index, { key, variable }] of held.stored.entries())
    yield [joined(path, `vars/${key ?? index}`), variable];
  for (const { attribute, holding } of held.parts) yield* placesOf(holding, joined(path, attribute));
}
