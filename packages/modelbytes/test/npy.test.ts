import { createHash } from "node:crypto";
import { UnsupportedError } from "@modelbytes/bytes";
import { DTYPES, isDType } from "@modelbytes/tensor";
import { expect, test } from "vitest";
import { npyHeader } from "../src/command/npy.ts";

/** The heads of files that `numpy.save` of numpy 2.4.6 wrote: `{'descr': … }` and its padding, behind the ten bytes in front. */
const GOLDEN = [
  ["float32", [], "{'descr': '<f4', 'fortran_order': False, 'shape': (), }"],
  ["float32", [3], "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"],
  ["int64", [2, 3], "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }"],
  ["bool", [0, 3], "{'descr': '|b1', 'fortran_order': False, 'shape': (0, 3), }"],
  ["complex128", [1, 1, 2], "{'descr': '<c16', 'fortran_order': False, 'shape': (1, 1, 2), }"],
  ["float16", [2], "{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }"],
] as const;

test.each(GOLDEN)("the head of %s %j is numpy's", (dtype, shape, fields) => {
  const head = Buffer.from(npyHeader({ dtype, shape })).toString("latin1");
  expect(head).toBe(`\u0093NUMPY\u0001\u0000v\u0000${fields.padEnd(117)}\n`);
});

test("600 heads of all lengths have the SHA-256 of numpy's", () => {
  const sha256 = createHash("sha256");
  for (let n = 0; n < 200; n++) {
    const shapes = [[n], [n < 12 ? 10 ** n : n, 2], Array.from({ length: n % 30 }, () => 1)];
    for (const shape of shapes) sha256.update(npyHeader({ dtype: "float32", shape }));
  }
  expect(sha256.digest("hex")).toBe("a665d01ada75ac7d50f830e50c4ee416d951973166edce9f4e7ca6d03113daf2");
});

test("refuses what numpy has not, and names what can", () => {
  const refused = Object.keys(DTYPES).filter((dtype) => {
    if (!isDType(dtype)) return false;
    try {
      npyHeader({ dtype, shape: [] }, "x");
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(UnsupportedError);
      return true;
    }
  });
  expect(refused.filter((dtype) => !/^(float8|float4|u?int[24]$)/.test(dtype))).toEqual([
    "string",
    "bfloat16",
    "variant",
  ]);
  expect(refused).toHaveLength(13);
});
