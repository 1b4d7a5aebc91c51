import { MemoryFolder } from "@modelbytes/bytes";
import { encodeMessage, type Init } from "@modelbytes/tf-proto";
import { type MetaGraphDef, type NodeDef, SavedModel as SavedModelProto } from "@modelbytes/tf-proto/messages";
import { describe, expect, test } from "vitest";
import type { MetaGraph } from "../src/meta-graph.ts";
import { openSavedModel } from "../src/saved-model.ts";
import { DANGEROUS_OPS } from "../src/scan/dangerous-ops.ts";
import { findDangerousLayers } from "../src/scan/find-dangerous-layers.ts";
import { findDangerousOps } from "../src/scan/find-dangerous-ops.ts";
import { scanOps } from "../src/scan/scan-ops.ts";

const FIXTURES = new URL("../../../fixtures/saved-model/", import.meta.url);
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

type Node = Init<NodeDef>;
const call = (name: string, op: string, attr: string, target: string): Node => ({
  name,
  op,
  attr: new Map([[attr, { func: { name: target } }]]),
});

async function graph(
  nodes: readonly Node[],
  functions: Record<string, readonly Node[]> = {},
  more: Init<MetaGraphDef> = {},
): Promise<MetaGraph> {
  const library = { function: Object.entries(functions).map(([name, nodeDef]) => ({ signature: { name }, nodeDef })) };
  const metaGraph = { metaInfoDef: { tags: ["serve"] }, graphDef: { node: nodes, library }, ...more };
  const folder = new MemoryFolder();
  folder.files.set("saved_model.pb", new Uint8Array(encodeMessage(SavedModelProto, { metaGraphs: [metaGraph] })));
  return (await openSavedModel(folder)).metaGraph();
}

async function fixture(name: string): Promise<MetaGraph> {
  return (await openSavedModel(new URL(`${name}/model/`, FIXTURES).pathname)).metaGraph();
}

describe("scanOps", () => {
  test("finds what is called directly, and nothing behind a loop, as saved_model_cli", async () => {
    const metaGraph = await graph(
      [call("call", "PartitionedCall", "f", "outer"), { name: "direct", op: "direct_function" }],
      {
        outer: [{ name: "print", op: "PrintV2" }, call("loop", "While", "body", "body")],
        body: [{ name: "write", op: "WriteFile" }],
        direct_function: [{ name: "read", op: "ReadFile" }],
        uncalled: [{ name: "write", op: "WriteFile" }],
      },
    );
    expect(scanOps(metaGraph)).toEqual({
      found: ["PrintV2", "ReadFile"],
      text: "MetaGraph with tag set ['serve'] contains the following denylisted ops: {'PrintV2', 'ReadFile'}\n",
    });
    expect(scanOps(metaGraph, ["While", "Add"]).found).toEqual(["While"]);
    expect(scanOps(metaGraph, []).text).toBe(
      "MetaGraph with tag set ['serve'] does not contain the default denylisted ops: set()\n",
    );
  });

  test("counts the empty name of a call without a function, as saved_model_cli", async () => {
    expect(scanOps(await graph([{ name: "call", op: "PartitionedCall" }]), [""]).found).toEqual([""]);
  });
});

describe("findDangerousOps", () => {
  test("looks into every function and says where", async () => {
    const metaGraph = await graph([{ name: "read", op: "ReadFile" }, call("loop", "While", "body", "body")], {
      body: [
        { name: "write", op: "WriteFile" },
        { name: "add", op: "AddV2" },
      ],
      uncalled: [{ name: "python", op: "EagerPyFunc" }],
    });
    expect(
      findDangerousOps(metaGraph).map(({ severity, op, node, function: name }) => [severity, op, node, name]),
    ).toEqual([
      ["critical", "EagerPyFunc", "python", "uncalled"],
      ["high", "WriteFile", "write", "body"],
      ["medium", "ReadFile", "read", undefined],
    ]);
  });

  test("some ops depend on an attribute or on an input", async () => {
    const print = (name: string, stream: string): Node => ({
      name,
      op: "PrintV2",
      attr: new Map([["output_stream", { s: utf8(stream) }]]),
    });
    const constant = (name: string, stringVal: Uint8Array[], tensorContent = new Uint8Array()): Node => ({
      name,
      op: "Const",
      attr: new Map([["value", { tensor: { dtype: 7, stringVal, tensorContent } }]]),
    });
    const cache = (name: string, filename: string): Node => ({ name, op: "CacheDataset", input: ["data", filename] });
    const found = findDangerousOps(
      await graph([
        print("stderr", "stderr"),
        print("to-file", "file:///tmp/x"),
        constant("none", [utf8("")]),
        constant("some", [utf8("/tmp/x")]),
        constant("packed", [], utf8("\x01x")),
        cache("in-memory", "none:0"),
        cache("on-disk", "some"),
        cache("packed-name", "packed"),
        cache("given", "argument"),
        { name: "unigram", op: "FixedUnigramCandidateSampler", attr: new Map([["vocab_file", { s: utf8("") }]]) },
        { name: "debug", op: "DebugIdentityV2", attr: new Map([["debug_urls", { list: { s: [utf8("file:///x")] } }]]) },
      ]),
    );
    expect(found.map(({ node, severity }) => `${node} ${severity}`)).toEqual([
      "to-file high",
      "on-disk high",
      "packed-name high",
      "given high",
      "debug high",
      "stderr low",
    ]);
  });

  test("saving and restoring is expected of the saver and of nothing else", async () => {
    const nodes: Node[] = [
      call("saved", "StatefulPartitionedCall", "f", "save"),
      call("restored", "StatefulPartitionedCall", "f", "restore"),
    ];
    const functions = { save: [{ name: "write", op: "SaveV2" }], restore: [{ name: "read", op: "RestoreV2" }] };
    const saverDef = { saveTensorName: "saved:0", restoreOpName: "restored" };
    expect(findDangerousOps(await graph(nodes, functions, { saverDef }))).toEqual([]);
    const outputs = new Map([["y", { name: "restored:0" }]]);
    const serving = await graph(nodes, functions, {
      saverDef,
      signatureDef: new Map([["serving_default", { outputs }]]),
    });
    expect(findDangerousOps(serving).map(({ node }) => node)).toEqual(["read"]);
    const objectGraphDef = { nodes: [{ function: { concreteFunctions: ["save"] } }] };
    const callable = await graph(nodes, functions, { saverDef, objectGraphDef });
    expect(findDangerousOps(callable).map(({ node }) => node)).toEqual(["write"]);
    expect(findDangerousOps(await graph(nodes, functions)).map(({ node }) => node)).toEqual(["write", "read"]);
  });

  test.each(["multi", "v1-training", "keras-3-export", "keras-2-sequential"])("%s is harmless", async (name) => {
    expect(findDangerousOps(await fixture(name))).toEqual([]);
  });

  test("a file that is written behind a loop, which saved_model_cli does not see", async () => {
    const metaGraph = await fixture("control-flow");
    expect(scanOps(metaGraph).found).toEqual([]);
    const found = findDangerousOps(metaGraph);
    expect(found.map(({ op, severity }) => `${op} ${severity}`)).toEqual(["WriteFile high", "WriteFile high"]);
    for (const { function: name } of found) expect(metaGraph.functions.has(name ?? "")).toBe(true);
  });

  test("a model that reads its assets", async () => {
    const found = findDangerousOps(await fixture("assets"));
    expect(found.map(({ op, severity }) => `${op} ${severity}`)).toContain("ReadFile medium");
  });

  test("every op has a reason", () => {
    expect(DANGEROUS_OPS.size).toBeGreaterThan(80);
    for (const dangers of DANGEROUS_OPS.values()) for (const { reason } of dangers) expect(reason).not.toBe("");
  });
});

describe("findDangerousLayers", () => {
  const layers = (metadata: unknown): string[] => {
    const text = typeof metadata === "string" ? metadata : JSON.stringify(metadata);
    const nodes = [{ nodeId: 3, path: "root.layer", identifier: "_tf_keras_layer", metadata: text }];
    return findDangerousLayers(nodes).map(({ severity, className, path, nodeId }) =>
      [severity, className, path, nodeId].join(" "),
    );
  };
  const bytecode = { class_name: "__tuple__", items: ["4wEAAAA=", null, null] };

  test("Lambda layers at any depth", () => {
    const lambda = { class_name: "Lambda", config: { function: bytecode, function_type: "lambda" } };
    expect(
      layers({ class_name: "Sequential", config: { layers: [{ class_name: "Dense", config: {} }, lambda] } }),
    ).toEqual(["critical Lambda config.layers[1] 3"]);
    expect(
      layers({ class_name: "Lambda", config: { function: ["4wEAAAA=", null, null], function_type: "function" } }),
    ).toEqual(["critical Lambda  3"]);
    expect(layers({ class_name: "Lambda", config: { function: "relu", function_type: "function" } })).toEqual([
      "low Lambda  3",
    ]);
    expect(layers({ config: { activation: { class_name: "__lambda__", config: { value: "4w==" } } } })).toEqual([
      "critical __lambda__ config.activation 3",
    ]);
  });

  test("foreign modules and pickles", () => {
    expect(layers({ class_name: "Evil", module: "os.path" })).toEqual(["high Evil  3"]);
    expect(layers({ class_name: "Dense", module: "keras.layers" })).toEqual([]);
    expect(layers({ class_name: "TorchModuleWrapper", config: {} })).toEqual(["critical TorchModuleWrapper  3"]);
  });

  test("numbers as Python writes them, nesting as deep as you like, and what is no JSON", () => {
    expect(layers('{"class_name": "Lambda", "config": {"x": [NaN, -Infinity], "function_type": "lambda"}}')).toEqual([
      "critical Lambda  3",
    ]);
    expect(layers(`${'{"a":'.repeat(5000)}{"class_name":"__lambda__"}${"}".repeat(5000)}`)).toHaveLength(1);
    expect(layers("{")).toEqual(["medium _tf_keras_layer  3"]);
  });
});
