import { createHash } from "node:crypto";
import { ModelbytesError, SourceError } from "@modelbytes/bytes";
import { canonicalBytes, type DType, type Tensor } from "@modelbytes/tensor";
import type { Model } from "../open-model.ts";
import type { ExitCode } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath } from "./location.ts";
import { exitCodeOfAll, openingProblems } from "./problem.ts";
import type { Shell } from "./shell.ts";
import { printable, shapeText } from "./text.ts";

export interface HashOptions {
  readonly json?: true;
}

/** A tensor, as `--json` has it. */
interface HashedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** `modelbytes hash PATH`. Goes on after a tensor that cannot be read, but does not keep quiet about it. */
export async function hash(path: string, { json }: HashOptions, shell: Shell): Promise<ExitCode> {
  await using model = await openPath(path, shell);
  const problems = openingProblems(model);
  const hashes = new Map<string, HashedTensor>();
  for await (const found of tensorsOf(model, shell)) {
    if (found instanceof ModelbytesError) problems.push(found);
    else hashes.set(found[0], hashed(found[1]));
  }
  shell.finish();
  const inOrder = new Map<string, HashedTensor>();
  for (const name of model.weights.entries.keys()) {
    const tensor = hashes.get(name);
    if (tensor !== undefined) inOrder.set(name, tensor);
  }
  if (json === true) shell.print(stringify({ format: model.format, tensors: inOrder }));
  else if (inOrder.size > 0) shell.print([...inOrder].map(([name, tensor]) => line(name, tensor)).join("\n"));
  for (const problem of problems) shell.error(problem.message);
  return exitCodeOfAll(problems);
}

/**
 * All tensors in the order of their bytes, which is the fastest; where one cannot be read, its error, and from there on the others
 * one by one. A source that fails would fail each of them: that error is thrown.
 */
async function* tensorsOf({ weights }: Model, shell: Shell): AsyncGenerator<[string, Tensor] | ModelbytesError> {
  const { signal } = shell;
  const left = new Set(weights.entries.keys());
  try {
    for await (const [name, tensor] of weights.stream({ signal, onProgress: shell.progress() })) {
      left.delete(name);
      yield [name, tensor];
    }
  } catch (error) {
    if (!isOfTensor(error)) throw error;
    for (const name of left) yield await readOrError(name);
  }

  async function readOrError(name: string): Promise<[string, Tensor] | ModelbytesError> {
    try {
      return [name, await weights.read(name, { signal })];
    } catch (error) {
      if (!isOfTensor(error)) throw error;
      return error;
    }
  }
}

function isOfTensor(error: unknown): error is ModelbytesError {
  return error instanceof ModelbytesError && !(error instanceof SourceError);
}

function hashed(tensor: Tensor): HashedTensor {
  const sha256 = createHash("sha256");
  for (const piece of canonicalBytes(tensor)) sha256.update(piece);
  return { dtype: tensor.dtype, shape: tensor.shape, sha256: sha256.digest("hex") };
}

function line(name: string, { dtype, shape, sha256 }: HashedTensor): string {
  return `${sha256}  ${dtype}${shapeText(shape)}  ${printable(name)}`;
}
