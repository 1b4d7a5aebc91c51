import { ModelbytesError } from "@modelbytes/bytes";
import type { ObjectGraph } from "@modelbytes/tensor-bundle";
import type { CheckpointModel } from "../model.ts";
import { description, type TensorRow, tensorRows } from "./description.ts";
import type { ExitCode } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath } from "./location.ts";
import { fullNames } from "./names.ts";
import { exitCodeOfAll, openingProblems, problemJson } from "./problem.ts";
import type { Shell } from "./shell.ts";
import { formatTable } from "./table.ts";
import { counted, grouped, printable, shapeText } from "./text.ts";
import { formatTree } from "./tree.ts";

export interface InspectOptions {
  readonly json?: true;
  readonly tree?: true;
  readonly names: "key" | "full";
}

/** `modelbytes inspect PATH`. What is damaged is told on standard error, what is left is printed. */
export async function inspect(path: string, options: InspectOptions, shell: Shell): Promise<ExitCode> {
  await using model = await openPath(path, shell);
  const { json, tree, names } = options;
  const full = names === "full" ? await fullNames(model, shell) : undefined;
  const rows = tensorRows(model, full);
  if (json === true) await printJson(model, rows, shell);
  else {
    printHeadline(model, rows, shell);
    shell.print(tree === true ? await treeText(model, shell) : tableText(rows, shell));
  }
  const problems = openingProblems(model);
  for (const problem of problems) shell.error(problem.message);
  return exitCodeOfAll(problems);
}

async function printJson(model: CheckpointModel, rows: readonly TensorRow[], shell: Shell): Promise<void> {
  const { format, path } = model;
  const { header, shards } = description(model);
  const objectGraph = await graphIfSound(model, shell);
  const problems = openingProblems(model).map(problemJson);
  const tensors = rows.map(({ unreadable: _, ...row }) => row);
  shell.print(stringify({ format, path, tensors, header, shards, objectGraph, problems }));
}

/** The object graph lies in a data file, which need not be there to see what the index says. */
async function graphIfSound(model: CheckpointModel, shell: Shell): Promise<ObjectGraph | null> {
  try {
    return (await model.objectGraph(shell)) ?? null;
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    shell.note(`the object graph cannot be read: ${error.message}`);
    return null;
  }
}

function printHeadline(model: CheckpointModel, rows: readonly TensorRow[], shell: Shell): void {
  const bytes = rows.reduce((sum, { byteLength }) => sum + (byteLength ?? 0), 0);
  const { facts } = description(model);
  shell.print(`${shell.style("bold", printable(model.path))}: ${facts.join(", ")}`);
  shell.print(`${counted(rows.length, "tensor")}, ${counted(bytes, "byte")}\n`);
}

async function treeText(model: CheckpointModel, shell: Shell): Promise<string> {
  const graph = await model.objectGraph(shell);
  if (graph === undefined) return "no object graph: the checkpoint was saved by names";
  return formatTree(graph, model.weights.entries).join("\n");
}

function tableText(rows: readonly TensorRow[], shell: Shell): string {
  const titles = [
    { title: "name", align: "left" },
    { title: "dtype", align: "left" },
    { title: "shape", align: "left" },
    { title: "bytes", align: "right" },
  ] as const;
  const cells = rows.map(({ name, dtype, shape, byteLength, unreadable }) => [
    printable(name),
    dtype ?? `cannot be read: ${unreadable}`,
    shape === null ? "" : shapeText(shape),
    byteLength === null ? "" : grouped(byteLength),
  ]);
  const [first = "", ...lines] = formatTable(titles, cells, shell.columns);
  return [shell.style("dim", first), ...lines].join("\n");
}
