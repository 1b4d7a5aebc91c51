import { NotFoundError } from "@modelbytes/bytes";
import {
  inParts,
  lazyTensor,
  parseSelection,
  type Selection,
  type Tensor,
  type TensorInPieces,
  type TensorReadOptions,
} from "@modelbytes/tensor";
import { countedPieces } from "../counted-pieces.ts";
import type { Model } from "../open-model.ts";
import { Advice, EXIT, type ExitCode, UsageError } from "./failure.ts";
import { openPath } from "./location.ts";
import { keyOf } from "./names.ts";
import { openingProblems } from "./problem.ts";
import { type FileKind, fileKind, saveTensor } from "./save.ts";
import type { Shell } from "./shell.ts";
import { counted, printable, shapeText } from "./text.ts";
import { formatValues } from "./values.ts";

export interface ReadOptions {
  readonly select?: string;
  readonly out?: string;
}

/** `modelbytes read PATH NAME` */
export async function read(path: string, name: string, options: ReadOptions, shell: Shell): Promise<ExitCode> {
  const { out } = options;
  const kind = out === undefined ? undefined : fileKind(out);
  await using model = await openPath(path, shell);
  const key = await keyOf(name, model, shell);
  const select = selection(options.select, model.weights.entries.get(key)?.shape);
  const reading = { select, signal: shell.signal, onProgress: shell.progress() };
  if (out === undefined || kind === undefined) {
    const tensor = await model.weights.read(key, reading);
    shell.finish();
    shell.print(`${shell.style("bold", headingOf(tensor))}\n${formatValues(tensor)}`);
  } else {
    const tensor = inPiecesToSave(model, key, kind, reading) ?? (await model.weights.read(key, reading));
    const bytes = await saveTensor(tensor, { to: out, kind, name: key, signal: shell.signal }).catch(asOutput);
    shell.finish();
    shell.print(`${printable(out)}: ${headingOf(tensor)}, ${counted(bytes, "byte")}`);
  }
  const problems = openingProblems(model).length;
  if (problems > 0)
    shell.note(`the tensor is whole, but the checkpoint has ${counted(problems, "problem")}: run verify`);
  return EXIT.fine;
}

/** A large tensor that is saved as it is; JSON, which is all text, takes the whole of it. */
function inPiecesToSave(
  { weights }: Model,
  key: string,
  kind: FileKind,
  { select, signal, onProgress }: TensorReadOptions,
): TensorInPieces | undefined {
  const entry = weights.entries.get(key);
  if (select !== undefined || kind === "json" || entry === undefined) return undefined;
  const tensor = inParts(lazyTensor(weights, key), { signal });
  if (!("pieces" in tensor)) return undefined;
  const total = entry.byteLength ?? 0;
  let bytes = 0;
  return countedPieces(tensor, (more) => {
    bytes += more;
    onProgress?.({ bytes, total });
  });
}

function headingOf({ dtype, shape }: Pick<Tensor, "dtype" | "shape">): string {
  return `${dtype} ${shapeText(shape)}`;
}

/** The selection, if there is one. One that does not fit is a mistake of who typed it. */
function selection(text: string | undefined, shape: readonly number[] | undefined): Selection | undefined {
  if (text === undefined || shape === undefined) return undefined;
  try {
    return parseSelection(text, shape);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message);
  }
}

function asOutput(error: unknown): never {
  if (error instanceof NotFoundError) throw new Advice(error, "make the directory first");
  throw error;
}
