import type { SavedModelModel } from "../models/saved-model-model.ts";
import type { Model } from "../open-model.ts";
import { checkpointTree } from "./checkpoint-tree.ts";
import { type Facts, factsOf, type TensorRow, tensorRows } from "./facts.ts";
import type { ExitCode } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath } from "./location.ts";
import { pathTree } from "./path-tree.ts";
import { exitCodeOfAll, openingProblems, problemJson } from "./problem.ts";
import type { Shell } from "./shell.ts";
import { formatTable } from "./table.ts";
import { counted, grouped, printable, shapeText } from "./text.ts";

export interface InspectOptions {
  readonly json?: true;
  readonly tree?: true;
  readonly names: "key" | "full";
}

/** `modelbytes inspect PATH`. What is damaged is told on standard error, what is left is printed. */
export async function inspect(path: string, options: InspectOptions, shell: Shell): Promise<ExitCode> {
  await using model = await openPath(path, shell);
  const full = options.names === "full" ? await model.names(shell) : undefined;
  const rows = tensorRows(model, full);
  const facts = await factsOf(model, { json: options.json === true }, shell);
  const problems = [...new Set([...openingProblems(model), ...facts.problems])];
  if (options.json === true) {
    const tensors = rows.map(({ unreadable: _, ...row }) => row);
    const { format, path: where } = model;
    shell.print(stringify({ format, path: where, tensors, ...facts.json, problems: problems.map(problemJson) }));
  } else {
    printFacts(model, facts, rows, shell);
    if (rows.length > 0) shell.print(options.tree === true ? await treeText(model, shell) : tableText(rows, shell));
  }
  for (const problem of problems) shell.error(problem.message);
  return exitCodeOfAll(problems);
}

function printFacts({ path }: Model, { headline, lines }: Facts, rows: readonly TensorRow[], shell: Shell): void {
  const bytes = rows.reduce((sum, { byteLength }) => sum + (byteLength ?? 0), 0);
  shell.print(`${shell.style("bold", printable(path))}: ${headline.join(", ")}`);
  shell.print([`${counted(rows.length, "tensor")}, ${counted(bytes, "byte")}`, ...lines, ""].join("\n"));
}

async function treeText(model: Model, shell: Shell): Promise<string> {
  if (model.format === "saved-model") return await objectsText(model, shell);
  if (!("objectGraph" in model)) return pathTree(model.weights.entries, await model.names(shell)).join("\n");
  const graph = await model.objectGraph(shell);
  if (graph === undefined) return "no object graph: the checkpoint was saved by names";
  return checkpointTree(graph, model.weights.entries).join("\n");
}

/** The objects of each MetaGraph that has some. */
async function objectsText({ savedModel }: SavedModelModel, shell: Shell): Promise<string> {
  const { savedModelTree } = await import("./saved-model-tree.ts"); // a checkpoint is inspected without code for SavedModels
  const trees: string[] = [];
  for (const metaGraph of savedModel.metaGraphs) {
    if (metaGraph.objectGraph === undefined) continue;
    trees.push(savedModelTree(metaGraph.objectGraph, await savedModel.variables(metaGraph, shell)).join("\n"));
  }
  return trees.join("\n\n") || "no object graph: the model was saved by TensorFlow 1";
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
