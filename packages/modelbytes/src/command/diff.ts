import { type ChangedTensor, diffModels } from "../diff.ts";
import { EXIT, type ExitCode, UsageError } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath } from "./location.ts";
import { openingProblems } from "./problem.ts";
import type { Shell } from "./shell.ts";
import { counted, printable, shapeText } from "./text.ts";

export interface DiffOptions {
  readonly json?: true;
  readonly tolerance?: string;
  readonly names?: "key" | "full";
}

/** `modelbytes diff A B`: 0 where the tensors of both are the same, 1 where they differ. */
export async function diff(pathA: string, pathB: string, options: DiffOptions, shell: Shell): Promise<ExitCode> {
  const tolerance = toleranceOf(options.tolerance);
  await using a = await openPath(pathA, shell);
  await using b = await openPath(pathB, shell);
  for (const model of [a, b]) {
    const [problem] = openingProblems(model);
    if (problem !== undefined) throw problem;
  }
  const { signal } = shell;
  const found = await diffModels(a, b, { tolerance, names: options.names, signal, onProgress: shell.progress() });
  shell.finish();
  const { equal, onlyInA, onlyInB, changed } = found;
  if (options.json === true) {
    shell.print(stringify({ equal, onlyInA, onlyInB, changed: changed.map(changedJson) }));
    return equal ? EXIT.fine : EXIT.corrupt;
  }
  for (const name of onlyInA) shell.print(`${shell.style("red", "only in A")}  ${printable(name)}`);
  for (const name of onlyInB) shell.print(`${shell.style("green", "only in B")}  ${printable(name)}`);
  for (const tensor of changed) shell.print(`${shell.style("yellow", "changed")}    ${changeText(tensor)}`);
  const same = a.weights.entries.size - onlyInA.length - changed.length;
  shell.print(
    equal
      ? `${shell.style("green", "equal:")} ${counted(same, "tensor")}`
      : `${counted(same, "tensor")} the same, ${changed.length} changed, ${onlyInA.length} only in A, ${onlyInB.length} only in B`,
  );
  return equal ? EXIT.fine : EXIT.corrupt;
}

function toleranceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const tolerance = text.trim() === "" ? Number.NaN : Number(text);
  if (tolerance >= 0) return tolerance;
  throw new UsageError(`--tolerance takes a number from 0 up, not ${JSON.stringify(text)}`, "--tolerance 1e-6");
}

/** What cannot be measured is null: between strings, two shapes, or a NaN and a number. */
function changedJson({ name, reason, dtypes, shapes, difference }: ChangedTensor): Readonly<Record<string, unknown>> {
  return {
    name,
    reason,
    dtypes,
    shapes,
    elements: difference?.elements ?? null,
    maxAbsDiff: finite(difference?.maxAbsDiff),
    maxRelDiff: finite(difference?.maxRelDiff),
  };
}

function finite(number: number | undefined): number | null {
  return number !== undefined && Number.isFinite(number) ? number : null;
}

function changeText({ name, reason, dtypes, shapes, difference }: ChangedTensor): string {
  const parts = [
    reason === "dtype" ? `${dtypes[0]} became ${dtypes[1]}` : "",
    reason === "shape" ? `${shapeText(shapes[0])} became ${shapeText(shapes[1])}` : "",
    difference === undefined ? "" : valuesText(difference),
  ];
  return `${printable(name)}  ${parts.filter((part) => part !== "").join(", ")}`;
}

function valuesText({ elements, maxAbsDiff, maxRelDiff }: NonNullable<ChangedTensor["difference"]>): string {
  const count = `${counted(elements, "element")}`;
  if (maxAbsDiff === undefined || maxRelDiff === undefined) return count;
  if (maxAbsDiff === 0) return `${count} in their bits alone`;
  if (!Number.isFinite(maxAbsDiff)) return `${count}, a NaN or an infinity against a number among them`;
  return `${count}, by at most ${numberText(maxAbsDiff)} or ${numberText(maxRelDiff * 100)} %`;
}

function numberText(number: number): string {
  return String(Number(number.toPrecision(3)));
}
