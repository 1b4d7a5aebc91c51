// How fast is the text of an architecture parsed and written again, the same text?
//
// `JSON.parse` and `JSON.stringify` give another text: they know no `1.0` and no `1e-05`, and write no spaces. js-yaml reads and writes
// YAML, but not the text of PyYAML.

import { readFile } from "node:fs/promises";
import { parseJson, parseYaml, stringifyJson, stringifyYaml } from "@modelbytes/keras-config";
import { dump, load } from "js-yaml";
import type { Input, Question, Work } from "../question.ts";
import { functionalText } from "./config-inputs.ts";

/** Parses the text of the input and writes it; the same text where it must be. */
function roundTrip(again: (text: string) => string, isSame: boolean): (input: Input) => Promise<Work> {
  return async ({ path }) => {
    const text = await readFile(path, "utf8");
    return {
      run: () => {
        const written = again(text);
        if (isSame ? written !== text : written.length < text.length / 2) throw new Error("another text was written");
      },
    };
  };
}

export const kerasConfig: Question = {
  name: "keras-config",
  title: "Parse a config in JSON and write it again",
  unit: "bytes",
  inputs: async (inputs) => [await functionalText(inputs, inputs.scale.quick ? 20 : 2900, "json")],
  rows: [
    { name: "parseJson, stringifyJson", kind: "ours", work: roundTrip((text) => stringifyJson(parseJson(text)), true) },
    { name: "Python, json.loads, json.dumps", kind: "rival", work: "texts.json_round_trip" },
    {
      name: "JSON.parse, JSON.stringify",
      kind: "floor",
      work: roundTrip((text) => JSON.stringify(JSON.parse(text)), false),
    },
  ],
  bars: [{ row: "parseJson, stringifyJson", against: "Python, json.loads, json.dumps", atLeast: 1 }],
};

export const kerasYaml: Question = {
  name: "keras-yaml",
  title: "Parse a config in YAML and write it again",
  unit: "bytes",
  inputs: async (inputs) => [await functionalText(inputs, inputs.scale.quick ? 4 : 90, "yaml")],
  rows: [
    { name: "parseYaml, stringifyYaml", kind: "ours", work: roundTrip((text) => stringifyYaml(parseYaml(text)), true) },
    { name: "PyYAML, C", kind: "rival", work: "texts.yaml_round_trip" },
    { name: "PyYAML, Python", kind: "rival", work: "texts.yaml_round_trip_in_python" },
    { name: "js-yaml", kind: "rival", work: roundTrip((text) => dump(load(text)), false) },
  ],
  bars: [{ row: "parseYaml, stringifyYaml", against: "PyYAML, Python", atLeast: 1 }],
};
