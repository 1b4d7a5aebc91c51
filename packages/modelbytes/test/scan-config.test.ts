import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findDangerousLayers } from "@modelbytes/saved-model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Finding, scan } from "../src/index.ts";
import { namesInBytecode } from "../src/scan/bytecode.ts";
import { scanConfigText } from "../src/scan/config.ts";
import { architecture, bytes, FIXTURES, layerOf, short } from "./scanned.ts";

/** What is found of an architecture with this layer, in short. */
async function found(layer: unknown): Promise<string[]> {
  const { findings } = await scan(bytes(JSON.stringify(architecture(layer))));
  return findings.map(short);
}

/** The code that Keras 3 wrote of `lambda x: (__import__('os').system('echo from a lambda'), x)[1]`. */
const [, CODE = ""] = /"code": "([^"]+)"/.exec(readFileSync(join(FIXTURES, "scan/lambda.json"), "utf8")) ?? [];
const BASE64 = CODE.replaceAll("\\n", "\n");

const AT = "at config.layers[0]";

describe("a config", () => {
  test.each<[name: string, layer: object, findings: string[]]>([
    [
      "bytecode",
      layerOf("Lambda", { function: { class_name: "__lambda__", config: { code: BASE64 } } }),
      [`critical __lambda__ ${AT}.config.function CVE-2024-3660`],
    ],
    [
      "bytecode that is no layer's",
      layerOf("Dense", { activation: { class_name: "__lambda__", config: { value: [BASE64, null, null] } } }),
      [`critical __lambda__ ${AT}.config.activation CVE-2024-3660`],
    ],
    [
      "bytecode of Keras 2",
      { class_name: "Lambda", config: { function: [BASE64, null, null], function_type: "lambda" } },
      [`critical Lambda ${AT} CVE-2024-3660`],
    ],
    [
      "bytecode in a tuple",
      { class_name: "Lambda", config: { function: { class_name: "__tuple__", items: [BASE64, null, null] } } },
      [`critical Lambda ${AT} CVE-2024-3660`],
    ],
    [
      "bytecode of a Lambda's mask",
      { class_name: "Lambda", config: { function: "f", mask: [BASE64, null, null] } },
      [`critical Lambda ${AT} CVE-2024-3660`],
    ],
    ["a function by name", { class_name: "Lambda", config: { function: "f" } }, [`low Lambda ${AT} -`]],
    [
      "a pickle",
      layerOf("TorchModuleWrapper", { module: "gAI=" }),
      [`critical TorchModuleWrapper ${AT} CVE-2025-49655`],
    ],
    ["a SavedModel", layerOf("TFSMLayer", { filepath: "/tmp/x" }), [`high TFSMLayer ${AT} CVE-2026-1462`]],
    ["Flax", layerOf("FlaxLayer"), [`high FlaxLayer ${AT} -`]],
    ["JAX", layerOf("JaxLayer"), [`high JaxLayer ${AT} -`]],
    ["a hub", { class_name: "KerasLayer", config: { handle: "https://example.org/m" } }, [`high KerasLayer ${AT} -`]],
    ["a foreign module", layerOf("Popen", {}, { module: "subprocess" }), [`high Popen ${AT} CVE-2025-1550`]],
    [
      "a module that begins like Keras's",
      layerOf("Dense", {}, { module: "keras_evil.layers" }),
      [`high Dense ${AT} CVE-2025-1550`],
    ],
    ["Python's own", layerOf("eval", {}, { module: "builtins" }), [`high eval ${AT} CVE-2025-1550`]],
    [
      "a function of a foreign module",
      layerOf("Dense", { activation: { module: "os", class_name: "function", config: "system" } }),
      [`high the function "system" ${AT}.config.activation CVE-2025-1550`],
    ],
    [
      "a function that is no part of models",
      layerOf("Dense", {
        activation: { module: "keras.utils", class_name: "function", config: "get_file", registered_name: "get_file" },
      }),
      [`critical get_file ${AT}.config.activation.config CVE-2025-8747`],
    ],
    [
      "such a function by its whole name, in a list",
      layerOf("Dense", { activation: ["keras.saving.load_model"] }),
      [`critical load_model ${AT}.config.activation[0] CVE-2025-8747`],
    ],
    [
      "the switch of the safe mode",
      layerOf("Dense", { activation: "keras.config.enable_unsafe_deserialization" }),
      [`critical enable_unsafe_deserialization ${AT}.config.activation CVE-2025-9906`],
    ],
    [
      "a vocabulary from a file",
      layerOf("StringLookup", { vocabulary: "/etc/passwd" }),
      [`high vocabulary ${AT}.config.vocabulary CVE-2025-12058`],
    ],
    [
      "a name that leads out",
      layerOf("StringLookup", { name: "../../out" }),
      [`high ../../out ${AT}.config.name CVE-2026-12479`],
    ],
    [
      "a class of Keras under another name",
      layerOf("Dense", {}, { registered_name: "evil>Other" }),
      [`high Dense ${AT} -`],
    ],
    [
      "a class of the model's own",
      layerOf("Own", {}, { module: null, registered_name: "pkg>Own" }),
      [`low Own ${AT} -`],
    ],
    [
      "a class of another package of Keras",
      layerOf("Backbone", {}, { module: "keras_hub.src.models", registered_name: "keras_hub>Backbone" }),
      [],
    ],
    ["a sound layer", layerOf("Dense", { units: 3, activation: "relu", name: "get_file" }), []],
    ["a list of words", layerOf("StringLookup", { vocabulary: ["/etc/passwd"] }), []],
    [
      "the type of a tensor",
      layerOf("Dense", { spec: { class_name: "__typespec__", module: "tensorflow.python.framework.tensor" } }),
      [],
    ],
  ])("%s", async (_, layer, findings) => {
    expect(await found(layer)).toEqual(findings);
    expect(await found(layerOf("TimeDistributed", { layer }))).toEqual(
      findings.map((each) => each.replace(AT, `${AT}.config.layer`)),
    );
  });

  test("lists the names in bytecode", async () => {
    const { findings } = await scan(join(FIXTURES, "scan/lambda.json"));
    const names = ["os", "echo from a lambda", "__import__", "system", "dangerous_source.py", "<lambda>"];
    expect(findings).toEqual([
      {
        severity: "critical",
        what: "__lambda__",
        reason: "is Python bytecode",
        part: "JSON",
        path: "config.layers[1].config.function",
        node: null,
        function: null,
        tags: [],
        advisory: "CVE-2024-3660",
        versions: "Keras before 2.13, and every later one with safe_mode=False",
        names,
      },
    ]);
  });

  test("the names of any text are found, and never too many", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(namesInBytecode(text).length).toBeLessThanOrEqual(50);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{2,60}$/), (name) => {
        const code = `\u00e3\u0001\u0000z${String.fromCharCode(name.length)}${name}`;
        expect(namesInBytecode(btoa(code))).toEqual([name]);
      }),
    );
  });

  test("that is no architecture is scanned, too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const layers = [{ any: value }, { class_name: "TorchModuleWrapper", config: value }];
        const { findings, problems } = await scan(
          bytes(JSON.stringify({ class_name: "Sequential", config: { layers } })),
        );
        expect(findings.map(short)).toEqual(["critical TorchModuleWrapper at config.layers[1] CVE-2025-49655"]);
        expect(problems).toMatchObject([{ code: "architecture" }]);
      }),
      { numRuns: 50 },
    );
  });

  test("YAML that makes Python objects", async () => {
    const yaml = "class_name: Sequential\nconfig:\n  layers: !!python/object/apply:os.system ['echo']\n";
    const { format, dangerous, findings } = await scan(bytes(yaml));
    expect({ format, dangerous, found: findings.map(short) }).toEqual({
      ...{ format: "keras-config", dangerous: true },
      found: ["critical YAML at - CVE-2021-37678"],
    });
  });
});

test("YAML in which a list stands in itself ends, and so does one that doubles", async () => {
  const doubling = Array.from({ length: 16 }, (_, i) => `  a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join("\n");
  const yaml = `class_name: Sequential\nconfig:\n  layers: []\n  a0: &a0 [{class_name: TorchModuleWrapper}]\n${doubling}\n`;
  const { findings } = await scan(bytes(yaml));
  expect(findings.map(short)).toEqual(["critical TorchModuleWrapper at config.a0[0] CVE-2025-49655"]);
  const itself = "class_name: Sequential\nconfig: &c\n  layers: [*c, {class_name: TorchModuleWrapper}]\n";
  await expect(scan(bytes(itself))).rejects.toMatchObject({ name: "UnsupportedError" });
  const time = "class_name: Sequential\nconfig:\n  layers: [!!timestamp 2001-01-01]\n";
  await expect(scan(bytes(time))).rejects.toMatchObject({ code: "yaml-tag" });
});

describe("the metadata of a SavedModel", () => {
  const origin = { file: "saved-model", place: { node: "object 1" } } as const;

  test.each<[config: object, expected: string[]]>([
    [
      {
        class_name: "Model",
        config: { layers: [{ class_name: "Lambda", config: { function: [BASE64, null, null] } }] },
      },
      ["critical Lambda object 1 config.layers[0]"],
    ],
    [{ class_name: "Lambda", config: { function: "f" } }, ["low Lambda object 1 "]],
    [{ class_name: "Popen", module: "subprocess" }, ["high Popen object 1 "]],
    [{ class_name: "TorchModuleWrapper" }, ["critical TorchModuleWrapper object 1 "]],
    [{ class_name: "Dense", module: "tensorflow.python.keras.layers" }, []],
  ])("%j, as the package of SavedModels", (config, expected) => {
    const text = JSON.stringify(config);
    const asFound = ({ severity, what, node, path }: Finding) => [severity, what, node, path].join(" ");
    expect(scanConfigText(text, "_tf_keras_layer", origin).map(asFound)).toEqual(expected);
    const nodes = [{ nodeId: 1, path: "", identifier: "_tf_keras_layer", metadata: text }];
    const found = findDangerousLayers(nodes);
    expect(found.map((each) => `${each.severity} ${each.className} object ${each.nodeId} ${each.path}`)).toEqual(
      expected,
    );
  });

  test("that is no JSON, or has numbers that are none", () => {
    expect(scanConfigText("{", "_tf_keras_layer", origin)).toMatchObject([
      { severity: "medium", what: "_tf_keras_layer" },
    ]);
    expect(scanConfigText('{"config": {"rate": NaN}}', "_tf_keras_layer", origin)).toEqual([]);
  });
});
