import type { Severity } from "@modelbytes/saved-model";
import type { Finding } from "../scan/finding.ts";
import { type ScanReport, scanModel, scanRefused } from "../scan/scan.ts";
import { EXIT, type ExitCode } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath, toLocation } from "./location.ts";
import { exitCodeOfAll, problemJson } from "./problem.ts";
import type { Shell, Style } from "./shell.ts";
import { counted, printable } from "./text.ts";

export interface ScanOptions {
  readonly json?: true;
}

/** `modelbytes scan PATH`: what would be dangerous to load or to run in Python. Nothing is run. */
export async function scan(path: string, { json }: ScanOptions, shell: Shell): Promise<ExitCode> {
  const report = await reportOf(path, shell);
  const { format, dangerous, findings, problems } = report;
  if (json === true) {
    shell.print(stringify({ dangerous, format, findings, problems: problems.map(problemJson) }));
  } else {
    for (const finding of findings) shell.print(line(finding, shell));
    shell.print(summary(report, shell));
  }
  for (const problem of problems) shell.error(problem.message);
  return dangerous ? EXIT.corrupt : exitCodeOfAll(problems);
}

async function reportOf(path: string, shell: Shell): Promise<ScanReport> {
  let refusal: unknown;
  try {
    await using model = await openPath(path, shell);
    return await scanModel(model, shell);
  } catch (error) {
    refusal = error;
  }
  return await scanRefused(toLocation(path), refusal, shell);
}

const STYLES: Readonly<Record<Severity, Style>> = { critical: "red", high: "red", medium: "yellow", low: "dim" };

/** Names of bytecode that a line has room for. */
const NAMES_SHOWN = 12;

function line({ severity, what, reason, names, advisory, versions, ...place }: Finding, shell: Shell): string {
  const sentence = names.length === 0 ? reason : `${reason} that names ${namesText(names)}`;
  const concerns = versions === null ? "" : `  ${[advisory, versions].filter((part) => part !== null).join(": ")}`;
  const where = placeText(place);
  const text = `${what} ${sentence}${where === "" ? "" : `  (${where})`}${concerns}`;
  return `${shell.style(STYLES[severity], severity)}  ${printable(text)}`;
}

function namesText(names: readonly string[]): string {
  const shown = names
    .slice(0, NAMES_SHOWN)
    .map((name) => JSON.stringify(name))
    .join(", ");
  return names.length > NAMES_SHOWN ? `${shown}, …` : shown;
}

type FindingPlace = Pick<Finding, "part" | "path" | "node" | "function">;

function placeText({ part, path, node, function: body }: FindingPlace): string {
  return [
    part ?? "",
    node ?? "",
    body === null ? "" : `in the function ${body}`,
    path === null || path === "" ? "" : `at ${path}`,
  ]
    .filter((text) => text !== "")
    .join(" ");
}

function summary({ format, findings, dangerous }: ScanReport, shell: Shell): string {
  if (dangerous) return shell.style("red", counted(findings.length, "finding"));
  const noted = findings.length === 0 ? "" : `; ${counted(findings.length, "finding")} of low severity`;
  return `${shell.style("green", "ok:")} ${SOUND[format ?? ""] ?? "nothing dangerous"}${noted}`;
}

/** Formats that hold tensors and nothing else. */
const SOUND: Readonly<Record<string, string>> = {
  "tensor-bundle": "a checkpoint holds no code",
  "tensor-bundle-v1": "a checkpoint holds no code",
  safetensors: "safetensors hold no code",
};
