import { CorruptError } from "@modelbytes/bytes";
import type { KerasLayer } from "./contents.ts";

/** A layer as an architecture lists it. */
interface Expected {
  readonly name: string;
  /** `undefined` where it is not known which weights it has. */
  readonly weights: readonly unknown[] | undefined;
}

/**
 * Where a file's list of layers is not that of its architecture. Keras looks at the order of layers that have weights, and at no
 * names. Layers with weights are left to `matchWeights`, except for their order.
 */
export function* layerListProblems(
  layers: readonly KerasLayer[],
  expected: readonly Expected[],
  file: string,
): Generator<CorruptError> {
  const listed = new Set(layers.map(({ name }) => name));
  const wanted = new Set(expected.map(({ name }) => name));
  const common = expected.filter(({ name }) => listed.has(name));
  if (common.length === 0) return; // names of another kind: those of Keras 0 are numbers
  for (const { name, weights } of expected) {
    if (listed.has(name) || weights === undefined || weights.length > 0) continue;
    const reason = `layer ${name} of the architecture, without variables, is not in the file's list of layers`;
    yield new CorruptError("missing-layer", reason, { file, tensor: name });
  }
  for (const { name, path, weights } of layers) {
    if (wanted.has(name) || weights.length > 0) continue;
    const reason = `layer ${name} of the file, without variables, is not in the architecture`;
    yield new CorruptError("extra-layer", reason, { file, tensor: path });
  }
  const found = layers.filter(({ name }) => wanted.has(name));
  for (const [index, { name, path }] of found.entries()) {
    const { name: other = name } = common[index] ?? {};
    if (other === name) continue;
    const reason = `layer ${name} of the file is where the architecture has ${other}`;
    yield new CorruptError("layer-order", reason, { file, tensor: path });
    return; // all that come behind it are at other places, too
  }
}
