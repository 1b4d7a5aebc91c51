import { describe, expect, test } from "vitest";
import { keyIdentity, sortEntries } from "../src/key.ts";
import { fromPlain, toPlain } from "../src/plain.ts";
import {
  isPyBytes,
  isPyDict,
  isPyFloat,
  isPyInt,
  isPyList,
  isPySet,
  isPyTuple,
  type PyKey,
  PyTuple,
  type PyValue,
  pyFloat,
  pyInt,
} from "../src/value.ts";

describe("numbers", () => {
  test("an integer has any size", () => {
    expect(pyInt(10n ** 30n).text).toBe("1000000000000000000000000000000");
    expect(pyInt("-12").toBigInt()).toBe(-12n);
    expect(pyInt(2 ** 53 - 1).toNumber()).toBe(9007199254740991);
    expect(`${pyInt(-0)} ${pyFloat(-0)}`).toBe("0 -0.0");
  });

  test.each([1.5, 2 ** 53, Number.NaN, "1.0", "01", "", "1, 2", "0x1"])(
    "%j is no integer that is known exactly",
    (value) => {
      expect(() => pyInt(value)).toThrow(RangeError);
    },
  );
});

test("kinds of values are told apart", () => {
  const values: readonly PyValue[] = [
    null,
    true,
    "a",
    pyInt(1),
    pyFloat(1),
    [],
    new PyTuple([]),
    new Uint8Array(),
    new Map(),
    new Set(),
  ];
  const kinds = values.map((value) =>
    [isPyInt, isPyFloat, isPyList, isPyTuple, isPyBytes, isPyDict, isPySet].map((is) => is(value)),
  );
  expect(kinds.map((each) => each.indexOf(true))).toEqual([-1, -1, -1, 0, 1, 2, 3, 4, 5, 6]);
  expect(kinds.every((each) => each.filter(Boolean).length <= 1)).toBe(true);
});

test("plain values lose what JavaScript has not, and nothing else", () => {
  const value = fromPlain({ a: [pyInt(1), pyFloat(2), 3n, null], b: { c: "d", e: undefined }, f: new PyTuple([true]) });
  expect(toPlain(value)).toEqual({ a: [1, 2, 3, null], b: { c: "d" }, f: [true] });
  const dict = new Map<PyKey, PyValue>([
    [pyInt(2), new Set(["x"])],
    [new PyTuple([pyInt(1), "a"]), "t"],
    ["__proto__", "p"],
  ]);
  expect(Object.entries(toPlain(dict) ?? {})).toEqual([
    ["2", ["x"]],
    ['(1, "a")', "t"],
    ["__proto__", "p"],
  ]);
});

test("a plain number does not say what it is", () => {
  // @ts-expect-error numbers are refused by their type as well
  expect(() => fromPlain({ units: 3 })).toThrow(TypeError);
});

describe("keys", () => {
  test("those that Python calls equal have one identity", () => {
    const one: readonly PyKey[] = [pyInt(1), pyFloat(1), true];
    expect(new Set(one.map(keyIdentity)).size).toBe(1);
    const others: readonly PyKey[] = [
      "1",
      null,
      "None",
      pyFloat(1.5),
      false,
      new PyTuple([pyInt(1)]),
      new Uint8Array([1]),
      "n1",
    ];
    expect(new Set([...one, ...others].map(keyIdentity)).size).toBe(1 + others.length);
  });

  test.each([
    [
      ["b", "a", "😀", "\uffff"],
      ["a", "b", "\uffff", "😀"],
    ],
    [
      [pyInt(10), pyFloat(9.5), true],
      [true, pyFloat(9.5), pyInt(10)],
    ],
    [
      [new PyTuple(["b"]), new PyTuple(["a", pyInt(1)]), new PyTuple(["a"])],
      [new PyTuple(["a"]), new PyTuple(["a", pyInt(1)]), new PyTuple(["b"])],
    ],
    [
      [Uint8Array.of(2), Uint8Array.of(1, 2), Uint8Array.of(1)],
      [Uint8Array.of(1), Uint8Array.of(1, 2), Uint8Array.of(2)],
    ],
    [[null], [null]],
  ])("%j are sorted as in Python", (keys: readonly PyKey[], sorted) => {
    expect(sortEntries(keys.map((key) => [key, null]))?.map(([key]) => key)).toEqual(sorted);
  });

  test.each([[["a", pyInt(1)]], [[null, true]], [[new PyTuple(["a"]), new PyTuple([pyInt(1)])]]])(
    "%j have no order",
    (keys: readonly PyKey[]) => {
      expect(sortEntries(keys.map((key) => [key, null]))).toBeUndefined();
    },
  );
});
