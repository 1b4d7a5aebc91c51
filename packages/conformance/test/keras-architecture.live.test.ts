// Random models of Keras 2.12, 2.15 and 3.15: the graph that is read from their texts is that of their objects, and so are shapes and numbers.

import {
  type Argument,
  checkArchitecture,
  type LayerNode,
  parseArchitecture,
  parseJson,
  parseYaml,
  stringifyYaml,
  summarize,
  toPlain,
} from "@modelbytes/keras-config";
import { describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

interface Recorded {
  readonly name: string;
  readonly text: string;
  readonly known: {
    readonly layers: readonly {
      readonly name: string;
      readonly shape: readonly (number | null)[] | null;
      readonly parameters: number;
    }[];
    readonly trainable: number;
    readonly frozen: number;
  };
  readonly graph: Readonly<Record<string, readonly (readonly [string, number, number])[][]>>;
}

const SEEDS = "40";

describe.runIf(hasPython())("the graphs of", () => {
  test.each(["tensorflow-2.12", "tensorflow-2.15", "tensorflow-2.21"])("%s", async (environment) => {
    const python = await interpreter(environment);
    const output = await runPython(python, "fixtures/keras-config/architecture_graphs.py", SEEDS);
    const recorded: readonly Recorded[] = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    expect(recorded.length).toBeGreaterThan(40);
    for (const { name, text, known, graph } of recorded) {
      const value = parseJson(text);
      const architecture = parseArchitecture(value);
      expect([name, checkArchitecture(architecture)]).toEqual([name, []]);
      const mine = Object.fromEntries(architecture.model.layers.map((layer) => [layer.name, callsOf(layer)]));
      expect([name, mine]).toEqual([name, graph]);

      const summary = summarize(architecture);
      const isUnknown = name === "custom" || name === "operations";
      for (const { name: layer, shape, parameters } of known.layers) {
        const row = summary.rows.find((each) => each.name === layer);
        if (isUnknown && row?.parameters === undefined) continue;
        expect([name, layer, row?.parameters]).toEqual([name, layer, parameters]);
        if (shape !== null && !(isUnknown && row?.outputs === undefined)) {
          expect([name, layer, row?.outputs?.[0]]).toEqual([name, layer, shape]);
        }
      }
      if (!isUnknown)
        expect([name, summary.trainable, summary.nonTrainable]).toEqual([name, known.trainable, known.frozen]);

      const yaml = parseArchitecture(parseYaml(stringifyYaml(value)));
      expect([name, toPlain(yaml.model.config)]).toEqual([name, toPlain(architecture.model.config)]);
      expect(yaml.model.layers.map(callsOf)).toEqual(architecture.model.layers.map(callsOf));
    }
  });
});

/** The tensors of each call, flat, as Keras counts the inputs of a node. */
function callsOf(layer: LayerNode): unknown {
  return layer.calls.map((call) => [...call.args, ...call.kwargs.values()].flatMap(tensorsIn));
}

function tensorsIn(argument: Argument): unknown[] {
  if (argument.kind === "tensor") return [[argument.layer, argument.call, argument.tensor]];
  if (argument.kind === "list") return argument.items.flatMap(tensorsIn);
  return argument.kind === "dict" ? [...argument.entries.values()].flatMap(tensorsIn) : [];
}
