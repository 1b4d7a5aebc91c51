import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseJson } from "../src/json/parse.ts";
import { stringifyJson } from "../src/json/stringify.ts";
import { toPlain } from "../src/plain.ts";
import { parseYaml } from "../src/yaml/parse.ts";
import { stringifyYaml } from "../src/yaml/stringify.ts";
import { describeValue } from "./python-values.ts";

const FIXTURES = new URL("../../../fixtures/keras-config/", import.meta.url);
const FOLDERS = readdirSync(FIXTURES).filter((name) => name.startsWith("texts-"));

test("there are texts of every era", () => expect(FOLDERS).toHaveLength(4));

describe.each(FOLDERS)("%s", (folder) => {
  const expected: Record<string, unknown> = JSON.parse(
    readFileSync(new URL(`${folder}/expected.json`, FIXTURES), "utf8"),
  );
  const names = readdirSync(new URL(folder, FIXTURES)).filter((name) => name !== "expected.json");

  test.each(names)("%s", (name) => {
    const text = readFileSync(new URL(`${folder}/${name}`, FIXTURES), "utf8");
    const value = name.endsWith(".json") ? parseJson(text) : parseYaml(text);
    expect(describeValue(value, null)).toEqual(expected[name]);
    if (name.startsWith("read-")) return; // what Python 2 and NumPy wrote is not written so again
    const defaultFlowStyle = name.includes("before-5.1") ? null : false;
    expect(name.endsWith(".json") ? stringifyJson(value) : stringifyYaml(value, { defaultFlowStyle })).toBe(text);
  });

  test("the YAML says what the JSON says", () => {
    for (const name of names.filter((each) => each.endsWith(".json"))) {
      const json = readFileSync(new URL(`${folder}/${name}`, FIXTURES), "utf8");
      const yaml = readFileSync(new URL(`${folder}/${name.replace(".json", "-before-5.1.yaml")}`, FIXTURES), "utf8");
      expect(toPlain(parseYaml(yaml))).toEqual(toPlain(parseJson(json)));
    }
  });
});
