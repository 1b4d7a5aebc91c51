// What Python's safetensors wrote is read as it was written.

import { BytesSource, type Source } from "@modelbytes/bytes";
import { openSafetensors, type SafetensorsFile } from "@modelbytes/safetensors";
import { select, type Tensor, toBytes } from "@modelbytes/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, describeTensor, type ExpectedTensor, expected, FIXTURES } from "./fixtures.ts";

async function streamed(file: SafetensorsFile): Promise<Record<string, ExpectedTensor>> {
  const found: [string, ExpectedTensor][] = [];
  for await (const [name, tensor] of file.stream()) found.push([name, describeTensor(tensor)]);
  return Object.fromEntries(found);
}

async function problemsOf(file: SafetensorsFile): Promise<string[]> {
  const problems: string[] = [];
  for await (const { code, tensor } of file.verify()) problems.push(`${code} ${tensor}`);
  return problems;
}

describe.each(["demo", "dtypes", "names", "nothing", "empty-metadata", "packed"])("%s", (name) => {
  const { file: path, metadata, tensors } = expected(name);
  const open = () => openSafetensors(`${FIXTURES}${name}/${path}`);

  test("has the tensors and the metadata", async () => {
    await using file = await open();
    const plain = Object.fromEntries([...file.entries].map(([key, { dtype, shape }]) => [key, { dtype, shape }]));
    const wanted = Object.entries(tensors).map(([key, { dtype, shape }]) => [key, { dtype, shape }]);
    expect(plain).toEqual(Object.fromEntries(wanted));
    expect(file.metadata === undefined ? null : Object.fromEntries(file.metadata)).toEqual(metadata);
    expect(file.unreadable.size).toBe(0);
  });

  test("gives the values, one by one, as a stream and in pieces", async () => {
    await using file = await open();
    const wanted = Object.fromEntries(
      Object.entries(tensors).map(([key, { dtype, shape, sha256 }]) => [key, { dtype, shape, sha256 }]),
    );
    expect(await streamed(file)).toEqual(wanted);
    for (const [key, { byteLength }] of file.entries) {
      const tensor = await file.read(key);
      expect([key, describeTensor(tensor)]).toEqual([key, wanted[key]]);
      expect((await file.readBytes(key)).length).toBe(byteLength);
      const { pieces, ...described } = file.inPieces(key);
      const bytes: number[] = [];
      for await (const piece of pieces) bytes.push(...piece);
      expect(described).toEqual({ dtype: tensor.dtype, shape: tensor.shape });
      if (tensor.dtype !== "string" && tensor.dtype !== "variant") expect(bytes).toEqual([...toBytes(tensor)]);
    }
  });

  test("is sound, and the stream has the order of the bytes", async () => {
    await using file = await open();
    expect(await problemsOf(file)).toEqual([]);
    const offsets = [...file.entries.values()].map(({ offset }) => offset);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(Object.keys(await streamed(file))).toEqual(Object.keys(Object.fromEntries(file.entries)));
  });
});

describe("reading", () => {
  test("takes names of the file only, and holds to the dtype", async () => {
    await using file = await openSafetensors(bytesOf("demo/model.safetensors"), { name: "demo" });
    const step = await file.read("step", { dtype: "int64" });
    expect(step.data).toEqual(BigInt64Array.of(42n));
    await expect(file.read("step", { dtype: "int32" })).rejects.toThrow(TypeError);
    await expect(file.read("stop")).rejects.toMatchObject({ name: "NotFoundError", code: "no-tensor", file: "demo" });
    await expect(file.stream({ names: ["step", "stop"] }).next()).rejects.toMatchObject({ code: "no-tensor" });
    expect(() => file.inPieces("stop")).toThrow(/no such tensor/);
  });

  test("streams what is named, in the file's order, and says how far it is", async () => {
    await using file = await openSafetensors(bytesOf("demo/model.safetensors"));
    const seen: [string, number][] = [];
    const options = {
      names: ["dense/kernel", "step"],
      onProgress: ({ bytes }: { bytes: number }) => seen.push(["", bytes]),
    };
    for await (const [name] of file.stream(options)) seen.push([name, 0]);
    expect(seen).toEqual([
      ["", 8],
      ["step", 0],
      ["", 32],
      ["dense/kernel", 0],
    ]);
  });

  test("stops when it is told to", async () => {
    await using file = await openSafetensors(bytesOf("demo/model.safetensors"));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(file.read("step", { signal })).rejects.toThrow("enough");
    await expect(file.stream({ signal }).next()).rejects.toThrow("enough");
    await expect(file.verify({ signal }).next()).rejects.toThrow("enough");
    await expect(openSafetensors(bytesOf("demo/model.safetensors"), { signal })).rejects.toThrow("enough");
  });

  test("closes what it has opened, also where opening fails", async () => {
    let closed = 0;
    const source = (bytes: Uint8Array): Source => {
      const inner = new BytesSource(bytes);
      const close = async () => void closed++;
      return { name: "x", size: () => inner.size(), read: (at, length) => inner.read(at, length), close };
    };
    await (await openSafetensors(source(bytesOf("demo/model.safetensors")))).close();
    expect(closed).toBe(1);
    await expect(openSafetensors(source(new Uint8Array(9)))).rejects.toThrow();
    expect(closed).toBe(2);
  });
});

/** A file of one tensor that counts up, and how many bytes were asked for. */
async function counting(dtype: "F4" | "I16", shape: readonly number[]) {
  const count = shape.reduce((product, dim) => product * dim, 1);
  const size = dtype === "F4" ? count / 2 : count * 2;
  const header = JSON.stringify({ a: { dtype, shape, data_offsets: [0, size] } });
  const bytes = new Uint8Array(8 + header.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  for (let at = 0; at < size; at++) bytes[8 + header.length + at] = (at * 37) % 256;
  const inner = new BytesSource(bytes);
  const asked: number[] = [];
  const file = await openSafetensors({
    name: "counting",
    size: () => inner.size(),
    read: (offset, length, options) => {
      asked.push(length);
      return inner.read(offset, length, options);
    },
  });
  asked.length = 0;
  return { file, asked };
}

/** The selected elements, taken one by one. */
function taken(tensor: Tensor, selection: Parameters<typeof select>[0]): number[] {
  const { start, count } = select(selection, tensor.shape);
  let indices = [0];
  for (const [dim, size] of tensor.shape.entries()) {
    const along = Array.from({ length: count[dim] ?? 0 }, (_, at) => (start[dim] ?? 0) + at);
    indices = indices.flatMap((index) => along.map((at) => index * size + at));
  }
  return indices.map((index) => Number(tensor.data[index]));
}

describe("a selection", () => {
  const shapes = fc.array(fc.nat({ max: 5 }), { maxLength: 4 });
  const cases = shapes.chain((shape) => {
    const terms = shape.map((size) =>
      fc.oneof(
        fc.constant(null),
        fc
          .tuple(fc.nat({ max: size }), fc.nat({ max: size }))
          .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
        ...(size > 0 ? [fc.nat({ max: size - 1 })] : []),
      ),
    );
    return fc.tuple(fc.constant(shape), fc.tuple(...terms));
  });

  test("is what the whole tensor has there, whatever its dtype", async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async ([shape, selection], packed) => {
        const whole = packed ? [...shape, 2] : shape;
        const { file } = await counting(packed ? "F4" : "I16", whole);
        const part = await file.read("a", { select: selection });
        expect(part.shape).toEqual(select(selection, whole).shape);
        expect(Array.from(part.data, Number)).toEqual(taken(await file.read("a"), selection));
      }),
    );
  });

  test("reads its bytes alone", async () => {
    const { file, asked } = await counting("I16", [1000, 8, 1024]);
    await file.read("a", { select: [7] });
    expect(asked).toEqual([2 * 8 * 1024]);
    asked.length = 0;
    await file.read("a", { select: [[0, 3], 0, [0, 4]] });
    expect(asked).toEqual([8, 8, 8]);
    asked.length = 0;
    await file.read("a", { select: [0, null, 3] });
    expect(asked).toEqual([2 * (7 * 1024 + 1)]); // near each other: one request
    await expect(file.read("a", { select: [1000] })).rejects.toThrow(RangeError);
  });

  test("of packed values reads the bytes that they are in", async () => {
    const { file, asked } = await counting("F4", [100, 30]);
    const row = await file.read("a", { select: [3] });
    expect(asked).toEqual([15]);
    asked.length = 0;
    const part = await file.read("a", { select: [3, [1, 4]] });
    expect(asked).toEqual([2]);
    expect(part.data).toEqual(row.data.slice(1, 4));
  });
});

test("a stream reads small neighbours together and large tensors alone", async () => {
  const sizes = [10, 10, 2 ** 20, 10, 3 * 2 ** 20, 0, 10];
  let end = 0;
  const info = sizes.map((size, index) => {
    end += size;
    return [`${index}`, { dtype: "U8", shape: [size], data_offsets: [end - size, end] }];
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(info)));
  const bytes = new Uint8Array(8 + header.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  const inner = new BytesSource(bytes);
  const asked: number[] = [];
  const file = await openSafetensors({
    name: "sizes",
    size: () => inner.size(),
    read: (offset, length) => {
      asked.push(length);
      return inner.read(offset, length);
    },
  });
  asked.length = 0;
  const names: string[] = [];
  for await (const [name, tensor] of file.stream()) {
    names.push(name);
    expect(tensor.data.length).toBe(sizes[Number(name)]);
    if (tensor.dtype === "uint8") tensor.data.fill(1); // each is the caller's own
  }
  expect(names).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  expect(asked).toEqual([20, 2 ** 20, 10, 3 * 2 ** 20, 10]);
  expect((await file.read("1")).data).toEqual(new Uint8Array(10));
});

test("bytes in memory are read and left alone", async () => {
  const bytes = bytesOf("dtypes/model.safetensors");
  const before = bytes.slice();
  await using file = await openSafetensors(bytes);
  for await (const [, tensor] of file.stream()) {
    if (tensor.dtype !== "string" && tensor.dtype !== "variant") toBytes(tensor).fill(0xaa);
  }
  expect(bytes).toEqual(before);
});
