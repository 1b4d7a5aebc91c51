import { fc, test as property } from "@fast-check/vitest";
import { type Source, type SourceReadOptions, toSource } from "@modelbytes/bytes";
import {
  copyRegion,
  DTYPES,
  elementCount,
  isVarying,
  type Selection,
  select,
  type Tensor,
  toBytes,
} from "@modelbytes/tensor";
import { openBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { filesOf } from "./damage.ts";
import { describeTensor } from "./fixtures.ts";

/** A source that keeps count of what is read of it. */
class CountingSource implements Source {
  readonly name: string;
  readonly reads: { offset: number; length: number }[] = [];
  readonly #source: Source;

  constructor(bytes: Uint8Array, name: string) {
    this.name = name;
    this.#source = toSource(bytes, { name });
  }

  size(): Promise<number> {
    return this.#source.size();
  }

  read(offset: number, length: number, options?: SourceReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    this.reads.push({ offset, length });
    return this.#source.read(offset, length, options);
  }
}

function open(fixture: string) {
  const files = filesOf(fixture);
  const index = [...files].find(([name]) => name.endsWith(".index"))?.[1] ?? new Uint8Array(0);
  const names = [...files.keys()].filter((name) => name.includes(".data-")).sort();
  const data = names.map((name) => new CountingSource(files.get(name) ?? new Uint8Array(0), name));
  return { opening: openBundle({ index, data }), data };
}

/** The part of a tensor in memory, element by element. */
function part(whole: Tensor, selection: Selection): Tensor {
  const { start, count, shape } = select(selection, whole.shape);
  const move = { fromShape: whole.shape, fromStart: start, toShape: count, toStart: start.map(() => 0), count };
  const size = elementCount(count);
  if (whole.dtype === "string" || whole.dtype === "variant") {
    const indices = new Uint8Array(4 * size);
    const all = Uint32Array.from(whole.data, (_, index) => index);
    copyRegion(move, new Uint8Array(all.buffer), indices, 4);
    return {
      dtype: whole.dtype,
      shape,
      data: Array.from(new Uint32Array(indices.buffer), (at) => whole.data[at] ?? new Uint8Array(0)),
    };
  }
  const { itemsize } = DTYPES[whole.dtype];
  const bytes = new Uint8Array(size * itemsize);
  copyRegion(move, toBytes(whole).slice(), bytes, itemsize);
  return DTYPES[whole.dtype].view(shape, bytes.buffer, 0);
}

const selectionOf = (shape: readonly number[]) =>
  fc.tuple(
    ...shape.map((size) => {
      const range = fc
        .tuple(fc.nat(size), fc.nat(size))
        .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
      return size === 0 ? fc.oneof(fc.constant(null), range) : fc.oneof(fc.constant(null), range, fc.nat(size - 1));
    }),
  );

describe.each(["dtypes", "big-endian", "partitioned", "partitioned-rank-9", "max-shard-size-large", "strings"])(
  "%s",
  (fixture) => {
    property.prop([fc.nat()], { numRuns: 5 })("any part of any tensor is the part of the whole", async (seed) => {
      const { opening } = open(fixture);
      await using bundle = await opening;
      for (const [name, { shape, dtype }] of bundle.entries) {
        const [selection] = fc.sample(selectionOf(shape), { numRuns: 1, seed });
        if (selection === undefined) continue;
        const expected = part(await bundle.read(name), selection);
        if (isVarying(dtype)) expect(await bundle.read(name, { select: selection })).toEqual(expected);
        else expect(describeTensor(await bundle.read(name, { select: selection }))).toEqual(describeTensor(expected));
      }
    });
  },
);

describe("reads only what is asked for", () => {
  /** The embedding of the demo: float32 [200, 16], 64 bytes a row. */
  const EMBEDDING = "optimizer/_trainable_variables/0/.ATTRIBUTES/VARIABLE_VALUE";
  const demo = () => {
    const files = filesOf("demo");
    const data = new CountingSource(files.get("ckpt-3.data-00000-of-00001") ?? new Uint8Array(0), "data");
    return { opening: openBundle({ index: files.get("ckpt-3.index") ?? "", data: [data] }), data };
  };

  test("ten rows are one read of their bytes", async () => {
    const { opening, data } = demo();
    await using bundle = await opening;
    const { shape } = await bundle.read(EMBEDDING, { select: [[10, 20]] });
    expect(shape).toEqual([10, 16]);
    expect(data.reads).toEqual([{ offset: (bundle.entries.get(EMBEDDING)?.offset ?? 0) + 640, length: 640 }]);
  });

  test("one column is one read over the small gaps between", async () => {
    const { opening, data } = demo();
    await using bundle = await opening;
    const { shape } = await bundle.read(EMBEDDING, { select: [null, 3] });
    expect(shape).toEqual([200]);
    expect(data.reads).toEqual([{ offset: (bundle.entries.get(EMBEDDING)?.offset ?? 0) + 12, length: 199 * 64 + 4 }]);
  });

  test("no rows are no read", async () => {
    const { opening, data } = demo();
    await using bundle = await opening;
    expect((await bundle.read(EMBEDDING, { select: [[5, 5]] })).shape).toEqual([0, 16]);
    expect(data.reads).toEqual([]);
  });

  test("opening reads nothing of the data, streaming reads small neighbours together", async () => {
    const { opening, data } = demo();
    await using bundle = await opening;
    expect(data.reads).toEqual([]);
    let tensors = 0;
    for await (const _ of bundle.stream()) tensors++;
    expect(tensors).toBe(bundle.entries.size);
    expect(data.reads.length).toBe(1);
  });

  test("a selection outside the shape is the caller's mistake", async () => {
    const { opening } = demo();
    await using bundle = await opening;
    await expect(bundle.read(EMBEDDING, { select: [[0, 201]] })).rejects.toThrow(RangeError);
    await expect(bundle.read(EMBEDDING, { select: [0, 0, 0] })).rejects.toThrow(RangeError);
    await expect(bundle.read(EMBEDDING, { dtype: "int64" })).rejects.toThrow(TypeError);
  });
});
