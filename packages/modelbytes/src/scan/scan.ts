import { ModelbytesError, type Source, type SourceLike, toSource, type WaitOptions } from "@modelbytes/bytes";
import { openZip } from "@modelbytes/zip";
import { contentOf, PICKLE } from "../content.ts";
import { textsOf } from "../convert/architecture-text.ts";
import type { Format } from "../format.ts";
import { type Model, type ModelLike, type OpenModelOptions, openModel } from "../open-model.ts";
import { type ArchitectureText, textContentOf } from "../text-content.ts";
import { ADVICE } from "./advice.ts";
import { scanArchive, scanZipWithConfig } from "./archive.ts";
import { pickledArray, scanArrays } from "./arrays.ts";
import { scanConfig, scanConfigText } from "./config.ts";
import { type Finding, finding } from "./finding.ts";
import { scanKerasHdf5 } from "./hdf5.ts";
import { scanOtherHdf5 } from "./other-hdf5.ts";
import { scanSavedModel } from "./saved-model.ts";

/** What is dangerous in a model. */
export interface ScanReport {
  /** What was scanned; null for an archive that is no model. */
  readonly format: Format | null;
  /** Whether any finding is worse than `low`. */
  readonly dangerous: boolean;
  /** The worst first, then in the order of the file. */
  readonly findings: readonly Finding[];
  /** What could not be looked at. */
  readonly problems: readonly ModelbytesError[];
}

const SEVERITIES: readonly Finding["severity"][] = ["critical", "high", "medium", "low"];

/**
 * What would be dangerous to load in Python, without running, importing or unpickling anything: configs that make Keras run code, HDF5
 * and zip that lead to other files or claim what they have not, pickles, ops of graphs. Opens what is left of a damaged model; also a
 * zip that is no model, a config that is no architecture, and a YAML text whose tags run code, are scanned.
 *
 * Rejects as `openModel` where there is nothing to scan.
 */
export async function scan(from: ModelLike, options: OpenModelOptions = {}): Promise<ScanReport> {
  let model: Model;
  try {
    model = await openModel(from, { ...options, tolerant: true });
  } catch (error) {
    return await scanRefused(from, error, options);
  }
  try {
    return await scanModel(model, options);
  } finally {
    await model.close();
  }
}

/** What would be dangerous in an open model, as `scan`. Tricks are found in one that was opened as `tolerant`. */
export async function scanModel(model: Model, options: WaitOptions = {}): Promise<ScanReport> {
  const problems: ModelbytesError[] = [];
  return report(model.format, await findingsOf(model, problems, options), problems);
}

/**
 * What would be dangerous in what `openModel` refused with `error`, which is a problem of the report unless a finding says the same.
 * Rejects with that error where there is nothing to find.
 */
export async function scanRefused(from: ModelLike, error: unknown, options: OpenModelOptions): Promise<ScanReport> {
  if (!(error instanceof ModelbytesError)) throw error;
  if (error.code === "yaml-tag" && error.reason.includes("python/")) {
    const found = { severity: "critical", what: "YAML", reason: `makes Python objects: ${error.reason}` } as const;
    return report("keras-config", [finding({ ...found, part: "YAML", advice: ADVICE.yamlTag })], []);
  }
  if (error.code === "pickle") return report("npz", [pickledArray(error.tensor ?? "")], []);
  if (!isFile(from)) throw error;
  const problems = error.code === "pickles" ? [] : [error];
  const source = toSource(from, options);
  try {
    const [format, findings] = await findingsInFile(source, problems, options);
    if (findings.length === 0) throw error;
    return report(format, findings, problems);
  } catch (another) {
    throw another instanceof ModelbytesError ? error : another;
  } finally {
    if (source !== from) await source.close?.();
  }
}

/** What is found in a zip archive, in an HDF5 file, in a pickle, or in a text that nobody can take for an architecture. */
async function findingsInFile(
  source: Source,
  problems: ModelbytesError[],
  options: WaitOptions,
): Promise<[format: Format | null, findings: Finding[]]> {
  const content = await contentOf(source, options);
  if (content === "zip") {
    const zip = await openZip(source, options);
    const findings = await scanZipWithConfig(zip, problems, options);
    return [zip.has("config.json") ? "keras-archive" : null, findings];
  }
  if (content === "hdf5") return [null, await scanOtherHdf5(source, problems, options)];
  if (content === PICKLE) {
    return [null, [finding({ severity: "critical", what: "pickle", reason: "runs code when it is loaded" })]];
  }
  if (content !== "text") return [null, []];
  const text = await textContentOf(source, options);
  if (typeof text === "string" || !("config" in text)) return [null, []];
  return ["keras-config", scanText(text)];
}

function scanText({ config, encoding }: Pick<ArchitectureText, "config" | "encoding">): Finding[] {
  return scanConfig(config, { file: "config", place: { part: encoding.toUpperCase() } });
}

/** Tensors alone run nothing: those of checkpoints and of safetensors. */
async function findingsOf(model: Model, problems: ModelbytesError[], options: WaitOptions): Promise<Finding[]> {
  switch (model.format) {
    case "saved-model":
      return await scanSavedModel(model, problems, options);
    case "keras-archive":
      return await scanArchive(model.weights, problems, options);
    case "keras-config":
      return scanText(model);
    case "npz":
      return await scanArrays(model, options);
    case "safetensors": {
      const texts = await textsOf(model, options);
      const place = { part: "metadata" };
      return texts === undefined ? [] : scanConfigText(texts.config, "metadata", { file: "config", place });
    }
    case "tensor-bundle":
    case "tensor-bundle-v1":
      return [];
    default:
      return await scanKerasHdf5(model.weights, problems, options);
  }
}

function report(format: Format | null, found: readonly Finding[], problems: readonly ModelbytesError[]): ScanReport {
  const findings = SEVERITIES.flatMap((severity) => found.filter((each) => each.severity === severity));
  return { format, dangerous: findings.some(({ severity }) => severity !== "low"), findings, problems };
}

function isFile(from: ModelLike): from is SourceLike {
  if (typeof from === "string" || from instanceof URL) return true;
  return from instanceof Blob || from instanceof ArrayBuffer || from instanceof Uint8Array || "read" in from;
}
