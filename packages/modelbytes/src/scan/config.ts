import { ModelbytesError } from "@modelbytes/bytes";
import { type PyValue, parseJson } from "@modelbytes/keras-config";
import { ADVICE } from "./advice.ts";
import { dangersOfObject } from "./config-object.ts";
import { dangerOfString } from "./config-string.ts";
import { type Finding, type FindingParts, finding } from "./finding.ts";
import { everyContainer, within } from "./walk.ts";

/** What a config is part of: Keras trusts some files more than others. */
export interface ConfigOrigin {
  readonly file: "archive" | "hdf5" | "saved-model" | "config";
  /** What findings say of the place. */
  readonly place: Partial<Pick<Finding, "part" | "node" | "tags">>;
}

/** The dangers of a config that is JSON. One that is none is a finding too: nobody can judge it. */
export function scanConfigText(text: string, what: string, origin: ConfigOrigin): Finding[] {
  let config: PyValue;
  try {
    config = parseJson(text);
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    const reason = `is no JSON that can be looked at: ${error.reason}`;
    return [finding({ severity: "medium", what, reason, ...origin.place, path: "" })];
  }
  return scanConfig(config, origin);
}

/** The dangers of a config at any depth: of every dict, every list and every string in them. */
export function scanConfig(config: PyValue, { file, place }: ConfigOrigin): Finding[] {
  const found: FindingParts[] = [];
  for (const { path, entries, dict } of everyContainer(config)) {
    if (dict !== undefined) {
      const dangers = dangersOfObject(dict, LAMBDA[file], file === "saved-model");
      found.push(...dangers.map((danger) => ({ ...danger, path })));
    }
    const named = new Set<string>();
    for (const [key, value] of entries) {
      if (typeof value !== "string") continue;
      const danger = dangerOfString(value, dict === undefined ? undefined : key, dict);
      if (danger === undefined || named.has(danger.what)) continue;
      named.add(danger.what);
      found.push({ ...danger, path: dict === undefined ? `${path}[${key}]` : within(path, key) });
    }
  }
  return found.map((parts) => finding({ ...parts, ...place }));
}

const LAMBDA = {
  archive: ADVICE.lambda,
  config: ADVICE.lambda,
  hdf5: ADVICE.lambdaInHdf5,
  "saved-model": ADVICE.lambdaInSavedModel,
} as const;
