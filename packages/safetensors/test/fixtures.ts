import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { canonicalBytes, type Tensor } from "@modelbytes/tensor";

/** The folder of fixtures, as a path. */
export const FIXTURES: string = fileURLToPath(new URL("../../../fixtures/safetensors/", import.meta.url));

/** A tensor as `fixtures/safetensors/arrays.py` describes it. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** What the script says of a file. */
export interface Expected {
  readonly file: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly tensors: Readonly<Record<string, ExpectedTensor>>;
  /** The names of sharded tensors in the order in which they were split. */
  readonly order?: readonly string[];
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
