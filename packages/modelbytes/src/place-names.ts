import type { ExpectedWeights } from "@modelbytes/keras-config";
import type { KerasHdf5Entry } from "@modelbytes/keras-hdf5";
import type { ArchitectureTexts } from "./convert/architecture-text.ts";
import { readTexts } from "./convert/keras-texts.ts";

/** Where a `.weights.h5` has the variables of the optimizer. */
const OPTIMIZER = /^optimizer\/vars\/(\d+)$/;

/**
 * The names that Keras gives the variables of a `.weights.h5`, where an architecture tells: `dense/kernel` for `layers/dense/vars/0`.
 * What it does not tell of has the name that the file gives it.
 */
export function placeNames(
  entries: ReadonlyMap<string, KerasHdf5Entry>,
  { places, optimizer = [] }: ExpectedWeights,
): Map<string, string> {
  const known = new Map(places.map(({ path, name }) => [path, name.replace(/:\d+$/, "")]));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [key, { name: own }] of entries) {
    const number = OPTIMIZER.exec(key)?.[1];
    const name = (number === undefined ? known.get(key) : optimizer[Number(number)]?.name.replace(/:\d+$/, "")) ?? own;
    names.set(key, taken.has(name) ? own : name);
    taken.add(name);
  }
  return names;
}

/** As `placeNames`, given the texts of an architecture; where these are none, the names that the file gives. */
export function placeNamesByText(
  entries: ReadonlyMap<string, KerasHdf5Entry>,
  texts: ArchitectureTexts,
): Map<string, string> {
  try {
    return placeNames(entries, readTexts(texts, "").expected);
  } catch {
    return new Map([...entries].map(([key, { name }]) => [key, name])); // `verify` says what is wrong with it
  }
}
