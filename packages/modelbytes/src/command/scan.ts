import { ModelbytesError } from "@modelbytes/bytes";
import {
  type DangerousLayer,
  type DangerousNode,
  findDangerousLayers,
  findDangerousOps,
  kerasNodes,
  type Severity,
} from "@modelbytes/saved-model";
import type { SavedModelModel } from "../models/saved-model-model.ts";
import type { Model } from "../open-model.ts";
import { EXIT, type ExitCode } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath } from "./location.ts";
import { exitCodeOfAll, problemJson } from "./problem.ts";

import type { Shell, Style } from "./shell.ts";
import { counted, printable } from "./text.ts";

export interface ScanOptions {
  readonly json?: true;
}

/** Something in a model that can do more than arithmetic. What does not apply is null, so that all have the same members. */
interface Danger {
  readonly severity: Severity;
  /** What it is: an op, or the class of a layer. */
  readonly what: string;
  /** As the rest of a sentence about it. */
  readonly reason: string;
  readonly tags: readonly string[];
  readonly node: string | null;
  readonly function: string | null;
  /** Where in the metadata of Keras. */
  readonly path: string | null;
}

/** What nobody needs to be told twice about: it only looks at things, or says them. */
const HARMLESS: Severity = "low";

/** `modelbytes scan PATH`: what would be dangerous to load or to run in Python. Nothing is run. */
export async function scan(path: string, { json }: ScanOptions, shell: Shell): Promise<ExitCode> {
  await using model = await openPath(path, shell);
  const problems: ModelbytesError[] = [];
  const dangers = await dangersOf(model, problems, shell);
  const isDangerous = dangers.some(({ severity }) => severity !== HARMLESS);
  const { format } = model;
  if (json === true) {
    shell.print(stringify({ dangerous: isDangerous, format, findings: dangers, problems: problems.map(problemJson) }));
  } else {
    for (const danger of dangers) shell.print(line(danger, shell));
    shell.print(summary(model, dangers, isDangerous, shell));
  }
  for (const problem of problems) shell.error(problem.message);
  return isDangerous ? EXIT.corrupt : exitCodeOfAll(problems);
}

/** A checkpoint holds no code. What is too damaged to be looked at is a problem, and no reason to look at nothing else. */
async function dangersOf(model: Model, problems: ModelbytesError[], shell: Shell): Promise<Danger[]> {
  if (model.format !== "saved-model") return [];
  const dangers: Danger[] = [];
  for (const part of [() => dangerousOps(model), () => dangerousLayers(model, shell)]) {
    try {
      dangers.push(...(await part()));
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      problems.push(error);
    }
  }
  return dangers;
}

async function dangerousOps({ savedModel }: SavedModelModel): Promise<Danger[]> {
  return savedModel.metaGraphs.flatMap((metaGraph) => {
    return findDangerousOps(metaGraph).map(
      ({ severity, op, node, function: body, reason }: DangerousNode): Danger => ({
        ...{ severity, what: op, reason, tags: metaGraph.tags },
        ...{ node, function: body ?? null, path: null },
      }),
    );
  });
}

async function dangerousLayers({ savedModel }: SavedModelModel, shell: Shell): Promise<Danger[]> {
  const [first] = savedModel.metaGraphs;
  const nodes = kerasNodes(await savedModel.kerasMetadata(shell), first?.objectGraph);
  return findDangerousLayers(nodes).map(
    ({ severity, className, nodeId, path, reason }: DangerousLayer): Danger => ({
      ...{ severity, what: className, reason, tags: first?.tags ?? [] },
      ...{ node: `object ${nodeId}`, function: null, path },
    }),
  );
}

const STYLES: Readonly<Record<Severity, Style>> = { critical: "red", high: "red", medium: "yellow", low: "dim" };

function line({ severity, what, reason, node, function: body, path }: Danger, shell: Shell): string {
  const place = [
    node === null ? "" : node,
    body === null ? "" : `in the function ${body}`,
    path === null || path === "" ? "" : `at ${path}`,
  ].filter((part) => part !== "");
  return `${shell.style(STYLES[severity], severity)}  ${printable(`${what} ${reason}  (${place.join(" ")})`)}`;
}

function summary({ format }: Model, dangers: readonly Danger[], isDangerous: boolean, shell: Shell): string {
  if (isDangerous) return shell.style("red", counted(dangers.length, "finding"));
  const found = format !== "saved-model" ? "a checkpoint holds no code" : "nothing dangerous";
  const noted = dangers.length === 0 ? "" : `; ${counted(dangers.length, "finding")} of low severity`;
  return `${shell.style("green", "ok:")} ${found}${noted}`;
}
