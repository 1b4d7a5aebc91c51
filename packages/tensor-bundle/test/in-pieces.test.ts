// Tensors piece by piece: the same bytes as when they are read at once, and the same errors.

import { CorruptError, MemoryFolder, NotFoundError } from "@modelbytes/bytes";
import { isVarying, type Tensor, type TensorInPieces, toBytes } from "@modelbytes/tensor";
import { type Bundle, openBundle, type Part, type Parts, splitTensors, writeBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { attempt } from "./damage.ts";
import { FIXTURES, fixturesOf } from "./fixtures.ts";

/** More than two pieces, and no whole number of them. */
const SHAPE = [1301, 1023];

function tensorOf(seed: number): Tensor<"float32"> {
  const data = new Float32Array(1301 * 1023).map((_, at) => Math.imul(at + seed, 2654435761) % 4096);
  return { dtype: "float32", shape: SHAPE, data };
}

async function joined({ pieces }: Pick<TensorInPieces, "pieces">): Promise<Uint8Array> {
  const copies: Uint8Array[] = [];
  for await (const piece of pieces) copies.push(piece.slice());
  return Buffer.concat(copies);
}

async function openWritten(parts: Parts): Promise<Bundle> {
  const { folder, prefix } = await written(parts);
  return await openBundle(folder, { prefix });
}

async function written(parts: Parts, transform?: (bundle: Bundle) => Parameters<typeof writeBundle>[1]) {
  const folder = new MemoryFolder();
  await writeBundle({ folder, prefix: "a" }, parts);
  if (transform === undefined) return { folder, prefix: "a" };
  await using bundle = await openBundle(folder, { prefix: "a" });
  await writeBundle({ folder, prefix: "b" }, transform(bundle));
  return { folder, prefix: "b" };
}

describe("in pieces are the bytes of", () => {
  test.each(fixturesOf("tensor-bundle").map(([name, { prefix }]) => [name, prefix]))("%s", async (name, prefix) => {
    await using bundle = await openBundle(`${FIXTURES}${name}/${prefix}`);
    for (const [key, { dtype }] of bundle.entries) {
      const found = await attempt(async () => {
        const pieces = bundle.inPieces(key);
        return pieces && { dtype, shape: pieces.shape, bytes: await joined(pieces) };
      });
      const expected = await attempt(async () => {
        const tensor = await bundle.read(key);
        if (tensor.dtype === "string" || tensor.dtype === "variant") return undefined;
        return { dtype, shape: tensor.shape, bytes: Buffer.from(toBytes(tensor)) };
      });
      if (!isVarying(dtype)) expect(found).toEqual(expected);
      else expect(found).toBeUndefined();
    }
  });

  test.each([
    ["rows", 0],
    ["columns", 1],
  ])("a tensor in %s", async (_, axis) => {
    const tensor = tensorOf(1);
    const from = await written([["t", tensor]], (bundle) => splitTensors(bundle.stream(), () => ({ axis, parts: 3 })));
    await using bundle = await openBundle(from.folder, { prefix: from.prefix });
    const pieces = bundle.inPieces("t");
    expect(pieces && Buffer.compare(await joined(pieces), toBytes(tensor))).toBe(0);
  });
});

test("two tensors at once, and one of them twice, do not write over each other", async () => {
  const [one, other] = [tensorOf(1), tensorOf(7)];
  await using bundle = await openWritten([
    ["one", one],
    ["other", other],
  ]);
  const all = ["one", "other", "one"].map((name) => bundle.inPieces(name)?.pieces ?? []);
  const iterators = all.map(async function* (pieces) {
    yield* pieces;
  });
  const found: Uint8Array[][] = all.map(() => []);
  for (let left = iterators.length; left > 0; ) {
    for (const [at, iterator] of iterators.entries()) {
      const next = await iterator.next();
      if (next.done === true) left--;
      else found[at]?.push(next.value.slice());
    }
  }
  const wanted = [one, other, one];
  for (const [at, pieces] of found.entries()) {
    expect(Buffer.compare(Buffer.concat(pieces), toBytes(wanted[at] ?? one))).toBe(0);
  }
});

describe("a damaged tensor", () => {
  const damaged = async (parts: readonly Part[], at: number, axis?: number) => {
    const transform = (bundle: Bundle) => splitTensors(bundle.stream(), () => ({ axis: axis ?? 0, parts: 3 }));
    const { folder, prefix } = await written(parts, axis === undefined ? undefined : transform);
    const bytes = folder.files.get(`${prefix}.data-00000-of-00001`);
    if (bytes !== undefined) bytes[at] = (bytes[at] ?? 0) ^ 1;
    return await openBundle(folder, { prefix });
  };

  test.each([
    ["whole", undefined],
    ["in rows", 0],
    ["in columns", 1],
  ])("%s gives the error that reading it gives, and not its last bytes", async (_, axis) => {
    await using bundle = await damaged([["t", tensorOf(1)]], 1301 * 1023 * 4 - 1, axis);
    let given = 0;
    const pieces = async () => {
      for await (const piece of bundle.inPieces("t")?.pieces ?? []) given += piece.length;
    };
    const error = await pieces().catch((thrown: unknown) => thrown);
    const expected = await bundle.read("t").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CorruptError);
    expect(error).toEqual(expected);
    expect(given).toBeLessThan(1301 * 1023 * 4);
  });

  test("is no tensor of another", async () => {
    await using bundle = await damaged(
      [
        ["one", tensorOf(1)],
        ["other", tensorOf(7)],
      ],
      0,
    );
    const other = bundle.inPieces("other");
    expect(other && Buffer.compare(await joined(other), toBytes(tensorOf(7)))).toBe(0);
  });
});

test("a name that is not there is said to be none", async () => {
  await using bundle = await openWritten([["t", tensorOf(1)]]);
  expect(() => bundle.inPieces("s")).toThrow(NotFoundError);
});
