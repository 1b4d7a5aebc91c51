// Written files are byte for byte those of Python's safetensors.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemorySink } from "@modelbytes/bytes";
import {
  openSafetensors,
  toSafetensorsDType,
  type WritableTensors,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from "@modelbytes/safetensors";
import { DTYPES, fromBytes, isVarying, type Tensor, tensor, toBytes } from "@modelbytes/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, describeTensor, expected, FIXTURES } from "./fixtures.ts";

async function written(tensors: WritableTensors, options?: WriteSafetensorsOptions): Promise<Uint8Array> {
  const sink = new MemorySink("out.safetensors");
  const { bytes } = await writeSafetensors(sink, tensors, options);
  expect(sink.bytes.length).toBe(bytes);
  return sink.bytes;
}

describe.each(["demo", "dtypes", "names", "nothing", "empty-metadata", "packed"])("%s", (name) => {
  const bytes = bytesOf(`${name}/${expected(name).file}`);

  test("is written again from the open file", async () => {
    await using file = await openSafetensors(bytes);
    expect(await written(file, { metadata: file.metadata })).toEqual(bytes);
  });

  test("is written again from its tensors, in whatever order they come, and from their pieces", async () => {
    await using file = await openSafetensors(bytes);
    const tensors: [string, Tensor][] = [];
    for await (const each of file.stream()) tensors.unshift(each);
    expect(await written(tensors, { metadata: file.metadata })).toEqual(bytes);
    const inPieces = [...file.entries.keys()].map((key) => [key, file.inPieces(key)] as const);
    expect(await written(inPieces, { metadata: expected(name).metadata ?? undefined })).toEqual(bytes);
  });
});

test("random tensors of every dtype come back, wherever their pieces end", async () => {
  const dtypes = Object.values(DTYPES).flatMap(({ name }) =>
    !isVarying(name) && toSafetensorsDType(name) !== undefined ? [name] : [],
  );
  const tensors = fc
    .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat({ max: 3 }), { maxLength: 3 }))
    .chain(([dtype, dims]) => {
      const shape = dtype === "float4_e2m1fn" ? [...dims, 2] : dims;
      const size = shape.reduce((product, dim) => product * dim, DTYPES[dtype].itemsize);
      const most = dtype === "bool" ? 1 : 255;
      const bytes = fc.array(fc.nat({ max: most }), { minLength: size, maxLength: size });
      return bytes.map((each) => fromBytes(dtype, shape, Uint8Array.from(each)));
    });
  const names = fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__");
  const dictionaries = fc.dictionary(names, tensors).map((each) => Object.entries(each));
  const metadata = fc.option(fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })));
  await fc.assert(
    fc.asyncProperty(dictionaries, metadata, fc.integer({ min: 1, max: 9 }), async (entries, said, step) => {
      const options = said === null ? {} : { metadata: new Map(Object.entries(said)) };
      const bytes = await written(entries, options);
      await using file = await openSafetensors(bytes);
      expect(file.metadata).toEqual(options.metadata);
      expect(file.entries.size).toBe(entries.length);
      for (const [name, each] of entries) expect(describeTensor(await file.read(name))).toEqual(describeTensor(each));
      const inPieces = entries.map(([name, each]) => {
        const all = toBytes(each);
        const starts = Array.from({ length: Math.ceil(all.length / step) }, (_, index) => index * step);
        const pieces = starts.map((start) => all.subarray(start, start + step));
        return [name, { dtype: each.dtype, shape: each.shape, pieces }] as const;
      });
      expect(await written(inPieces, options)).toEqual(bytes);
    }),
  );
});

describe("what no file can hold is refused by name", () => {
  const refused = Object.values(DTYPES).filter(({ name }) => toSafetensorsDType(name) === undefined);

  test("of dtypes: strings, variants, quantized, complex128 and most of four bits or fewer", () => {
    expect(refused.map(({ name }) => name).sort()).toEqual([
      "complex128",
      "float8_e4m3b11fnuz",
      "int2",
      "int4",
      "qint16",
      "qint32",
      "qint8",
      "quint16",
      "quint8",
      "string",
      "uint2",
      "uint4",
      "variant",
    ]);
  });

  test.each(refused.map(({ name }) => name))("%s", async (dtype) => {
    const read = () => Promise.reject(new Error("nothing is read"));
    await expect(written([["x", { dtype, shape: [], read }]])).rejects.toMatchObject({
      name: "UnsupportedError",
      code: "dtype",
      tensor: "x",
      message: expect.stringContaining(dtype),
    });
  });

  const one = tensor("uint8", [1], Uint8Array.of(1));

  test.each(["__metadata__", "\udcff", "a\ud800"])("the name %j", async (name) => {
    await expect(written([[name, one]])).rejects.toMatchObject({
      name: "UnsupportedError",
      code: "name",
      tensor: name,
    });
  });

  test("half a byte", async () => {
    const odd = tensor("float4_e2m1fn", [3], Uint8Array.of(1, 2, 3));
    await expect(written([["x", odd]])).rejects.toMatchObject({ code: "dtype", tensor: "x" });
  });

  test("metadata that is not Unicode", async () => {
    await expect(written([["x", one]], { metadata: { a: "\ud800" } })).rejects.toThrow(RangeError);
  });

  test("two of a name", async () => {
    await expect(
      written([
        ["x", one],
        ["x", one],
      ]),
    ).rejects.toThrow(/two tensors have the name "x"/);
  });

  test("a header that no reader takes", async () => {
    const long = "x".repeat(1_000_000);
    const many = Array.from({ length: 101 }, (_, index) => [`${index}${long}`, one] as const);
    await expect(written(many)).rejects.toMatchObject({ name: "UnsupportedError", code: "too-large" });
  });
});

describe("values that come later", () => {
  const wanted = { dtype: "uint8", shape: [4] } as const;

  test("are read in the order of the file, a little ahead", async () => {
    const asked: string[] = [];
    const sizes = { a: 8, b: 4, c: 1 };
    const later = Object.entries(sizes).map(([name, itemsize]) => {
      const dtype = itemsize === 8 ? "float64" : itemsize === 4 ? "float32" : "uint8";
      const read = async () => {
        asked.push(name);
        return fromBytes(dtype, [1], new Uint8Array(itemsize).fill(itemsize));
      };
      return [name, { dtype, shape: [1], read }] as const;
    });
    const bytes = await written(later.toReversed());
    expect(asked).toEqual(["a", "b", "c"]);
    expect([...bytes.slice(-13)]).toEqual([8, 8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 4, 1]);
  });

  test.each([
    ["another dtype", tensor("int8", [4], new Int8Array(4)), "int8 of shape [4] came"],
    ["another shape", tensor("uint8", [5], new Uint8Array(5)), "uint8 of shape [5] came"],
    ["too little", { ...wanted, data: new Uint8Array(3) }, "3 of 4 bytes came"],
    ["too much", { ...wanted, data: new Uint8Array(5) }, "more than 4 bytes came"],
  ])("%s is refused", async (_, values, words) => {
    const read = async () => values;
    await expect(written([["x", { ...wanted, read }]])).rejects.toThrow(words);
    await expect(written([["x", { ...wanted, read }]])).rejects.toThrow(RangeError);
  });

  test("pieces that are too many or too few are refused", async () => {
    const pieces = [new Uint8Array(3), new Uint8Array(3)];
    await expect(written([["x", { ...wanted, pieces }]])).rejects.toThrow("more than 4 bytes came");
    await expect(written([["x", { ...wanted, pieces: pieces.slice(1) }]])).rejects.toThrow("3 of 4 bytes came");
  });
});

describe("a file on the disk", () => {
  test("is there when all is written, and left alone where something fails", async () => {
    const place = mkdtempSync(join(tmpdir(), "modelbytes-safetensors-"));
    try {
      const path = join(place, "model.safetensors");
      await using demo = await openSafetensors(`${FIXTURES}demo/model.safetensors`);
      const progress: number[] = [];
      const onProgress = ({ bytes, total }: { bytes: number; total: number }) => progress.push(bytes / total);
      await writeSafetensors(path, demo, { metadata: { format: "tf" }, onProgress });
      expect(new Uint8Array(readFileSync(path))).toEqual(bytesOf("demo/model.safetensors"));
      expect(progress.at(-1)).toBe(1);

      writeFileSync(path, "before");
      const failing = { dtype: "uint8", shape: [1], read: () => Promise.reject(new Error("no luck")) } as const;
      await expect(writeSafetensors(path, [["x", failing]])).rejects.toThrow("no luck");
      const controller = new AbortController();
      const stop = () => controller.abort(new Error("enough"));
      await expect(writeSafetensors(path, demo, { signal: controller.signal, onProgress: stop })).rejects.toThrow(
        "enough",
      );
      expect(readFileSync(path, "utf8")).toBe("before");
      expect(readdirSync(place)).toEqual(["model.safetensors"]);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});

test("large tensors pass as they are, small ones are collected, and the order holds", async () => {
  const sizes = [1, 300_000, 5, 700_000, 400_000, 2 ** 21, 3];
  const tensors = sizes.map((size, index) => {
    return [`${index}`, tensor("uint8", [size], new Uint8Array(size).fill(index))] as const;
  });
  await using file = await openSafetensors(await written(tensors));
  for (const [name, { data }] of tensors) expect(Buffer.compare(await file.readBytes(name), data)).toBe(0);
});
