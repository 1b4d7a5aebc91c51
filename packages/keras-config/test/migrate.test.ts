import { CorruptError, ModelbytesError, UnsupportedError } from "@modelbytes/bytes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tensorsOf } from "../src/architecture/arguments.ts";
import {
  type Architecture,
  checkArchitecture,
  diff,
  fromPlain,
  isPyDict,
  type LayerNode,
  migrate,
  type Plain,
  type PlainSource,
  type PyDict,
  type PyValue,
  parseArchitecture,
  parseJson,
  printSummary,
  pyFloat,
  pyInt,
  stringifyJson,
  summarize,
  toPlain,
} from "../src/index.ts";
import { architecture, handmade, KERASES, known, text } from "./architectures.ts";
import { damaged } from "./damaged.ts";

type Target = "keras-2" | "keras-3";
const TARGETS = ["keras-2", "keras-3"] as const;

function dict(value: PyValue): PyDict {
  if (!isPyDict(value)) throw new Error("no dict");
  return value;
}

/** A stack of one layer, in the grammar of a version of Keras. */
function stack(version: string, className: string, config: Readonly<Record<string, PlainSource>>): PyDict {
  const shape = { batch_input_shape: [null, pyInt(4)] };
  const layer = { class_name: className, config: { name: "it", trainable: true, ...shape, ...config } };
  return dict(
    fromPlain({ class_name: "Sequential", config: { name: "stack", layers: [layer] }, keras_version: version }),
  );
}

/** The one layer of a migrated stack, besides its input. */
function migrated(
  source: PyDict,
  target: Target,
  options = {},
): { layer: LayerNode; config: Readonly<Record<string, Plain>> } {
  const { model } = parseArchitecture(migrate(source, target, options).config);
  const layer = model.layers.find(({ className }) => className !== "InputLayer");
  if (layer === undefined) throw new Error("no layer");
  return { layer, config: Object.fromEntries([...layer.config].map(([key, value]) => [String(key), toPlain(value)])) };
}

describe.each(KERASES)("what Keras %s wrote", (keras) => {
  test.each(known(keras).map(([name]) => name))("%s is the same model elsewhere, and when it comes back", (name) => {
    const original = architecture(`keras-${keras}`, name);
    const [near, far]: readonly [Target, Target] = keras === "3" ? ["keras-3", "keras-2"] : ["keras-2", "keras-3"];
    if (name === "operations") return; // other operations have other names and arguments: the live test runs them
    const there = parseArchitecture(migrate(original, far).config);
    expect(there.grammar).toBe(far);
    expect(checkArchitecture(there)).toEqual([]);
    expect(diff(original, there)).toEqual([]);
    const back = parseArchitecture(migrate(there, near).config);
    expect(diff(there, back)).toEqual([]);
  });

  test.each(known(keras).map(([name]) => name))("%s migrated to where it is, is itself", (name) => {
    const original = architecture(`keras-${keras}`, name);
    const { config } = migrate(original, keras === "3" ? "keras-3" : "keras-2");
    expect(diff(original, parseArchitecture(config))).toEqual([]);
  });
});

test.each(handmade())("%s is the same model in Keras 2 and 3", (name) => {
  const original = architecture("handmade", name);
  const [two, three] = TARGETS.map((target) => parseArchitecture(migrate(original, target).config));
  if (two === undefined || three === undefined) throw new Error("not migrated");
  expect([two.grammar, three.grammar]).toEqual(TARGETS);
  for (const each of [two, three]) expect(checkArchitecture(each)).toEqual([]);
  expect(diff(two, three)).toEqual([]);
});

describe("texts", () => {
  test("of Keras 3 have inputs of their own, modules, and tensors as objects with shapes", () => {
    const { config } = migrate(text("handmade", "keras-2.2-nested"), "keras-3");
    const plain = toPlain(config);
    expect(plain).toMatchObject({
      module: "keras.src.models.functional",
      class_name: "Functional",
      registered_name: "Functional",
      config: {
        layers: [
          { class_name: "InputLayer", module: "keras.layers", config: { batch_shape: [null, 4] } },
          {
            name: "tower",
            module: "keras",
            class_name: "Sequential",
            config: { layers: [{ class_name: "InputLayer", config: { name: "t0_input" } }, {}, {}] },
            inbound_nodes: [
              { args: [{ config: { keras_history: ["inputs", 0, 0], shape: [null, 4] } }] },
              { args: [{ config: { keras_history: ["block", 1, 0] } }] },
            ],
          },
          { name: "block", inbound_nodes: [{}, {}] },
          { name: "between", inbound_nodes: [{ args: [{ config: { keras_history: ["block", 0, 0] } }] }] },
          { name: "head" },
        ],
        output_layers: ["head", 0, 0],
      },
    });
  });

  test("a graph within a graph counts from 1 at the ends of Keras 3, everywhere in Keras 2", () => {
    const inner = { name: "block", layers: [input("x")], input_layers: ["x", 0n, 0n], output_layers: ["x", 0n, 0n] };
    const layers = [
      input("in"),
      {
        class_name: "Functional",
        name: "block",
        config: inner,
        inbound_nodes: [[["in", 0n, 0n, {}]], [["block", 1n, 0n, {}]]],
      },
    ];
    const ends = { input_layers: [["in", 0n, 0n]], output_layers: [["block", 2n, 0n]] };
    const source = fromPlain({
      class_name: "Functional",
      config: { name: "m", layers, ...ends },
      keras_version: "2.15.0",
    });
    const three = migrate(source, "keras-3").config;
    expect(toPlain(three)).toMatchObject({
      config: {
        output_layers: ["block", 2, 0],
        layers: [{}, { inbound_nodes: [{}, { args: [{ config: { keras_history: ["block", 0, 0] } }] }] }],
      },
    });
    expect(toPlain(migrate(three, "keras-2").config)).toMatchObject({
      config: {
        output_layers: [["block", 2, 0]],
        layers: [{}, { inbound_nodes: [[["in", 0, 0, {}]], [["block", 1, 0, {}]]] }],
      },
    });
  });

  test("is what stringifyJson writes, and the source is not changed", () => {
    const source = text("keras-2.15", "wrapped");
    const before = stringifyJson(source);
    const written = stringifyJson(migrate(source, "keras-3").config);
    expect(parseArchitecture(parseJson(written)).grammar).toBe("keras-3");
    expect(stringifyJson(source)).toBe(before);
  });
});

function input(name: string): PlainSource {
  return { class_name: "InputLayer", name, config: { name, batch_input_shape: [null, 4n] }, inbound_nodes: [] };
}

describe("arguments", () => {
  test.each<[string, PyDict, Target, Readonly<Record<string, unknown>>]>([
    ["LeakyReLU", stack("2.15.0", "LeakyReLU", { alpha: pyFloat(0.25) }), "keras-3", { negative_slope: 0.25 }],
    ["LeakyReLU back", stack("3.15.1", "LeakyReLU", { negative_slope: pyFloat(0.25) }), "keras-2", { alpha: 0.25 }],
    ["an axis in a list", stack("2.4.0", "BatchNormalization", { axis: [pyInt(1)] }), "keras-3", { axis: 1 }],
    [
      "a mixed policy",
      stack("2.4.0", "Dropout", {
        rate: pyFloat(0.5),
        dtype: { class_name: "Policy", config: { name: "mixed_float16" } },
      }),
      "keras-3",
      {
        dtype: { module: "keras", class_name: "DTypePolicy", config: { name: "mixed_float16" }, registered_name: null },
      },
    ],
    [
      "an initializer of TensorFlow 1",
      stack("2.2.4-tf", "Dense", {
        units: pyInt(1),
        kernel_initializer: { class_name: "VarianceScaling", config: { distribution: "normal", dtype: "float32" } },
      }),
      "keras-3",
      {
        kernel_initializer: {
          module: "keras.initializers",
          class_name: "VarianceScaling",
          config: { distribution: "truncated_normal" },
          registered_name: null,
        },
      },
    ],
    [
      "Keras 1",
      stack("1.2.2", "Convolution1D", {
        nb_filter: pyInt(3),
        filter_length: pyInt(2),
        subsample_length: pyInt(1),
        border_mode: "same",
        init: "he_uniform",
        bias: false,
        W_constraint: { name: "MaxNorm", m: pyInt(2), axis: pyInt(0) },
      }),
      "keras-2",
      {
        filters: 3,
        kernel_size: 2,
        strides: 1,
        padding: "same",
        use_bias: false,
        kernel_initializer: {
          class_name: "VarianceScaling",
          config: { scale: 2, mode: "fan_in", distribution: "uniform", seed: null },
        },
        kernel_constraint: { class_name: "MaxNorm", config: { max_value: 2, axis: 0 } },
      },
    ],
  ])("%s", (_, source, target, expected) => {
    expect(migrated(source, target).config).toMatchObject(expected);
  });

  test("what Keras 2 keeps for itself is gone", () => {
    const { config } = migrated(
      stack("2.15.0", "GRU", { units: pyInt(2), time_major: false, implementation: pyInt(2) }),
      "keras-3",
    );
    expect(Object.keys(config)).toEqual(["name", "trainable", "units"]);
  });

  test("classes without an argument of their own to carry over", () => {
    expect(migrated(stack("2.15.0", "ThresholdedReLU", { theta: pyFloat(1) }), "keras-3").layer).toMatchObject({
      className: "ReLU",
    });
    expect(migrated(stack("1.2.2", "Convolution1D", {}), "keras-3").layer).toMatchObject({
      className: "Conv1D",
      module: "keras.layers",
    });
  });

  test("a class of one's own may be called like one of Keras", () => {
    const source = stringifyJson(stack("2.15.0", "Dense", { size: pyInt(3) })).replace('"Dense"', '"mine>Dense"');
    const { config, notes } = migrate(parseJson(source), "keras-3");
    expect(toPlain(config)).toMatchObject({
      config: { layers: [{}, { class_name: "Dense", registered_name: "mine>Dense", config: { size: 3 } }] },
    });
    expect(notes.map(({ message }) => message)).toEqual([expect.stringContaining("a class of one's own")]);
  });

  test("code is carried over, and said to be", () => {
    const source = stack("2.15.0", "Lambda", {
      function: ["4wEA", null, null],
      function_type: "lambda",
      module: "m",
      output_shape: null,
    });
    const { notes } = migrate(source, "keras-3");
    expect(notes.map(({ message }) => message)).toEqual([expect.stringContaining("bytecode")]);
    expect(migrated(source, "keras-3").config).toMatchObject({
      function: { class_name: "__lambda__", config: { code: "4wEA", defaults: null, closure: null } },
    });
  });
});

describe("refusals name the layer", () => {
  test.each<[PyDict, Target, string]>([
    [
      stack("2.15.0", "LocallyConnected1D", {}),
      "keras-3",
      '"it" (LocallyConnected1D): Keras 3 has no locally connected layers',
    ],
    [stack("3.15.1", "RMSNormalization", {}), "keras-2", '"it" (RMSNormalization): Keras 2 has no RMSNormalization'],
    [stack("1.2.2", "Highway", {}), "keras-3", '"it" (Highway): Keras 2 has no such layer'],
    [stack("1.2.2", "Dense", { init: "own" }), "keras-2", '"it" (Dense): the initializer own is not one of Keras 1'],
    [stack("3.15.1", "Dense", { activation: "glu" }), "keras-2", '"it" (Dense): Keras 2 has no activation glu'],
    [
      stack("2.15.0", "TFOpLambda", { function: "linalg.svd" }),
      "keras-3",
      '"it" (TFOpLambda): Keras 3 has no operation for tf.linalg.svd that is known here',
    ],
    [
      stack("2.15.0", "BatchNormalization", { axis: [pyInt(1), pyInt(2)] }),
      "keras-3",
      '"it" (BatchNormalization): Keras 3 normalizes along one axis, this is 2',
    ],
  ])("%#", (source, target, message) => {
    expect(() => migrate(source, target)).toThrow(
      new UnsupportedError("no-equivalent", `config.layers[0]: ${message}`),
    );
  });

  test("a Merge by code", () => {
    const merge = { mode: ["4wEA", null, null], mode_type: "lambda" };
    expect(() => migrate(stack("1.2.2", "Merge", merge), "keras-2")).toThrow(/"it" \(Merge\): a Merge by a function/);
  });

  test("what would compute something else, unless that is taken", () => {
    const source = stack("2.15.0", "Dense", { units: pyInt(1), activation: "hard_sigmoid" });
    expect(() => migrate(source, "keras-3")).toThrow(/hard_sigmoid is 0.2x \+ 0.5.*lossy: true goes on without it/);
    const { notes } = migrate(source, "keras-3", { lossy: true });
    expect(notes).toEqual([{ path: "config.layers[0]", message: expect.stringContaining("hard_sigmoid") }]);
    expect(migrated(source, "keras-3", { lossy: true }).config).toMatchObject({ activation: "hard_sigmoid" });
  });

  test("a graph that no Keras builds", () => {
    const source = stringifyJson(text("handmade", "keras-2.2-graph")).replace('"both", 0, 0', '"nowhere", 0, 0');
    expect(() => migrate(parseJson(source), "keras-3")).toThrow(
      new CorruptError("architecture", "config.layers[4].inbound_nodes[0]: Unknown layer: nowhere"),
    );
  });
});

test("names with a slash are others in Keras 3, wherever they are used", () => {
  const source = stringifyJson(text("handmade", "keras-2.2-graph")).replaceAll('"shared"', '"scope/shared"');
  const { config, notes } = migrate(parseJson(source), "keras-3");
  expect(stringifyJson(config)).not.toContain("scope/shared");
  expect(checkArchitecture(parseArchitecture(config))).toEqual([]);
  expect(notes).toEqual([{ path: "config.layers[2]", message: expect.stringContaining('is called "scope_shared"') }]);
});

test("a stack that begins with a Merge is a graph", () => {
  const { model } = parseArchitecture(migrate(text("handmade", "keras-1.2-merged"), "keras-2").config);
  expect(model.layers.map(({ name, className }) => `${name}: ${className}`)).toEqual([
    "layers_0_input: InputLayer",
    "layers_0: Sequential",
    "layers_1_input: InputLayer",
    "layers_1: Sequential",
    "merge: Concatenate",
    "out: Dense",
  ]);
});

describe("what a model was compiled with", () => {
  test("from a .keras file of Keras 2", () => {
    const { config, trainingConfig } = migrate(text("keras-2.15", "compiled-archive"), "keras-3");
    const expected = { loss: "mean_squared_error", metrics: ["mean_absolute_error"] };
    const optimizer = { module: "keras.optimizers", class_name: "Adam", config: { beta_1: 0.9, epsilon: 1e-7 } };
    expect(toPlain(config)).toMatchObject({ compile_config: { ...expected, optimizer } });
    expect(toPlain(config)).not.toHaveProperty("compile_config.optimizer.config.is_legacy_optimizer");
    expect(trainingConfig && toPlain(trainingConfig)).toMatchObject({ ...expected, optimizer_config: optimizer });
  });

  test("from an .h5 file of Keras 1", () => {
    const trainingConfig = dict(
      fromPlain({
        optimizer_config: { class_name: "adam", config: { lr: pyFloat(0.01), epsilon: null, decay: pyFloat(0) } },
        loss: {
          out: "MSE",
          other: { class_name: "Huber", config: { reduction: "auto", delta: pyFloat(2), fn: "huber" } },
        },
        metrics: [["acc"], [{ class_name: "MeanMetricWrapper", config: { name: "mae", fn: "mean_absolute_error" } }]],
      }),
    );
    const { trainingConfig: training } = migrate(text("handmade", "keras-1.2-graph"), "keras-3", { trainingConfig });
    expect(training && toPlain(training)).toMatchObject({
      optimizer_config: { class_name: "Adam", config: { learning_rate: 0.01, epsilon: 1e-7 } },
      loss: {
        out: "mean_squared_error",
        other: { module: "keras.losses", class_name: "Huber", config: { reduction: "sum_over_batch_size", delta: 2 } },
      },
      metrics: [["acc"], ["mean_absolute_error"]],
    });
    const decaying = dict(fromPlain({ optimizer_config: { class_name: "SGD", config: { decay: pyFloat(0.1) } } }));
    expect(() => migrate(text("handmade", "keras-1.2-graph"), "keras-3", { trainingConfig: decaying })).toThrow(
      /Keras 3 has no decay/,
    );
  });

  test("back to Keras 2", () => {
    const { trainingConfig } = migrate(text("keras-3", "compiled"), "keras-2");
    expect(trainingConfig && toPlain(trainingConfig)).toMatchObject({
      optimizer_config: { class_name: "Custom>Adam", config: { is_legacy_optimizer: false } },
      loss: "mean_squared_error",
    });
    expect(trainingConfig && toPlain(trainingConfig)).not.toHaveProperty("optimizer_config.config.loss_scale_factor");
  });
});

test("no text makes it do anything but throw a typed error", () => {
  const sources: readonly (readonly [string, string])[] = [
    ...["stack", "graph", "image", "sequence", "merged"].map((name) => ["handmade", `keras-1.2-${name}`] as const),
    ...["operations", "keywords", "wrapped", "compiled-archive"].map((name) => ["keras-2.15", name] as const),
    ...["operations", "nested", "custom", "compiled"].map((name) => ["keras-3", name] as const),
  ];
  const values = sources.map(([folder, name]) => text(folder, name));
  let migrations = 0;
  fc.assert(
    fc.property(damaged(values), fc.constantFrom(...TARGETS), (changed, target) => {
      try {
        const there = migrate(changed, target, { lossy: true });
        migrations += 1;
        const [first, second] = [parseArchitecture(changed), parseArchitecture(there.config)];
        diff(first, second);
        printSummary(summarize(second));
      } catch (error) {
        expect(error).toBeInstanceOf(ModelbytesError);
      }
    }),
    { numRuns: 400 },
  );
  expect(migrations).toBeGreaterThan(100);
});

describe("any graph", () => {
  /** What a layer is called on: by number, calls of the layers before it, or (again) of itself. */
  const plan = fc.array(
    fc.record({
      kind: fc.constantFrom("Dense", "Add", "stack", "stack without input", "graph"),
      calls: fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 8 },
  );

  test("is wired in Keras 3 as it was in Keras 2, and when it comes back", () => {
    fc.assert(
      fc.property(plan, (layers) => {
        const { source, graph } = written(layers);
        const two = parseArchitecture(source);
        expect(wiringOf(two)).toEqual(graph);
        const three = parseArchitecture(parseJson(stringifyJson(migrate(two, "keras-3").config)));
        expect(wiringOf(three)).toEqual(graph);
        expect(wiringOf(parseArchitecture(migrate(three, "keras-2").config))).toEqual(graph);
        expect(diff(two, three)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  type Reference = readonly [layer: string, call: number];

  /** A plan in the grammar of Keras 2, and the graph that it is. */
  function written(plan: readonly { readonly kind: string; readonly calls: readonly (readonly number[])[] }[]): {
    readonly source: PyValue;
    readonly graph: Readonly<Record<string, readonly Reference[][]>>;
  } {
    const tensors: { readonly reference: Reference; readonly index: number }[] = [{ reference: ["in", 0], index: 0 }];
    const graph: Record<string, Reference[][]> = { in: [] };
    const layers: PlainSource[] = [input("in")];
    for (const [position, { kind, calls }] of plan.entries()) {
      const name = `layer_${position}`;
      const shift = kind === "stack" || kind === "graph" ? 1 : 0;
      const nodes: PlainSource[] = [];
      graph[name] = calls.map((taken, call) => {
        const chosen = taken.map((number) => tensors[number % tensors.length]).filter((each) => each !== undefined);
        nodes.push(chosen.map(({ reference: [layer], index }) => [layer, BigInt(index), 0n, {}]));
        tensors.push({ reference: [name, call], index: call + shift });
        return chosen.map(({ reference }) => reference);
      });
      layers.push({ ...layerOf(kind, name), name, inbound_nodes: nodes });
    }
    const last = tensors.at(-1);
    const ends = {
      input_layers: [["in", 0n, 0n]],
      output_layers: [[last?.reference[0] ?? "in", BigInt(last?.index ?? 0), 0n]],
    };
    const config = { name: "model", layers, ...ends };
    return { source: fromPlain({ class_name: "Functional", config, keras_version: "2.15.0" }), graph };
  }

  function layerOf(kind: string, name: string): Readonly<Record<string, PlainSource>> {
    const dense = { class_name: "Dense", config: { name: `${name}_dense`, units: 4n } };
    if (kind === "graph") {
      const inner = `${name}_in`;
      const ends = { input_layers: [[inner, 0n, 0n]], output_layers: [[`${name}_dense`, 0n, 0n]] };
      const layers = [input(inner), { ...dense, name: `${name}_dense`, inbound_nodes: [[[inner, 0n, 0n, {}]]] }];
      return { class_name: "Functional", config: { name, layers, ...ends } };
    }
    const first = { class_name: "InputLayer", config: { name: `${name}_in`, batch_input_shape: [null, 4n] } };
    if (kind === "stack") return { class_name: "Sequential", config: { name, layers: [first, dense] } };
    if (kind === "stack without input") return { class_name: "Sequential", config: { name, layers: [dense] } };
    return { class_name: kind, config: { name } };
  }

  function wiringOf({ model }: Architecture): unknown {
    return Object.fromEntries(
      model.layers.map(({ name, calls }) => [
        name,
        calls.map((call) => [...tensorsOf(call)].map(({ layer, call: index }) => [layer, index])),
      ]),
    );
  }
});
