import { resolve } from "node:path";
import { type ModelbytesError, toFolder, toSource, UnsupportedError } from "@modelbytes/bytes";
import { type SalvageReport, salvage as salvageBundle } from "@modelbytes/tensor-bundle";
import { contentOf } from "../content.ts";
import { isOfCheckpoint } from "../open-model.ts";
import { EXIT, type ExitCode, UsageError } from "./failure.ts";
import { openLocation, toLocation } from "./location.ts";
import type { Shell } from "./shell.ts";
import { bundleTarget } from "./target.ts";
import { counted, printable } from "./text.ts";

export interface SalvageOptions {
  readonly force?: true;
}

/** `modelbytes salvage IN OUT` */
export async function salvage(from: string, out: string, { force }: SalvageOptions, shell: Shell): Promise<ExitCode> {
  if (resolve(from) === resolve(out)) {
    throw new UsageError("OUT is the damaged checkpoint itself", "write to another place; it may yet be needed");
  }
  const target = await bundleTarget(out, { force });
  await refuseOthers(from, shell);
  const { signal, fetch } = shell;
  const onProgress = shell.progress();
  const options = { signal, fetch, onProgress, prefix: await variablesIn(from, shell) };
  const report = await openLocation(from, (location) => salvageBundle(location, target.to, options));
  shell.finish();
  if (report.headerIsAssumed)
    shell.note("the header of the index is lost; the checkpoint is taken to be little-endian");
  printLosses(report, shell);
  const lossless = report.lost.length + report.lostKeys.length === 0;
  const content = `${counted(report.kept.length, "tensor")}, ${counted(report.written.bytes, "byte")}`;
  const losses = shell.style(lossless ? "green" : "red", lossesText(report));
  shell.print(`${shell.style("green", "wrote")} ${printable(target.path)}: ${content}; ${losses}`);
  return lossless ? EXIT.fine : EXIT.corrupt;
}

const KIND = {
  hdf5: "an HDF5 file",
  zip: "a zip archive",
  safetensors: "a safetensors file",
  npy: "a NumPy array",
  text: "a text",
} as const;

/** Throws an `UnsupportedError` for a file that begins as no checkpoint does. Whether one is there at all is seen later. */
async function refuseOthers(path: string, shell: Shell): Promise<void> {
  const location = toLocation(path);
  if (isOfCheckpoint(location)) return;
  const source = toSource(location, shell);
  try {
    const content = await contentOf(source, shell).catch(() => undefined);
    if (content === undefined) return;
    const what = typeof content === "string" ? KIND[content] : content.foreign;
    const reason = `this is ${what}: only checkpoints have the checksums that tell what is whole`;
    throw new UnsupportedError("format", reason, { file: source.name });
  } finally {
    await source.close?.();
  }
}

/** The prefix of the variables where PATH is the directory of a SavedModel: its graphs have no checksums to go by. */
async function variablesIn(path: string, shell: Shell): Promise<string | undefined> {
  const folder = toFolder(toLocation(path), shell);
  for (const name of ["saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"]) {
    const source = folder.file(name);
    try {
      await source.size(shell);
    } catch {
      continue; // it is not there, or what comes next says what is wrong
    } finally {
      await source.close?.();
    }
    shell.note("this is a SavedModel, of which the variables are salvaged: copy its other files beside them");
    return "variables/variables";
  }
  return undefined;
}

function printLosses({ lost, lostKeys, damage }: SalvageReport, shell: Shell): void {
  const line = (word: string, what: string, error: ModelbytesError) => {
    shell.print(`${shell.style("red", word)}  ${printable(`${what}${reasonOf(error)}`)}`);
  };
  const losing = new Set<ModelbytesError>(lostKeys.map(({ error }) => error));
  for (const error of damage) if (!losing.has(error)) line("damage", "", error);
  for (const { after, upTo, error } of lostKeys) {
    const from = after === undefined ? "from the first" : `behind ${JSON.stringify(after)}`;
    const to = upTo === undefined ? "to the last" : `up to ${JSON.stringify(upTo)}`;
    line("lost", `keys ${from} ${to}  `, error);
  }
  for (const { tensor, error } of lost) line("lost", `${tensor}  `, error);
}

/** The message without the tensor, which stands before it. */
function reasonOf({ file, offset, reason }: ModelbytesError): string {
  const at = offset === undefined ? "" : `, byte ${offset}`;
  return file === undefined ? reason : `${file}${at}: ${reason}`;
}

function lossesText({ lost, lostKeys }: SalvageReport): string {
  const unknown = "tensors may be lost whose names nobody knows";
  if (lost.length === 0) return lostKeys.length === 0 ? "nothing is lost" : unknown;
  const known = `${counted(lost.length, "tensor")} ${lost.length === 1 ? "is" : "are"} lost`;
  return lostKeys.length === 0 ? known : `${known}, and other ${unknown}`;
}
