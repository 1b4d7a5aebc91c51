import { describe, expect, test } from "vitest";
import { parseGlob, parseRenaming } from "../src/command/pattern.ts";

describe("a pattern of --only", () => {
  test.each([
    ["a/b", ["a/b"], ["a", "a/b/c", "x/a/b", "a/b/"]],
    ["a/*", ["a/b", "a/"], ["a", "a/b/c"]],
    ["a/**", ["a/b", "a/b/c"], ["a", "ab/c"]],
    ["**/b", ["b", "a/b", "a/a/b"], ["ab", "b/a"]],
    ["a/**/b", ["a/b", "a/c/d/b"], ["ab", "a/cb"]],
    ["a**b", ["ab", "a/x/b"], ["a/x/b/c"]],
    ["a**/b", ["a/b", "ax/y/b"], ["ab"]],
    ["layer_*/k*", ["layer_1/kernel", "layer_/k"], ["layer_1/2/kernel"]],
    ["a.b+(c)[d]$", ["a.b+(c)[d]$"], ["axb+(c)[d]$"]],
    ["a\\*\\\\", ["a*\\"], ["ab\\", "a*"]],
    ["**", ["a", "a/b\nc"], []],
  ])("%s", (pattern, matching, others) => {
    const { matches } = parseGlob(pattern);
    expect(matching.filter((name) => !matches(name))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });
});

describe("a renaming", () => {
  test.each([
    ["a/b=c", { "a/b": "c", "a/b/d": "c/d", "a/bc": undefined, "x/a/b": undefined }],
    ["a/=b/", { a: "b", "a/c": "b/c" }],
    ["a=", { "a/b": "b", a: "" }],
    ["a_*=b_*", { a_1: "b_1", "a_1/k": "b_1/k", "a/k": undefined }],
    ["*/a/*=x/*/*", { "p/a/q/r": "x/p/q/r", "p/q/a/r": undefined }],
    ["**/k=**/w", { k: "w", "a/b/k": "a/b/w", "k/k": "k/w", ak: undefined, "k/b": "w/b" }],
    ["**=net/**", { "a/b": "net/a/b" }],
    ["a\\=b=c=d", { "a=b": "c=d" }],
    ["a\\*=$1", { "a*/b": "$1/b", ab: undefined }],
  ])("%s", (renaming, names) => {
    const { apply } = parseRenaming(renaming);
    expect(Object.fromEntries(Object.keys(names).map((name) => [name, apply(name)]))).toEqual(names);
  });
});
