import { NotFoundError } from "@modelbytes/bytes";
import { parseSelection, type Selection } from "@modelbytes/tensor";
import { Advice, EXIT, type ExitCode, UsageError } from "./failure.ts";
import { openPath } from "./location.ts";
import { keyOf } from "./names.ts";
import { openingProblems } from "./problem.ts";
import { fileKind, saveTensor } from "./save.ts";
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
  const tensor = await model.weights.read(key, { select, signal: shell.signal, onProgress: shell.progress() });
  shell.finish();
  const heading = `${tensor.dtype} ${shapeText(tensor.shape)}`;
  if (out === undefined || kind === undefined) {
    shell.print(`${shell.style("bold", heading)}\n${formatValues(tensor)}`);
  } else {
    const bytes = await saveTensor(tensor, { to: out, kind, name: key, signal: shell.signal }).catch(asOutput);
    shell.print(`${printable(out)}: ${heading}, ${counted(bytes, "byte")}`);
  }
  const problems = openingProblems(model).length;
  if (problems > 0)
    shell.note(`the tensor is whole, but the checkpoint has ${counted(problems, "problem")}: run verify`);
  return EXIT.fine;
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
