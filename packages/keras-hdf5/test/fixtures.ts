import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { canonicalBytes, type Tensor } from "@modelbytes/tensor";

/** The folder of fixtures, as a path. */
export const FIXTURES: string = fileURLToPath(new URL("../../../fixtures/keras-hdf5/", import.meta.url));

/** A tensor as Keras gave it to h5py. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** What `fixtures/keras-hdf5/saved.py` says of a file. */
export interface Expected {
  readonly file: string;
  readonly kind: string;
  readonly tensors: Readonly<Record<string, ExpectedTensor>>;
  readonly layers?: readonly (readonly [name: string, weights: readonly string[]])[];
  readonly top_level?: readonly string[];
  readonly optimizer?: readonly string[];
  readonly names?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The fixtures by folder, with the path of the file and what is expected of it. */
export function fixtures(): [name: string, path: string, expected: Expected][] {
  const folders = readdirSync(FIXTURES).filter((name) => existsSync(`${FIXTURES}${name}/expected.json`));
  return folders.map((name) => {
    const expected: Expected = JSON.parse(readFileSync(`${FIXTURES}${name}/expected.json`, "utf8"));
    return [name, `${FIXTURES}${name}/${expected.file}`, expected];
  });
}

/** A tensor as `saved.py` says it. */
export function describeTensor(tensor: Tensor): ExpectedTensor {
  const hash = createHash("sha256");
  for (const piece of canonicalBytes(tensor)) hash.update(piece);
  return { dtype: tensor.dtype, shape: tensor.shape, sha256: hash.digest("hex") };
}

/** A text as `saved.py` says it. */
export function describeText(text: string): string {
  return text.length <= 64 ? text : `sha256 ${createHash("sha256").update(text).digest("hex")}`;
}
