import { createHash } from "node:crypto";
import { ModelbytesError, SourceError } from "@modelbytes/bytes";
import {
  byteLength,
  canonicalBytes,
  type DType,
  inParts,
  lazyTensor,
  type Tensor,
  type TensorFile,
  type TensorInPieces,
} from "@modelbytes/tensor";
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
  const { small, large } = bySize(model.weights);
  const progress = progressOf(model.weights, shell);
  for await (const found of tensorsOf(model, small, shell, progress)) {
    if (found instanceof ModelbytesError) problems.push(found);
    else hashes.set(found[0], await hashed({ ...found[1], pieces: canonicalBytes(found[1]) }));
  }
  for (const [name, tensor] of large) {
    const found = await hashed(tensor, progress).catch(ofTensor);
    if (found instanceof ModelbytesError) problems.push(found);
    else hashes.set(name, found);
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

/** The names of the tensors that are read as a whole, and those that are read in pieces. */
function bySize(weights: TensorFile): { small: string[]; large: [name: string, TensorInPieces][] } {
  const small: string[] = [];
  const large: [string, TensorInPieces][] = [];
  for (const name of weights.entries.keys()) {
    const tensor = inParts(lazyTensor(weights, name));
    if ("pieces" in tensor) large.push([name, tensor]);
    else small.push(name);
  }
  return { small, large };
}

/** Counts the bytes of all tensors. */
function progressOf({ entries }: TensorFile, shell: Shell): (bytes: number) => void {
  const onProgress = shell.progress();
  const total = [...entries.values()].reduce((sum, { byteLength = 0 }) => sum + byteLength, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress?.({ bytes: done, total });
  };
}

/**
 * Tensors in the order of their bytes, which is the fastest; where one cannot be read, its error, and from there on the others
 * one by one. A source that fails would fail each of them: that error is thrown.
 */
async function* tensorsOf(
  { weights }: Model,
  names: readonly string[],
  { signal }: Shell,
  progress: (bytes: number) => void,
): AsyncGenerator<[string, Tensor] | ModelbytesError> {
  const left = new Set(names);
  try {
    for await (const [name, tensor] of weights.stream({ names, signal, reuseMemory: true })) {
      left.delete(name);
      progress(byteLength(tensor));
      yield [name, tensor];
    }
  } catch (error) {
    ofTensor(error);
    for (const name of left) {
      const tensor = await weights.read(name, { signal }).catch(ofTensor);
      yield tensor instanceof ModelbytesError ? tensor : [name, tensor];
    }
  }
}

/** The error of one tensor; throws that of a source. */
function ofTensor(error: unknown): ModelbytesError {
  if (error instanceof ModelbytesError && !(error instanceof SourceError)) return error;
  throw error;
}

async function hashed(
  { dtype, shape, pieces }: Pick<Tensor, "dtype" | "shape"> & Pick<TensorInPieces, "pieces">,
  progress?: (bytes: number) => void,
): Promise<HashedTensor> {
  const sha256 = createHash("sha256");
  for await (const piece of pieces) {
    sha256.update(piece);
    progress?.(piece.length);
  }
  return { dtype, shape, sha256: sha256.digest("hex") };
}

function line(name: string, { dtype, shape, sha256 }: HashedTensor): string {
  return `${sha256}  ${dtype}${shapeText(shape)}  ${printable(name)}`;
}
