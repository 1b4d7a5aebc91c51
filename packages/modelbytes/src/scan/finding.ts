import type { Severity } from "@modelbytes/saved-model";
import type { Advice } from "./advice.ts";

/** Something in a model that can do more than arithmetic. What does not apply is null or empty, so that all have the same members. */
export interface Finding {
  readonly severity: Severity;
  /** What it is: an op, the class of a layer, a member of an archive, an object of an HDF5 file. */
  readonly what: string;
  /** As the rest of a sentence about it. */
  readonly reason: string;
  /** Which part of the model: `config.json`, `model_config`, `HDF5`, `zip`; null for the graphs of a SavedModel. */
  readonly part: string | null;
  /** Where in that part: `config.layers[1]` of a config, the path of an HDF5 object, the name of a member. */
  readonly path: string | null;
  /** The node of a graph, or the object of a SavedModel that Keras describes. */
  readonly node: string | null;
  /** The function that has the node. */
  readonly function: string | null;
  /** The tags of the MetaGraph. */
  readonly tags: readonly string[];
  /** The advisory it belongs to, such as `CVE-2025-1550`. */
  readonly advisory: string | null;
  /** The versions that it concerns, in words: `Keras 3 before 3.9`. */
  readonly versions: string | null;
  /** The names and texts in Python bytecode, read without running it. */
  readonly names: readonly string[];
}

/** What a finding says at least, and what else is known. */
export type FindingParts = Pick<Finding, "severity" | "what" | "reason"> &
  Partial<Pick<Finding, "part" | "path" | "node" | "function" | "tags" | "names">> & {
    readonly advice?: Advice | undefined;
  };

/** A finding, with null for what is not known. */
export function finding({ severity, what, reason, advice, ...rest }: FindingParts): Finding {
  return {
    ...{ severity, what, reason },
    ...{ part: null, path: null, node: null, function: null, tags: [] },
    ...{ advisory: advice?.advisory ?? null, versions: advice?.versions ?? null, names: [] },
    ...rest,
  };
}
