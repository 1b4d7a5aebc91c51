import { printSummary, summarize } from "@modelbytes/keras-config";
import type { KerasConfigModel } from "../models/keras-config-model.ts";
import type { Facts } from "./facts.ts";
import { jsonOf } from "./json-text.ts";
import { counted } from "./text.ts";

/** What an architecture says. */
export function kerasConfigFacts({ format, architecture, encoding, text }: KerasConfigModel): Facts {
  const { grammar, kerasVersion, backend, model } = architecture;
  return {
    json: {
      kerasVersion: kerasVersion ?? null,
      backend: backend ?? null,
      encoding,
      grammar,
      architecture: encoding === "json" ? (jsonOf(text) ?? null) : null,
      layers: model.layers.map(({ name, className }) => ({ name, className })),
    },
    headline: [
      format,
      encoding === "yaml" ? "YAML" : "JSON",
      kerasVersion === undefined ? `the grammar of ${grammar}` : `Keras ${kerasVersion}`,
      backend ?? "",
      `${model.kind} model ${model.name}`,
      counted(model.layers.length, "layer"),
    ].filter((fact) => fact !== ""),
    lines: ["", printSummary(summarize(architecture))],
    problems: [],
  };
}
