// What NumPy wrote is read as it was written.

import { BytesSource, MemorySink, ModelbytesError } from "@modelbytes/bytes";
import { decodeNpy, type NumpyFile, openNpy, openNpz } from "@modelbytes/npz";
import { isVarying, select, type Tensor, toBytes } from "@modelbytes/tensor";
import { writeZip } from "@modelbytes/zip";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, describeTensor, type ExpectedTensor, expected, FIXTURES, plain } from "./fixtures.ts";

async function problemsOf(file: NumpyFile): Promise<string[]> {
  const problems: string[] = [];
  for await (const { code, tensor } of file.verify()) problems.push(`${code} ${tensor}`);
  return problems;
}

describe.each(["demo", "dtypes", "orders", "strings", "ml-dtypes", "nothing", "compressed"])("%s", (name) => {
  const { file: path, tensors, order } = expected(name);
  const open = () => openNpz(`${FIXTURES}${name}/${path}`);

  test("has the arrays in the order of the file", async () => {
    await using file = await open();
    expect([...file.entries.keys()]).toEqual(order);
    for (const [key, { dtype, shape }] of file.entries) {
      expect([key, dtype, shape]).toEqual([key, tensors[key]?.dtype, tensors[key]?.shape]);
    }
    expect(file.unreadable.size).toBe(0);
  });

  test("gives the values, one by one, as a stream and in pieces", async () => {
    await using file = await open();
    const streamed: [string, ExpectedTensor][] = [];
    for await (const [key, tensor] of file.stream()) streamed.push([key, describeTensor(tensor)]);
    const wanted = Object.entries(tensors).map(([key, each]) => [key, plain(each)]);
    expect(Object.fromEntries(streamed)).toEqual(Object.fromEntries(wanted));
    expect(streamed.map(([key]) => key)).toEqual(order);
    for (const [key, { dtype, shape }] of file.entries) {
      const tensor = await file.read(key);
      expect([key, describeTensor(tensor)]).toEqual([key, streamed.find(([each]) => each === key)?.[1]]);
      if (isVarying(dtype) || tensor.dtype === "string" || tensor.dtype === "variant") {
        expect(() => file.inPieces(key)).toThrow(TypeError);
        continue;
      }
      const { pieces, ...described } = file.inPieces(key);
      const bytes: number[] = [];
      for await (const piece of pieces) bytes.push(...piece);
      expect(described).toEqual({ dtype, shape });
      expect(bytes).toEqual([...toBytes(tensor)]);
    }
  });

  test("is sound", async () => {
    await using file = await open();
    expect(await problemsOf(file)).toEqual([]);
  });
});

test("what is no tensor is listed, never read, and does not keep the others from being read", async () => {
  await using file = await openNpz(`${FIXTURES}refused/arrays.npz`);
  expect([...file.unreadable.keys()]).toEqual(expected("refused").refused);
  const codes = Object.fromEntries([...file.unreadable].map(([key, { code }]) => [key, code]));
  expect(codes).toMatchObject({ objects: "pickle", strings: "pickle", dates: "npy-dtype", fields: "npy-dtype" });
  await expect(file.read("objects")).rejects.toThrow(/pickle.*runs what is in it/);
  await expect(file.read("float8_e4m3fn")).rejects.toThrow(/<V1, which may be float8/);
  expect((await file.read("fine")).data).toEqual(BigInt64Array.of(0n, 1n, 2n));
  expect(await problemsOf(file)).toHaveLength(file.unreadable.size);
});

describe("an archive of other things", () => {
  async function archive(...members: (readonly [name: string, data: Uint8Array])[]): Promise<Uint8Array> {
    const sink = new MemorySink();
    await writeZip(
      sink,
      members.map(([name, data]) => ({ name, data })),
    );
    return sink.bytes;
  }
  const array = bytesOf("versions/1.npy");
  const text = new TextEncoder().encode("hello");

  test("has the arrays that are in it, whatever they are called, and says what the rest is", async () => {
    const bytes = await archive(
      ["a", array],
      ["b.npy", array],
      ["b", array],
      ["c.npy", text],
      ["d", text],
      ["e/", new Uint8Array(0)],
    );
    await using file = await openNpz(bytes, { name: "made" });
    expect([...file.entries.keys()]).toEqual(["a"]);
    const codes = [...file.unreadable].map(([name, { code }]) => [name, code]);
    expect(codes).toEqual([
      ["b", "duplicate"],
      ["c", "npy-magic"],
      ["d", "no-array"],
    ]);
    await expect(file.read("b")).rejects.toMatchObject({ name: "CorruptError", tensor: "b" });
    expect(await problemsOf(file)).toEqual(["duplicate b", "npy-magic c", "no-array d"]);
  });

  test("without any array is none of NumPy", async () => {
    const opening = openNpz(await archive(["readme.txt", text], ["x/y", text]));
    await expect(opening).rejects.toMatchObject({ name: "UnsupportedError", code: "not-npz" });
    await expect(opening).rejects.toThrow(/readme.txt, x\/y/);
  });

  test("with bytes behind an array is read as NumPy reads it", async () => {
    await using file = await openNpz(await archive(["a.npy", new Uint8Array([...array, 1, 2])]));
    expect((await file.read("a")).shape).toEqual([5]);
    expect(await problemsOf(file)).toEqual(["npy-trailing a"]);
  });
});

describe("a .npy file", () => {
  test.each(["1.0", "2.0", "3.0"])("of version %s has one array, arr_0", async (version) => {
    const path = `versions/${version[0]}.npy`;
    await using file = await openNpy(`${FIXTURES}${path}`);
    expect([...file.entries]).toEqual([
      ["arr_0", { dtype: "int16", shape: [5], byteLength: 10, descr: "<i2", fortranOrder: false, version }],
    ]);
    expect((await file.read("arr_0", { dtype: "int16" })).data).toEqual(Int16Array.of(0, 1, 2, 3, 4));
    expect((await file.read("arr_0", { select: [[1, 3]] })).data).toEqual(Int16Array.of(1, 2));
    expect(await problemsOf(file)).toEqual([]);
    expect(decodeNpy(bytesOf(path)).data).toEqual(Int16Array.of(0, 1, 2, 3, 4));
  });

  test("in memory is looked at, not copied, and left alone", () => {
    const bytes = bytesOf("versions/1.npy");
    const { data } = decodeNpy(bytes);
    expect("buffer" in data && data.buffer === bytes.buffer).toBe(true);
    expect(bytes).toEqual(bytesOf("versions/1.npy"));
  });

  test("with another behind it is one array to numpy.load, and refused by decodeNpy", async () => {
    const two = new Uint8Array([...bytesOf("versions/1.npy"), ...bytesOf("versions/2.npy")]);
    expect(() => decodeNpy(two)).toThrow(/another may follow/);
    await using file = await openNpy(two);
    expect((await file.read("arr_0")).shape).toEqual([5]);
    expect(await problemsOf(file)).toEqual(["npy-trailing arr_0"]);
  });
});

describe("reading", () => {
  test("takes names of the file only, and holds to the dtype", async () => {
    await using file = await openNpz(bytesOf("demo/arrays.npz"), { name: "demo" });
    await expect(file.read("step", { dtype: "int32" })).rejects.toThrow(TypeError);
    await expect(file.read("stop")).rejects.toMatchObject({ name: "NotFoundError", code: "no-tensor", tensor: "stop" });
    await expect(file.stream({ names: ["stop"] }).next()).rejects.toMatchObject({ code: "no-tensor" });
    const seen: unknown[] = [];
    const onProgress = (progress: unknown) => seen.push(progress);
    for await (const [name] of file.stream({ names: ["step"], onProgress })) seen.push(name);
    expect(seen).toEqual([{ bytes: 8, total: 8 }, "step"]);
  });

  test("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await using file = await openNpz(bytesOf("compressed/arrays.npz"));
    await expect(file.read("zeros", { signal })).rejects.toThrow("enough");
    await expect(file.stream({ signal }).next()).rejects.toThrow("enough");
    await expect(openNpz(bytesOf("demo/arrays.npz"), { signal })).rejects.toThrow("enough");
    await expect(openNpy(bytesOf("versions/1.npy"), { signal })).rejects.toThrow("enough");
  });

  test("needs an archive with arrays", async () => {
    await expect(openNpz(bytesOf("versions/1.npy"))).rejects.toMatchObject({ code: "not-zip" });
    await expect(openNpy(bytesOf("demo/arrays.npz"))).rejects.toMatchObject({ code: "npy-magic" });
    await expect(openNpz(`${FIXTURES}nothing.npz`)).rejects.toMatchObject({ name: "NotFoundError" });
  });
});

/** The selected elements, taken one by one. */
function taken(tensor: Tensor, selection: Parameters<typeof select>[0]): string[] {
  const { start, count } = select(selection, tensor.shape);
  let indices = [0];
  for (const [dim, size] of tensor.shape.entries()) {
    const along = Array.from({ length: count[dim] ?? 0 }, (_, at) => (start[dim] ?? 0) + at);
    indices = indices.flatMap((index) => along.map((at) => index * size + at));
  }
  return indices.map((index) => String(tensor.data[index]));
}

describe("a selection", () => {
  const term = (size: number) =>
    fc.oneof(
      fc.constant(null),
      fc.tuple(fc.nat({ max: size }), fc.nat({ max: size })).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
      fc.nat({ max: size - 1 }),
    );

  test.each(["orders", "strings", "compressed"])("of %s is what the whole array has there", async (fixture) => {
    await using file = await openNpz(bytesOf(`${fixture}/arrays.npz`));
    const arrays = [...file.entries].filter(
      ([, { dtype, shape }]) => !dtype.startsWith("complex") && !shape.includes(0),
    );
    const cases = fc
      .constantFrom(...arrays)
      .chain(([name, { shape }]) => fc.tuple(fc.constant(name), fc.tuple(...shape.map(term))));
    await fc.assert(
      fc.asyncProperty(cases, async ([name, selection]) => {
        const part = await file.read(name, { select: selection });
        const whole = await file.read(name);
        expect(part.shape).toEqual(select(selection, whole.shape).shape);
        expect(Array.from(part.data, String)).toEqual(taken(whole, selection));
      }),
    );
  });

  test("reads its bytes alone, of an array column by column too", async () => {
    const inner = new BytesSource(bytesOf("orders/arrays.npz"));
    const asked: number[] = [];
    await using file = await openNpz({
      name: "orders",
      size: () => inner.size(),
      read: (offset, length, options) => {
        asked.push(length);
        return inner.read(offset, length, options);
      },
    });
    expect(asked.length).toBeLessThanOrEqual(5); // small arrays lie near each other
    await file.read("int64/columns", { select: [null, null, 2] }); // a plane that is one run
    expect(asked.reduce((sum, length) => sum + length)).toBeLessThan(3 * (await inner.size()));
  });
});

describe("a damaged file", () => {
  const sound = bytesOf("demo/arrays.npz");

  async function readAll(bytes: Uint8Array): Promise<string[]> {
    await using opened = await openNpz(bytes, { name: "damaged" });
    const problems = await problemsOf(opened);
    for (const name of opened.entries.keys()) {
      const error = await opened.read(name).catch((each: unknown) => each);
      if (error instanceof Error) expect(error).toBeInstanceOf(ModelbytesError);
    }
    return problems;
  }

  test("cut anywhere is refused", async () => {
    for (let length = 0; length < sound.length; length++) {
      const error = await readAll(sound.subarray(0, length)).catch((each: unknown) => each);
      expect(error, `${length} bytes`).toBeInstanceOf(ModelbytesError);
    }
  });

  test("with any byte changed is refused, or found to be damaged, or means the same", async () => {
    const harmless: number[] = [];
    for (let at = 0; at < sound.length; at++) {
      const bytes = sound.slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0x11;
      const result = await readAll(bytes).catch((each: unknown) => each);
      if (Array.isArray(result) && result.length === 0) harmless.push(at);
      else if (!Array.isArray(result)) expect(result, `byte ${at}`).toBeInstanceOf(ModelbytesError);
    }
    // dates, versions and attributes of two members in two places, and names
    expect(harmless.length).toBeLessThan(90);
  });

  test("of deflated members, too", async () => {
    const deflated = bytesOf("compressed/arrays.npz");
    for (let at = 0; at < deflated.length; at += 7) {
      const bytes = deflated.slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0x40;
      const result = await readAll(bytes).catch((each: unknown) => each);
      if (!Array.isArray(result)) expect(result, `byte ${at}`).toBeInstanceOf(ModelbytesError);
    }
  });
});
