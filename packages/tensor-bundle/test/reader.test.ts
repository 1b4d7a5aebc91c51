import { openBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { describeTensor, FIXTURES, fixturesOf } from "./fixtures.ts";

const bundles = fixturesOf("tensor-bundle").filter(([name]) => name !== "partitioned-bad");

test("the fixtures are there", () => expect(bundles.length).toBeGreaterThan(40));

describe.each(bundles)("%s", (name, { prefix, tensors }) => {
  const path = `${FIXTURES}${name}/${prefix}`;

  test("lists the tensors that Python TensorFlow lists", async () => {
    await using bundle = await openBundle(path);
    const listed = [...bundle.entries].map(([key, { dtype, shape }]) => [key, dtype, shape]);
    expect(listed).toEqual(Object.entries(tensors).map(([key, { dtype, shape }]) => [key, dtype, shape]));
  });

  test("reads their values", async () => {
    await using bundle = await openBundle(path);
    for (const [key, { dtype, shape, sha256 }] of Object.entries(tensors)) {
      expect([key, describeTensor(await bundle.read(key))]).toEqual([key, { dtype, shape, sha256 }]);
    }
  });

  test("streams the same values", async () => {
    await using bundle = await openBundle(path);
    const seen = new Map<string, string>();
    for await (const [key, tensor] of bundle.stream()) seen.set(key, describeTensor(tensor).sha256);
    expect(Object.fromEntries(seen)).toEqual(
      Object.fromEntries(Object.entries(tensors).map(([key, { sha256 }]) => [key, sha256])),
    );
  });

  test("verifies without a problem", async () => {
    await using bundle = await openBundle(path);
    for await (const problem of bundle.verify()) expect.fail(problem.message);
  });
});
