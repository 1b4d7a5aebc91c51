import { CorruptError, type ModelbytesError } from "@modelbytes/bytes";
import { EXIT, type ExitCode } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath } from "./location.ts";
import { exitCodeOfAll, problemJson } from "./problem.ts";
import type { Shell } from "./shell.ts";
import { counted, durationText, printable } from "./text.ts";

export interface VerifyOptions {
  readonly json?: true;
}

/** What `verify` found out. */
interface Findings {
  readonly format: string | null;
  readonly tensors: number;
  /** Bytes of tensors that were read. */
  readonly bytes: number;
  readonly problems: readonly ModelbytesError[];
}

/** `modelbytes verify PATH` */
export async function verify(path: string, { json }: VerifyOptions, shell: Shell): Promise<ExitCode> {
  const start = performance.now();
  const print = json === true ? () => undefined : (problem: ModelbytesError) => printProblem(problem, shell);
  const findings = await check(path, shell, print);
  const { format, tensors, bytes, problems } = findings;
  shell.finish();
  if (json === true) {
    const ok = problems.length === 0;
    shell.print(stringify({ ok, format, tensors, bytes, problems: problems.map(problemJson) }));
  } else {
    printSummary(findings, performance.now() - start, shell);
    if (exitCodeOfAll(problems) === EXIT.corrupt && canSalvage(findings)) {
      shell.hint(`\`modelbytes salvage ${path} OUT\` saves what is whole to a new checkpoint`);
    }
  }
  return exitCodeOfAll(problems);
}

/** Checks everything. What is too damaged to be opened has one problem; what is not there, or not supported, is an error. */
async function check(path: string, shell: Shell, onProblem: (problem: ModelbytesError) => void): Promise<Findings> {
  const problems: ModelbytesError[] = [];
  const found = (problem: ModelbytesError) => {
    problems.push(problem);
    onProblem(problem);
  };
  try {
    await using model = await openPath(path, shell);
    const tensors = model.weights.entries.size + model.unreadable.size;
    const show = shell.progress();
    let bytes = 0;
    const onProgress = (progress: { readonly bytes: number; readonly total: number }) => {
      bytes = progress.bytes;
      show?.(progress);
    };
    for await (const problem of model.verify({ signal: shell.signal, onProgress })) found(problem);
    return { format: model.format, tensors, bytes, problems };
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    found(error);
    return { format: null, tensors: 0, bytes: 0, problems };
  }
}

/** Whether something may be saved of what is damaged: of a SavedModel it is the variables. V1 checkpoints have no checksums. */
function canSalvage({ format, problems }: Findings): boolean {
  if (format === "tensor-bundle") return true;
  const ofBundle = format === null ? /\.index$/ : /variables\.(?:index|data-\d+-of-\d+)$/;
  return (format === null || format === "saved-model") && problems.some(({ file = "" }) => ofBundle.test(file));
}

const LISTS = "all that the file lists is there and can be read; the format has no checksums";

/** What it means that a file of a format has no problem. */
const SOUND: Readonly<Record<string, string>> = {
  "tensor-bundle": "every checksum holds",
  "tensor-bundle-v1": "every checksum holds",
  "saved-model": "every checksum holds, the graphs refer to what is there",
  "keras-hdf5": "the weights are those of the architecture; the format has no checksums",
  "keras-archive": "every CRC holds, the weights are those of the architecture",
  "keras-config": "the architecture can be read",
  npz: "every CRC holds",
};

function printProblem(problem: ModelbytesError, shell: Shell): void {
  shell.print(`${shell.style("red", problem.code)}  ${printable(problem.message)}`);
}

/** The last line. Only people at a terminal want to know how long it took; elsewhere the same file gives the same text. */
function printSummary({ format, tensors, bytes, problems }: Findings, milliseconds: number, shell: Shell): void {
  const time = shell.columns === undefined ? "" : ` (${durationText(milliseconds)})`;
  if (problems.length > 0) {
    shell.print(`${shell.style("red", counted(problems.length, "problem"))}${time}`);
    return;
  }
  const checked = `${counted(tensors, "tensor")}, ${counted(bytes, "byte")}, ${SOUND[format ?? ""] ?? LISTS}`;
  shell.print(`${shell.style("green", "ok:")} ${checked}${time}`);
}
