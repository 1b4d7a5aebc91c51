import { CorruptError, ModelbytesError, UnsupportedError } from "@modelbytes/bytes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tensorsOf } from "../src/architecture/arguments.ts";
import { argumentsOf, builtInLayers } from "../src/architecture/built-in-layers.ts";
import { orderCalls } from "../src/architecture/order.ts";
import {
  type Argument,
  checkArchitecture,
  fromPlain,
  type LayerNode,
  type ModelNode,
  type PyKey,
  type PyValue,
  parseArchitecture,
  parseJson,
  stringifyJson,
} from "../src/index.ts";
import { architecture, constructorArguments, handmade, KERASES, known, read, text } from "./architectures.ts";
import { damaged } from "./damaged.ts";

/** The wiring of a model, layer by layer, with what is in models within it. */
function graphOf(model: ModelNode): unknown {
  return {
    kind: model.kind,
    layers: model.layers.map((layer) => [
      layer.name,
      layer.calls.map((call) => [...tensorsOf(call)].map((tensor) => [tensor.layer, tensor.call, tensor.tensor])),
      ...(layer.model === undefined ? [] : [graphOf(layer.model)]),
    ]),
    outputs: model.outputs === undefined ? [] : tensorNames(model.outputs),
  };
}

function tensorNames(argument: Argument): unknown {
  if (argument.kind === "tensor") return [argument.layer, argument.call, argument.tensor];
  if (argument.kind === "list") return argument.items.map(tensorNames);
  return argument.kind === "dict" ? [...argument.entries].map(([key, item]) => [key, tensorNames(item)]) : null;
}

function layerAt(model: ModelNode, name: string): LayerNode {
  const layer = model.layers.find((each) => each.name === name);
  if (layer === undefined) throw new Error(`no layer ${name}`);
  return layer;
}

describe.each(KERASES)("what Keras %s wrote", (keras) => {
  test.each(known(keras))("%s has the layers that Keras has", (name, { layers }) => {
    const { model, grammar } = architecture(`keras-${keras}`, name);
    expect(grammar).toBe(keras === "3" ? "keras-3" : "keras-2");
    const mine = new Map(model.layers.map((layer) => [layer.name, layer.className]));
    for (const layer of layers) expect([layer.name, mine.get(layer.name)]).toEqual([layer.name, layer.class]);
    // Keras does not count the input of a stack, nor operations, among the layers.
    const others = model.layers.filter((layer) => !layers.some(({ name }) => name === layer.name));
    expect(
      others.every(({ className, module }) => className === "InputLayer" || module?.startsWith("keras.src.ops")),
    ).toBe(true);
  });

  test.each(known(keras))("%s can be built", (name) => {
    expect(checkArchitecture(architecture(`keras-${keras}`, name))).toEqual([]);
  });

  test("the table of arguments is that of its constructors", () => {
    if (keras === "2.12") return; // the table is that of 2.15
    const grammar = keras === "3" ? "keras-3" : "keras-2";
    const everywhere = ["name", "trainable", "dtype", "activity_regularizer"];
    const expected = Object.entries(constructorArguments(keras)).map(([name, names]) => [name, [...names].sort()]);
    const mine = builtInLayers().flatMap((name) => {
      const names = argumentsOf(name, grammar);
      return names === undefined ? [] : [[name, [...names].filter((each) => !everywhere.includes(each)).sort()]];
    });
    expect(Object.fromEntries(mine)).toEqual(Object.fromEntries(expected));
  });
});

describe("the same graph from every text", () => {
  test.each(["functional", "nested", "structured", "mixed"])("%s of Keras 2.12, 2.15 and 3", (name) => {
    const [first, ...others] = KERASES.map((keras) => graphOf(architecture(`keras-${keras}`, name).model));
    for (const other of others) expect(other).toEqual(first);
  });

  test("nested from to_json, .keras, .h5 and SavedModel", () => {
    const expected = graphOf(architecture("keras-3", "nested").model);
    expect(graphOf(architecture("keras-3", "nested-h5").model)).toEqual(expected);
    for (const keras of ["2.12", "2.15"]) {
      expect(graphOf(architecture(`keras-${keras}`, "nested-archive").model)).toEqual(expected);
      expect(graphOf(architecture(`keras-${keras}`, "nested-saved-model").model)).toEqual(expected);
    }
  });

  test("graph and nested of Keras 1, 2 and tf.keras", () => {
    const of = (name: string): unknown => graphOf(architecture("handmade", name).model);
    for (const name of ["keras-1.2-graph", "keras-2.2-graph", "tensorflow-2.4-saved-graph"]) {
      expect(of(name)).toEqual(of("keras-1.0-graph"));
    }
    for (const name of ["keras-2.0-nested", "keras-2.2-nested"]) expect(of(name)).toEqual(of("keras-1.2-nested"));
  });
});

describe("what was made by hand", () => {
  test.each(handmade())("%s can be built", (name) => {
    const parsed = architecture("handmade", name);
    expect(checkArchitecture(parsed)).toEqual([]);
    expect(parsed.grammar).toBe(`keras-${/-(\d)/.exec(name)?.[1]}`);
  });

  test("a node of Keras 0.3 with several inputs has a Merge before it", () => {
    const { model } = architecture("handmade", "keras-0.3-graph");
    expect(model.kind).toBe("graph");
    const merge = layerAt(model, "merge_inputs_for_joined");
    expect(merge.className).toBe("Merge");
    expect(merge.calls.map((call) => call.args.map(tensorNames))).toEqual([
      [
        [
          ["dense", 0, 0],
          ["right", 0, 0],
        ],
      ],
    ]);
    expect([...orderCalls(model).calls].map(({ layer }) => layer.name)).toContain("joined");
  });
});

describe("arguments of calls", () => {
  test("by name in Keras 2, by position in Keras 3", () => {
    const two = layerAt(architecture("keras-2.15", "keywords").model, "attention").calls[0];
    expect(two?.args.map(tensorNames)).toEqual([["query", 0, 0]]);
    expect([...(two?.kwargs ?? [])].map(([key, value]) => [key, tensorNames(value)])).toEqual([
      ["value", ["value", 0, 0]],
    ]);
    const three = layerAt(architecture("keras-3", "keywords").model, "attention").calls[0];
    expect(three?.args.map(tensorNames)).toEqual([
      ["query", 0, 0],
      ["value", 0, 0],
    ]);
    expect(three?.args[0]).toMatchObject({ shape: [null, 5, 8], dtype: "float32" });
  });

  test("tensors anywhere in them", () => {
    const states = layerAt(architecture("keras-3", "keywords").model, "decoder").calls[0]?.kwargs.get("initial_state");
    expect(states && tensorNames(states)).toEqual([
      ["encoder", 0, 1],
      ["encoder", 0, 2],
    ]);
  });

  test("constants, and lists that are kept as they are", () => {
    const { model } = architecture("keras-2.15", "operations");
    const multiplied = layerAt(model, "tf.math.multiply").calls[0];
    expect(multiplied?.kwargs.get("y")).toEqual({ kind: "value", value: expect.objectContaining({ text: "2.0" }) });
    const value = graphWith([
      ["in", 0, 0, {}],
      ["_CONSTANT_VALUE", -1, 5, {}],
    ]);
    expect(layerAt(value, "last").calls[0]?.args[0]).toMatchObject({
      items: [{ kind: "tensor" }, { kind: "value", value: expect.objectContaining({ text: "5" }) }],
    });
  });
});

/** A graph of an input and one layer, called once. */
function graphWith(node: unknown, className = "Add"): ModelNode {
  const layers = [
    { name: "in", class_name: "InputLayer", config: { name: "in", batch_input_shape: [null, 4] }, inbound_nodes: [] },
    { name: "last", class_name: className, config: { name: "last" }, inbound_nodes: [node] },
  ];
  const config = { name: "m", layers, input_layers: [["in", 0, 0]], output_layers: [["last", 0, 0]] };
  return parseArchitecture(parseJson(JSON.stringify({ class_name: "Functional", config, keras_version: "2.15.0" })))
    .model;
}

describe("layers within layers", () => {
  test.each([
    ["keras-2.15", "steps", [["layer", "Dense"]]],
    [
      "keras-3",
      "both_ways",
      [
        ["layer", "GRU"],
        ["backward_layer", "GRU"],
      ],
    ],
    ["keras-2.12", "stack", [["cell", "StackedRNNCells"]]],
  ])("of %s %s", (folder, name, expected) => {
    const { inner } = layerAt(architecture(folder, "wrapped").model, name);
    expect(inner.map(({ role, layer }) => [role, layer.className])).toEqual(expected);
  });

  test("the cells of a stack, and the layers of a custom class", () => {
    const [stack] = layerAt(architecture("keras-3", "wrapped").model, "stack").inner;
    expect(stack?.layer.inner.map(({ layer }) => layer.name)).toEqual(["cell_a", "cell_b"]);
    for (const keras of KERASES) {
      const scale = layerAt(architecture(`keras-${keras}`, "custom").model, "scale");
      expect([scale.className, scale.registeredName]).toEqual(["Scale", "demo>Scale"]);
      expect(scale.inner.map(({ role, layer }) => [role, layer.name, layer.path])).toEqual([
        ["inner", "within", "config.layers[1].config.inner"],
      ]);
    }
  });
});

describe("what is wrong with a text", () => {
  const nested = read("architectures-keras-2.15", "nested");

  test.each<[string, (source: string) => string, string]>([
    ["no class", () => "{}", "no class_name: this is no architecture"],
    ["no dict", () => "[]", "a list where a dict belongs"],
    ["layers", (source) => source.replace('"layers": [', '"layers": 3, "x": ['), ""],
    [
      "a layer",
      (source) => source.replace('"layers": [', '"layers": [7, '),
      "config.layers[0]: the integer 7 where a dict belongs",
    ],
    [
      "a node",
      (source) => source.replace('[[["inputs", 0, 0, {}]]', '[[["inputs", 0, -2, {}]]'),
      'config.layers[1].inbound_nodes[0][0]: a tensor is [layer, node, tensor], here it is [the string "inputs", the integer 0, the integer -2]',
    ],
    [
      "arguments by name",
      (source) => source.replace('["inputs", 0, 0, {}]', '["inputs", 0, 0, 5]'),
      "config.layers[1].inbound_nodes[0][0][3]: the integer 5 where arguments by name belong",
    ],
    [
      "the ends",
      (source) => source.replace('"output_layers": [["head", 0, 0]]', '"output_layers": [["head", 0]]'),
      'config.output_layers[0]: a tensor is [layer, node, tensor], here it is [the string "head", the integer 0]',
    ],
  ])("%s", (_, change, message) => {
    const changed = change(nested);
    const parse = (): unknown => parseArchitecture(parseJson(changed));
    if (message === "") expect(parse()).toMatchObject({ model: { kind: "subclassed" } });
    else expect(parse).toThrow(new CorruptError("architecture", message));
  });

  test.each<[string, unknown, string, string]>([
    ["a loop", [["last", 0, 0, {}]], "loop-or-disconnected", "never made"],
    ["an unknown layer", [["nowhere", 0, 0, {}]], "unknown-layer", "Unknown layer: nowhere"],
    ["a call that is not there", [["in", 4, 0, {}]], "no-such-call", "Layer node index out of bounds"],
  ])("%s is a finding", (_, node, code, message) => {
    const findings = orderCalls(graphWith(node)).findings;
    expect(findings[0]).toMatchObject({ code, path: "config.layers[1].inbound_nodes[0]" });
    expect(findings[0]?.message).toContain(message);
  });

  test("two layers of a name", () => {
    const twice = nested.replaceAll('"between"', '"head"');
    expect(checkArchitecture(parseArchitecture(parseJson(twice)))).toContainEqual(
      expect.objectContaining({ code: "duplicate-name" }),
    );
  });

  test("a chain of a thousand layers is ordered, whatever the order of the text", () => {
    const names = Array.from({ length: 1000 }, (_, index) => `l${index}`);
    const layers = names.map((name, index) => ({
      name,
      class_name: index === 0 ? "InputLayer" : "Dense",
      config: { name },
      inbound_nodes: index === 0 ? [] : [[[`l${index - 1}`, 0, 0, {}]]],
    }));
    const config = { layers: layers.reverse(), input_layers: [["l0", 0, 0]], output_layers: [["l999", 0, 0]] };
    const { model } = parseArchitecture(parseJson(JSON.stringify({ class_name: "Model", config })));
    const { calls, findings } = orderCalls(model);
    expect(findings).toEqual([]);
    expect(calls.map(({ layer }) => layer.name)).toEqual(names.slice(1));
  });

  test("no text makes it do anything but throw a typed error", () => {
    const texts = [
      nested,
      read("architectures-keras-3", "keywords"),
      read("architectures-handmade", "keras-0.3-graph"),
    ];
    const values = texts.map((source) => parseJson(source));
    fc.assert(
      fc.property(damaged(values), (changed) => {
        try {
          checkArchitecture(parseArchitecture(changed));
        } catch (error) {
          expect(error).toBeInstanceOf(ModelbytesError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("texts that stand for more than they say", () => {
    let wide: PyValue = "x";
    for (let index = 0; index < 40; index++) wide = [wide, wide];
    const config = new Map<PyKey, PyValue>([
      ["class_name", "Dense"],
      ["config", new Map([["deep", wide]])],
    ]);
    expect(() => parseArchitecture(config)).toThrow(UnsupportedError);
    let deep: PyValue = "x";
    for (let index = 0; index < 400; index++) deep = [deep];
    expect(() => parseArchitecture(fromPlain({ class_name: "Dense", config: { deep } }))).toThrow(
      /nested more than 300 deep/,
    );
  });
});

test("a text is not changed by being parsed", () => {
  const value = text("keras-3", "nested");
  const before = stringifyJson(value);
  parseArchitecture(value);
  expect(stringifyJson(value)).toBe(before);
});
