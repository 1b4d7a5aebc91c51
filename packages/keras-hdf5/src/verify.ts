import { CorruptError, type ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5File } from "@modelbytes/hdf5";
import { isVarying, type Progress } from "@modelbytes/tensor";
import type { KerasHdf5Contents, KerasHdf5Entry, KerasLayer } from "./contents.ts";
import { parentOf } from "./path.ts";
import { PIECE_BYTES, type PieceMemory, pieceMemory, storedInPieces } from "./stored-pieces.ts";
import { readStored } from "./stored-tensor.ts";
import { typed } from "./typed.ts";
import { type ArchitectureOptions, architectureProblems } from "./verify-architecture.ts";

/** How a check is followed and cancelled, and what a file without an architecture is compared with. */
export interface VerifyOptions extends WaitOptions, ArchitectureOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Bytes of values for which memory that is used again is not worth its making. */
const SMALL_FILE: number = 2 ** 24;

/** Checks a file from its lists to its last dataset. `KerasHdf5.verify` documents the contract. */
export async function* verifyKerasHdf5(
  file: Hdf5File,
  contents: KerasHdf5Contents,
  options: VerifyOptions,
): AsyncGenerator<ModelbytesError, void, undefined> {
  const problem = (code: string, reason: string, tensor: string) =>
    new CorruptError(code, reason, { file: file.name, tensor });
  yield* new Set([...contents.damage, ...contents.unreadable.values()]);
  yield* contents.problems;
  yield* listProblems(contents, problem);
  yield* architectureProblems(contents, options, file.name);
  const total = [...contents.entries.values()].reduce((sum, { byteLength = 0 }) => sum + byteLength, 0);
  const memory = total > SMALL_FILE ? pieceMemory() : undefined;
  let bytes = 0;
  for (const [key, entry] of contents.entries) {
    const error = await typed(readAll(file, key, entry, { signal: options.signal, memory }));
    if (error !== undefined) yield error;
    bytes += entry.byteLength ?? 0;
    options.onProgress?.({ bytes, total });
  }
}

type Problem = (code: string, reason: string, tensor: string) => CorruptError;

function* listProblems(contents: KerasHdf5Contents, problem: Problem): Generator<CorruptError> {
  const { kind, layers, topLevelWeights, optimizerWeights, metricWeights, unlisted } = contents;
  if (kind === "keras-weights" || kind === "keras-weights-sharded") {
    const others = [...topLevelWeights, ...optimizerWeights, ...metricWeights];
    for (const { path, weights } of layers) yield* gaps(path, weights, problem);
    for (const [group, weights] of byGroup(others)) yield* gaps(parentOf(group), weights, problem);
  } else {
    yield* repeated(
      layers.map(({ path }) => path),
      "two layers have this name, and one of them has its weights",
      problem,
    );
    const lists = [...layers.map(({ weights }) => weights), topLevelWeights, optimizerWeights];
    for (const weights of lists) {
      yield* repeated(
        weights.map(({ key }) => key),
        "two weights of the layer have this name, and one of them its values",
        problem,
      );
    }
  }
  for (const key of unlisted) yield problem("unlisted", "no list has this dataset: Keras passes over it", key);
}

function byGroup(weights: KerasLayer["weights"]): Map<string, KerasLayer["weights"]> {
  const groups = new Map<string, KerasLayer["weights"][number][]>();
  for (const weight of weights) {
    const group = parentOf(weight.key);
    const found = groups.get(group);
    if (found === undefined) groups.set(group, [weight]);
    else found.push(weight);
  }
  return groups;
}

/** Variables are numbered from 0 on. Keys that are no numbers are those of layers that store their variables themselves. */
function* gaps(path: string, weights: KerasLayer["weights"], problem: Problem): Generator<CorruptError> {
  const numbered = weights.filter(({ name }) => /^\d+$/.test(name));
  for (const [index, { name, key }] of numbered.entries()) {
    if (name === String(index)) continue;
    yield problem(
      "gap",
      `the variables of ${JSON.stringify(path)} go from 0 on, but ${index} is missing before ${name}`,
      key,
    );
    return;
  }
}

function* repeated(names: readonly string[], reason: string, problem: Problem): Generator<CorruptError> {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) yield problem("repeated", reason, name);
    seen.add(name);
  }
}

/** Reads a tensor in pieces, as what a file claims to have must not all be in memory. */
async function readAll(
  file: Hdf5File,
  key: string,
  { dtype, shape, byteLength = 0 }: KerasHdf5Entry,
  { signal, memory }: WaitOptions & { readonly memory: PieceMemory | undefined },
): Promise<void> {
  if (isVarying(dtype)) await readStored(file, key, dtype, { signal });
  else if (byteLength <= PIECE_BYTES) await readStored(file, key, dtype, { signal, scratch: memory?.[0] });
  else for await (const _ of storedInPieces(file, { key, dtype, shape }, { signal, memory }).pieces);
}
