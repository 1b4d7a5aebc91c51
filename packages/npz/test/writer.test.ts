// Written files are byte for byte those of NumPy.

import { MemorySink } from "@modelbytes/bytes";
import {
  decodeNpy,
  encodeNpy,
  keepsDType,
  openNpz,
  type WritableArrays,
  type WriteNpzOptions,
  writeNpz,
} from "@modelbytes/npz";
import { DTYPES, fromBytes, isVarying, type Tensor, tensor, toBytes } from "@modelbytes/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, describeTensor, expected } from "./fixtures.ts";

async function written(arrays: WritableArrays, options?: WriteNpzOptions): Promise<Uint8Array> {
  const sink = new MemorySink("out.npz");
  await writeNpz(sink, arrays, options);
  return sink.bytes;
}

const text = (...strings: string[]) => strings.map((each) => new TextEncoder().encode(each));

describe.each(["demo", "dtypes", "ml-dtypes", "nothing"])("%s", (name) => {
  const bytes = bytesOf(`${name}/${expected(name).file}`);

  test("is written again from the open file", async () => {
    await using file = await openNpz(bytes);
    expect(await written(file)).toEqual(bytes);
  });

  test("is written again from its pieces, and from tensors that are read when they are due", async () => {
    await using file = await openNpz(bytes);
    const names = [...file.entries.keys()];
    expect(await written(names.map((key) => [key, file.inPieces(key)] as const))).toEqual(bytes);
    const later = [...file.entries].map(([key, { dtype, shape }]) => {
      return [key, { dtype, shape, read: () => file.read(key) }] as const;
    });
    expect(await written(later)).toEqual(bytes);
  });
});

test("random tensors of every dtype that is kept come back", async () => {
  const dtypes = Object.values(DTYPES).flatMap(({ name }) => (!isVarying(name) && keepsDType(name) ? [name] : []));
  const shapes = fc.array(fc.nat({ max: 3 }), { maxLength: 3 });
  const fixed = fc.tuple(fc.constantFrom(...dtypes), shapes).chain(([dtype, shape]) => {
    const size = shape.reduce((product, dim) => product * dim, DTYPES[dtype].itemsize);
    const bytes = fc.array(fc.nat({ max: dtype === "bool" ? 1 : 255 }), { minLength: size, maxLength: size });
    return bytes.map((each): Tensor => fromBytes(dtype, shape, Uint8Array.from(each)));
  });
  const element = fc.uint8Array({ maxLength: 5 }).filter((each) => each.at(-1) !== 0);
  const strings = shapes.chain((shape) => {
    const count = shape.reduce((product, dim) => product * dim, 1);
    return fc
      .array(element, { minLength: count, maxLength: count })
      .map((data): Tensor => tensor("string", shape, data));
  });
  const name = fc.stringMatching(/^[\w-]{1,6}(\/[\w:é]{1,6})?$/);
  const dictionaries = fc.dictionary(name, fc.oneof(fixed, strings)).map((each) => Object.entries(each));
  await fc.assert(
    fc.asyncProperty(dictionaries, fc.boolean(), async (entries, compressed) => {
      await using file = await openNpz(await written(entries, { compressed }));
      expect([...file.entries.keys()]).toEqual(entries.map(([key]) => key));
      for (const [key, each] of entries) expect(describeTensor(await file.read(key))).toEqual(describeTensor(each));
      for await (const problem of file.verify()) expect.fail(problem.message);
      for (const [, each] of entries) {
        const { head, data } = encodeNpy(each);
        expect(describeTensor(decodeNpy(new Uint8Array([...head, ...data])))).toEqual(describeTensor(each));
      }
    }),
  );
});

describe("strings", () => {
  test("are |S of the longest, and of one byte at least", () => {
    const { head, data } = encodeNpy(tensor("string", [2], text("a", "héy")));
    expect(Buffer.from(head).toString("latin1")).toContain("'|S4'");
    expect(Buffer.from(data).toString()).toBe("a\0\0\0héy");
    expect(Buffer.from(encodeNpy(tensor("string", [1], text(""))).head).toString("latin1")).toContain("'|S1'");
    expect(Buffer.from(encodeNpy(tensor("string", [0], [])).head).toString("latin1")).toContain("'|S1'");
  });

  test("that end in a NUL are refused: NumPy would lose it", async () => {
    const ends = tensor("string", [2], text("a", "b\0"));
    expect(() => encodeNpy(ends, "x")).toThrow(/element 1 ends in a NUL/);
    await expect(written([["x", ends]])).rejects.toMatchObject({ code: "npy-dtype", tensor: "x" });
  });
});

describe("dtypes that NumPy has not", () => {
  const lost = Object.values(DTYPES).flatMap(({ name }) => (isVarying(name) || keepsDType(name) ? [] : [name]));

  test("are the small ones of ml_dtypes and the quantized ones", () => {
    expect(lost.sort()).toEqual(
      [
        ...[
          "float4_e2m1fn",
          "float8_e4m3b11fnuz",
          "float8_e4m3fn",
          "float8_e4m3fnuz",
          "float8_e5m2fnuz",
          "int2",
          "int4",
        ],
        ...["qint16", "qint32", "qint8", "quint16", "quint8", "uint2", "uint4"],
      ].sort(),
    );
  });

  test.each(lost)("%s is refused by name, unless it may be lost", async (dtype) => {
    const one = fromBytes(dtype, [1], new Uint8Array(DTYPES[dtype].itemsize).fill(1));
    await expect(written([["x", one]])).rejects.toMatchObject({
      name: "UnsupportedError",
      code: "npy-dtype",
      tensor: "x",
      message: expect.stringContaining(dtype),
    });
    const bytes = await written([["x", one]], { lossy: true });
    await using file = await openNpz(bytes);
    const kind = DTYPES[dtype].bits < 8 || dtype.startsWith("float") ? "unreadable" : "entries";
    expect([...file[kind].keys()]).toEqual(["x"]);
  });

  test("variants are refused at any rate", async () => {
    const variant = tensor("variant", [], [new Uint8Array(1)]);
    await expect(written([["x", variant]], { lossy: true })).rejects.toMatchObject({ code: "npy-dtype", tensor: "x" });
  });
});

describe("what the caller has wrong", () => {
  const wanted = { dtype: "uint8", shape: [4] } as const;
  const one = tensor("uint8", [1], Uint8Array.of(1));

  test("two of a name, and names that lead out", async () => {
    await expect(
      written([
        ["x", one],
        ["x", one],
      ]),
    ).rejects.toThrow(RangeError);
    await expect(written([["../x", one]])).rejects.toThrow(RangeError);
  });

  test("other values than were said", async () => {
    await expect(written([["x", { ...wanted, read: async () => one }]])).rejects.toThrow(
      /is to be uint8 of shape \[4\]/,
    );
    const pieces = [new Uint8Array(3), new Uint8Array(3)];
    await expect(written([["x", { ...wanted, pieces }]])).rejects.toThrow(/are not the 4 bytes/);
    await expect(written([["x", { ...wanted, pieces: [] }]])).rejects.toThrow(/are not the 4 bytes/);
  });

  test("nothing is left of a file that fails, or that is given up", async () => {
    const sink = new MemorySink();
    const failing = { ...wanted, read: () => Promise.reject(new Error("no luck")) };
    await expect(
      writeNpz(sink, [
        ["x", one],
        ["y", failing],
      ]),
    ).rejects.toThrow("no luck");
    expect(() => sink.bytes).toThrow(TypeError);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(written([["x", one]], { signal })).rejects.toThrow("enough");
  });
});

test("large arrays pass in pieces", async () => {
  const size = 20 * 2 ** 20;
  let made = 0;
  const pieces = {
    *[Symbol.iterator]() {
      made++;
      for (let at = 0; at < size; at += 2 ** 20) yield new Uint8Array(2 ** 20).fill(at / 2 ** 20);
    },
  };
  await using file = await openNpz(await written([["x", { dtype: "uint8", shape: [size], pieces }]]));
  expect(made).toBe(2);
  const { data } = await file.read("x", { dtype: "uint8" });
  expect([data.length, data[0], data[size - 1]]).toEqual([size, 0, 19]);
  expect(toBytes(await file.read("x", { select: [[5 * 2 ** 20 - 1, 5 * 2 ** 20 + 1]], dtype: "uint8" }))).toEqual(
    Uint8Array.of(4, 5),
  );
});
