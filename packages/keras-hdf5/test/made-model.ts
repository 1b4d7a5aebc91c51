// Random weights for the writers, and what they are in plain words.

import { fc } from "@fast-check/vitest";
import { openKerasHdf5 } from "@modelbytes/keras-hdf5";
import { DTYPES, elementCount, type FixedDType, fromBytes, type Tensor, tensor } from "@modelbytes/tensor";
import { describeTensor } from "./fixtures.ts";

const STORED: readonly FixedDType[] = [
  ...(["float32", "float64", "float16", "bfloat16", "complex64", "complex128", "bool"] as const),
  ...(["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"] as const),
];

/** A tensor of any dtype that Keras stores. */
export const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom(...STORED),
    shape: fc.array(fc.nat(3), { maxLength: 4 }),
    seed: fc.nat(255),
  })
  .map(({ dtype, shape, seed }) => {
    const bytes = new Uint8Array(elementCount(shape) * DTYPES[dtype].itemsize);
    return fromBytes(
      dtype,
      shape,
      bytes.map((_, index) => (dtype === "bool" ? (seed + index) % 2 : (seed * (index + 1)) % 251)),
    );
  });

/** Names as models have them, beyond ASCII too. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_.:-]{0,12}$/),
  fc.stringMatching(/^[a-zé☃𝒳][a-zé ☃𝒳]{0,30}$/u),
);

/** Weights, of which no two have the same name. */
export function weightsNamed(name: fc.Arbitrary<string>): fc.Arbitrary<[string, Tensor][]> {
  return fc.uniqueArray(fc.tuple(name, anyTensor), { maxLength: 4, selector: ([each]) => each });
}

/** A small tensor whose values do not matter. */
export function floats(...shape: readonly number[]): Tensor<"float32"> {
  return tensor("float32", shape, new Float32Array(elementCount(shape)).fill(1));
}

/** What an open file is said to hold, with its values. */
export async function saidOf(bytes: Uint8Array): Promise<object> {
  await using file = await openKerasHdf5(bytes);
  const { kind, metadata, layers, topLevelWeights, optimizerWeights, metricWeights, unlisted } = file;
  const values: [string, object][] = [];
  for await (const [key, value] of file.stream()) values.push([key, describeTensor(value)]);
  return { kind, metadata, layers, topLevelWeights, optimizerWeights, metricWeights, unlisted, values };
}
