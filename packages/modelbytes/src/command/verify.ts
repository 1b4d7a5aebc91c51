import { CorruptError, type ModelbytesError } from "@modelbytes/bytes";
import type { ArchitectureTexts } from "../convert/architecture-text.ts";
import type { Model } from "../open-model.ts";
import { EXIT, type ExitCode } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath } from "./location.ts";
import { exitCodeOfAll, openingProblems, problemJson } from "./problem.ts";
import type { Shell } from "./shell.ts";
import { counted, durationText, printable } from "./text.ts";

export interface VerifyOptions {
  readonly json?: true;
  readonly architecture?: string;
}

/** What `verify` found out. */
interface Findings {
  readonly format: string | null;
  /** What it means that there is no problem. */
  readonly sound: string;
  readonly tensors: number;
  /** Bytes of tensors that were read. */
  readonly bytes: number;
  readonly problems: readonly ModelbytesError[];
  /** Where the weights are not those of an architecture: the last of the problems. */
  readonly misfits: number;
}

/** `modelbytes verify PATH` */
export async function verify(path: string, options: VerifyOptions, shell: Shell): Promise<ExitCode> {
  const { json } = options;
  const start = performance.now();
  const architecture =
    options.architecture === undefined ? undefined : await architectureIn(options.architecture, shell);
  const print = json === true ? () => undefined : (problem: ModelbytesError) => printProblem(problem, shell);
  const findings = await check(path, architecture, shell, print);
  const { format, tensors, bytes, problems, misfits } = findings;
  shell.finish();
  if (json === true) {
    const ok = problems.length === 0;
    shell.print(stringify({ ok, format, tensors, bytes, problems: problems.map(problemJson) }));
  } else {
    printSummary(findings, options, performance.now() - start, shell);
    const damage = problems.slice(0, problems.length - misfits);
    if (exitCodeOfAll(damage) === EXIT.corrupt && canSalvage(findings)) {
      shell.hint(`\`modelbytes salvage ${path} OUT\` saves what is whole to a new checkpoint`);
    }
  }
  return exitCodeOfAll(problems);
}

/** Checks everything. What is too damaged to be opened has one problem; what is not there, or not supported, is an error. */
async function check(
  path: string,
  architecture: ArchitectureTexts | undefined,
  shell: Shell,
  onProblem: (problem: ModelbytesError) => void,
): Promise<Findings> {
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
    const misfits = architecture === undefined ? [] : await misfitsOf(model, architecture, shell);
    misfits.forEach(found);
    return { format: model.format, sound: soundOf(model), tensors, bytes, problems, misfits: misfits.length };
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    found(error);
    return { format: null, sound: "", tensors: 0, bytes: 0, problems, misfits: 0 };
  }
}

/** The architecture that the weights are to be compared with. Few ask for that, and wait for its code. */
async function architectureIn(path: string, shell: Shell): Promise<ArchitectureTexts> {
  return await (await import("./convert-across.ts")).readArchitecture(path, shell);
}

/** What does not fit an architecture. The rest of a damaged model is not compared: what is missing there says nothing. */
async function misfitsOf(
  model: Model,
  architecture: ArchitectureTexts,
  shell: Shell,
): Promise<readonly ModelbytesError[]> {
  if (openingProblems(model).length > 0) {
    shell.note("what is damaged is not compared with the architecture");
    return [];
  }
  const { matchArchitecture } = await import("../match-architecture.ts");
  const { problems, notes } = await matchArchitecture(model, architecture, shell);
  for (const note of notes) shell.note(note);
  return problems;
}

/** Whether something may be saved of what is damaged: of a SavedModel it is the variables. V1 checkpoints have no checksums. */
function canSalvage({ format, problems }: Findings): boolean {
  if (format === "tensor-bundle") return true;
  const ofBundle = format === null ? /\.index$/ : /variables\.(?:index|data-\d+-of-\d+)$/;
  return (format === null || format === "saved-model") && problems.some(({ file = "" }) => ofBundle.test(file));
}

const OF_ARCHITECTURE = "the weights are those of the architecture";
const LISTS = "all that the file lists is there and can be read; the format has no checksums";

/** What it means that a model has no problem. */
function soundOf(model: Model): string {
  switch (model.format) {
    case "tensor-bundle":
    case "tensor-bundle-v1":
      return "every checksum holds";
    case "saved-model":
      return "every checksum holds, the graphs refer to what is there";
    case "keras-hdf5":
      return `${OF_ARCHITECTURE}; the format has no checksums`;
    case "keras-archive":
      return model.weights.zip === undefined
        ? `${OF_ARCHITECTURE}; a folder has no checksums`
        : `every CRC holds, ${OF_ARCHITECTURE}`;
    case "keras-config":
      return "the architecture can be read";
    case "npz":
      return model.weights.format === "npz" ? "every CRC holds" : LISTS;
    default:
      return LISTS;
  }
}

function printProblem(problem: ModelbytesError, shell: Shell): void {
  shell.print(`${shell.style("red", problem.code)}  ${printable(problem.message)}`);
}

/** The last line. Only people at a terminal want to know how long it took; elsewhere the same file gives the same text. */
function printSummary(
  { sound, tensors, bytes, problems, misfits }: Findings,
  { architecture }: VerifyOptions,
  milliseconds: number,
  shell: Shell,
): void {
  const time = shell.columns === undefined ? "" : ` (${durationText(milliseconds)})`;
  if (problems.length > 0) {
    const fit = misfits === 0 ? "" : `: the weights do not fit ${printable(architecture ?? "")}`;
    shell.print(`${shell.style("red", counted(problems.length, "problem"))}${fit}${time}`);
    return;
  }
  const fits = architecture === undefined ? "" : `; the weights fit ${printable(architecture)}`;
  const checked = `${counted(tensors, "tensor")}, ${counted(bytes, "byte")}, ${sound}${fits}`;
  shell.print(`${shell.style("green", "ok:")} ${checked}${time}`);
}
