import { CorruptError } from "@modelbytes/bytes";
import { type Architecture, checkArchitecture, type PyValue, parseArchitecture } from "@modelbytes/keras-config";
import type { ModelBase } from "../model-base.ts";
import { NoWeights } from "./no-weights.ts";

/** An architecture without weights: what `to_json` and `to_yaml` of Keras give. */
export interface KerasConfigModel extends ModelBase {
  readonly format: "keras-config";
  readonly weights: NoWeights;
  /** The text. */
  readonly text: string;
  readonly encoding: "json" | "yaml";
  /** What the text says, as Python's values. */
  readonly config: PyValue;
  readonly architecture: Architecture;
}

/** The architecture that a text holds. Throws a `CorruptError` for a text that is none. */
export function kerasConfigModel(
  path: string,
  text: string,
  encoding: "json" | "yaml",
  config: PyValue,
): KerasConfigModel {
  const weights = new NoWeights(path);
  const architecture = parseArchitecture(config);
  return {
    format: "keras-config",
    path,
    weights,
    text,
    encoding,
    config,
    architecture,
    unreadable: new Map(),
    damage: [],
    names: async () => new Map(),
    async *verify() {
      for (const { path: place, message } of checkArchitecture(architecture)) {
        yield new CorruptError("architecture", `${place}: ${message}`, { file: path });
      }
    },
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
