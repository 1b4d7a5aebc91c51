import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { canonicalBytes, type Tensor } from "@modelbytes/tensor";

/** The folder of fixtures, as a path. */
export const FIXTURES: string = fileURLToPath(new URL("../../../fixtures/npz/", import.meta.url));

/** A tensor as `fixtures/safetensors/arrays.py` describes it. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** What the script says of a file. */
export interface Expected {
  readonly file: string;
  readonly tensors: Readonly<Record<string, ExpectedTensor>>;
  /** The names of all arrays that can be read, in the order in which they were written. */
  readonly order: readonly string[];
  /** The names of those that cannot. */
  readonly refused?: readonly string[];
}

export function expected(name: string): Expected {
  return JSON.parse(readFileSync(`${FIXTURES}${name}/expected.json`, "utf8"));
}

export function bytesOf(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(`${FIXTURES}${path}`));
}

/** A tensor as the script describes it. */
export function describeTensor(tensor: Tensor): ExpectedTensor {
  const hash = createHash("sha256");
  for (const piece of canonicalBytes(tensor)) hash.update(piece);
  return { dtype: tensor.dtype, shape: tensor.shape, sha256: hash.digest("hex") };
}

/** What is expected of a tensor, without its values. */
export function plain({ dtype, shape, sha256 }: ExpectedTensor): ExpectedTensor {
  return { dtype, shape, sha256 };
}
