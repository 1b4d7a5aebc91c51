import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ModelbytesError } from "@modelbytes/bytes";
import { canonicalBytes, type Tensor } from "@modelbytes/tensor";

/** The folder of fixtures, as a path. */
export const FIXTURES: string = fileURLToPath(new URL("../../../fixtures/keras-archive/", import.meta.url));

/** A tensor as Keras gave it to h5py. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** What `fixtures/keras-archive/archived.py` says of an archive. */
export interface Expected {
  readonly file: string;
  readonly metadata: { readonly keras_version: string; readonly date_saved: string } | null;
  readonly config: string;
  readonly assets: Readonly<Record<string, string>>;
  readonly others: readonly string[];
  readonly rewritten: boolean;
  readonly weights: Readonly<Record<string, ExpectedTensor>>;
}

/** The fixtures by folder, with the path of the archive and what is expected of it. */
export function fixtures(): [name: string, path: string, expected: Expected][] {
  const folders = readdirSync(FIXTURES).filter((name) => existsSync(`${FIXTURES}${name}/expected.json`));
  return folders.map((name) => {
    const expected: Expected = JSON.parse(readFileSync(`${FIXTURES}${name}/expected.json`, "utf8"));
    return [name, `${FIXTURES}${name}/${expected.file}`, expected];
  });
}

/** The bytes of a fixture's archive. */
export function archiveOf(name: string): Buffer {
  return readFileSync(`${FIXTURES}${name}/model.keras`);
}

/** SHA-256 as the fixtures have it. */
export function sha256(...pieces: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** A tensor as `archived.py` says it. */
export function describeTensor(tensor: Tensor): ExpectedTensor {
  return { dtype: tensor.dtype, shape: tensor.shape, sha256: sha256(...canonicalBytes(tensor)) };
}

/** The code of the error that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ModelbytesError) return error.code;
    throw error;
  }
  return "(none)";
}
