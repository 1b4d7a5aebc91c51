import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Tensor, toBytes } from "@modelbytes/tensor";

/** What Python TensorFlow says of a tensor of a fixture. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** What a fixture's `expected.json` holds, as far as tests read it. */
export interface Expected {
  readonly format: string;
  readonly prefix: string;
  readonly tensors: Readonly<Record<string, ExpectedTensor>>;
  readonly objectGraph?: readonly object[];
}

/** The folder of fixtures, as a path. */
export const FIXTURES: string = fileURLToPath(new URL("../../../fixtures/tensor-bundle/", import.meta.url));

/** The fixtures of a format, by the name of their folder. */
export function fixturesOf(format: string): [string, Expected][] {
  return readdirSync(FIXTURES)
    .filter((name) => existsSync(`${FIXTURES}${name}/expected.json`))
    .map((name): [string, Expected] => [name, JSON.parse(readFileSync(`${FIXTURES}${name}/expected.json`, "utf8"))])
    .filter(([, expected]) => expected.format === format);
}

/** A tensor as the fixtures describe it: the SHA-256 is over its canonical bytes. */
export function describeTensor(tensor: Tensor): ExpectedTensor {
  const hash = createHash("sha256");
  if (tensor.dtype === "string" || tensor.dtype === "variant") {
    for (const element of tensor.data) hash.update(BigUint64Array.of(BigInt(element.length))).update(element);
  } else hash.update(toBytes(tensor));
  return { dtype: tensor.dtype, shape: tensor.shape, sha256: hash.digest("hex") };
}
