// `.weights.h5` from paths and values, and how values are asked for while it is written.

import { fc, test } from "@fast-check/vitest";
import { MemorySink, type Sink } from "@modelbytes/bytes";
import {
  type KerasVarsGroup,
  type LazyReadOptions,
  lazyTensor,
  openKerasHdf5,
  toKerasWeights,
  writeKerasH5,
  writeKerasWeights,
} from "@modelbytes/keras-hdf5";
import { rowSelections, type Selection, type Tensor, tensor } from "@modelbytes/tensor";
import { describe, expect } from "vitest";
import { FIXTURES } from "./fixtures.ts";
import { floats, weightsNamed } from "./made-model.ts";

async function written(groups: Iterable<KerasVarsGroup>, driver: "path" | "file-object" = "path"): Promise<Uint8Array> {
  const sink = new MemorySink();
  await writeKerasWeights(sink, { groups }, { driver });
  return sink.bytes;
}

/** The path of an object, behind a given one. */
const step = fc.constantFrom(
  "layers/dense",
  "layers/dense_1",
  "layers/dense_10",
  "cell",
  "_inner",
  "optimizer",
  "schön",
);
/** Objects as Keras goes through them, each before its parts, and all parts of one before the next. */
const anyTree: fc.Arbitrary<KerasVarsGroup[]> = fc.letrec<{ groups: KerasVarsGroup[]; group: KerasVarsGroup[] }>(
  (tie) => ({
    groups: fc
      .uniqueArray(fc.tuple(step, tie("group")), { maxLength: 3, selector: ([name]) => name.split("/")[0] })
      .map((parts) =>
        parts.flatMap(([name, inner]) => inner.map((each) => ({ ...each, path: joined(name, each.path) }))),
      ),
    group: fc
      .tuple(
        fc.option(
          fc.string({ maxLength: 20 }).filter((name) => name.isWellFormed() && !name.includes("\0")),
          { nil: undefined },
        ),
        fc.oneof(weightsNamed(fc.nat(12).map(String)), weightsNamed(fc.constantFrom("idf_weights", "param.weight"))),
        fc.oneof({ maxDepth: 3 }, fc.constant([]), tie("groups")),
      )
      .map(([name, vars, parts]) => [{ path: "", name, vars }, ...parts]),
  }),
).group;

function joined(path: string, inner: string): string {
  return inner === "" ? path : `${path}/${inner}`;
}

test.prop([anyTree, fc.constantFrom("path" as const, "file-object" as const)], { numRuns: 60 })(
  "what is written is what is read, in the same order, and written again it is the same",
  async (groups, driver) => {
    const bytes = await written(groups, driver);
    await using file = await openKerasHdf5(bytes);
    const found = [...(await toKerasWeights(file)).groups];
    const isAscii = groups.every(({ path }) => !path.includes("ö"));
    expect(found.map(({ path, name }) => [path, name])).toEqual(groups.map(({ path, name }) => [path, name]));
    for (const [index, { path, vars = [] }] of groups.entries()) {
      const listed = [...(found[index]?.vars ?? [])];
      expect(listed.map(([key]) => key)).toEqual([...vars].map(([key]) => key));
      for (const [key, value] of vars)
        expect(await file.read([...(path === "" ? [] : [path]), "vars", key].join("/"))).toEqual(value);
    }
    const again = new MemorySink();
    const { doubts } = await writeKerasWeights(again, file, { driver });
    expect(doubts).toEqual(isAscii ? [] : ["link-names"]);
    expect(Buffer.compare(again.bytes, bytes)).toBe(0);
  },
);

test("names of objects, and what is bfloat16", async () => {
  const value = tensor("bfloat16", [2], Uint16Array.of(1, 2));
  const groups = [
    { path: "", name: "model" },
    { path: "layers/dense", name: "first", vars: Object.entries([value]) },
  ];
  await using file = await openKerasHdf5(await written(groups));
  expect(file.layers).toMatchObject([
    { name: "first", path: "layers/dense", weights: [{ name: "0", dtype: "bfloat16" }] },
  ]);
  expect(await file.read("first/0")).toEqual(value);
  for await (const problem of file.verify()) expect.fail(problem.message);
});

test.each<[KerasVarsGroup[], string]>([
  [[{ path: "/layers/dense" }], "is no path"],
  [[{ path: "layers//dense" }], "is no path"],
  [[{ path: "layers/../dense" }, { path: "./a" }], "is no path"],
  [[{ path: "a", vars: [["0/1", floats(1)]] }], "is no name of a variable"],
  [[{ path: "a", vars: [["", floats(1)]] }], "is no name of a variable"],
  [[{ path: "a" }, { path: "a" }], "of this name already"],
  [
    [
      {
        path: "a",
        vars: [
          ["0", floats(1)],
          ["0", floats(1)],
        ],
      },
    ],
    "of this name already",
  ],
])("%j is refused", async (groups, message) => {
  const error: unknown = await written(groups).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ message: expect.stringContaining(message) });
});

describe("values that are read when they are due", () => {
  /** Counts what is written and keeps nothing. */
  class Counter implements Sink {
    readonly name = "counter";
    bytes = 0;
    aborted: unknown;
    closed = false;
    async write(bytes: Uint8Array): Promise<void> {
      this.bytes += bytes.length;
    }
    async close(): Promise<void> {
      this.closed = true;
    }
    async abort(reason?: unknown): Promise<void> {
      this.aborted = reason;
    }
  }

  const ROW = 2 ** 24 + 1; // two of them are more than a part may have
  const row = new Uint8Array(3 * ROW);

  function large(rows: (options: LazyReadOptions) => number): KerasVarsGroup[] {
    const read = async (options: LazyReadOptions = {}): Promise<Tensor> => {
      const count = rows(options);
      return tensor("uint8", [count, ROW], row.subarray(0, count * ROW));
    };
    return [{ path: "a", vars: [["0", { dtype: "uint8", shape: [3, ROW], read }]] }];
  }

  test("large ones come in parts, as many rows as fit", async () => {
    const asked: unknown[] = [];
    const counter = new Counter();
    const groups = large(({ select }) => {
      asked.push(select);
      return 1;
    });
    const { bytes } = await writeKerasWeights(counter, { groups });
    expect(asked).toEqual([[[0, 1]], [[1, 2]], [[2, 3]]]);
    expect(counter.bytes).toBe(bytes);
    expect(bytes).toBeGreaterThan(3 * ROW);
  });

  test("and of one whose single row is larger than a part, pieces of the row", async () => {
    const asked: (Selection | undefined)[] = [];
    const counter = new Counter();
    const shape = [2, 3 * ROW];
    const read = async ({ select }: LazyReadOptions = {}): Promise<Tensor> => {
      asked.push(select);
      const [, [from = 0, to = 0] = []] = (select ?? []).map((term) => (Array.isArray(term) ? term : []));
      return tensor("uint8", [1, to - from], row.subarray(0, to - from));
    };
    const groups = [{ path: "a", vars: [["0", { dtype: "uint8", shape, read }]] as const }];
    const { bytes } = await writeKerasWeights(counter, { groups });
    expect(asked).toEqual([...rowSelections({ dtype: "uint8", shape })]);
    expect(asked).toHaveLength(4);
    expect([counter.bytes, counter.closed]).toEqual([bytes, true]);
  });

  test("in pieces, from who gives them", async () => {
    const counter = new Counter();
    const shape = [3 * ROW];
    const read = () => Promise.reject(new Error("not whole"));
    const inPieces = (dtype: "uint8" | "int8") => () => ({
      dtype,
      shape,
      pieces: [row.subarray(ROW), row.subarray(0, ROW)],
    });
    const write = async (dtype: "uint8" | "int8") =>
      await writeKerasWeights(counter, {
        groups: [{ path: "a", vars: [["0", { dtype: "uint8", shape, read, inPieces: inPieces(dtype) }]] }],
      });
    const { bytes } = await write("uint8");
    expect(counter.bytes).toBe(bytes);
    await expect(write("int8")).rejects.toThrow(TypeError);
  });

  test("or not at all as announced: nothing is left", async () => {
    const wrong: [KerasVarsGroup[], ErrorConstructor][] = [
      [large(() => 2), RangeError],
      [lazily(async () => floats(3)), RangeError],
      [lazily(async () => tensor("int32", [2], new Int32Array(2))), TypeError],
      [
        lazily(() => {
          throw new SyntaxError("from inside");
        }),
        SyntaxError,
      ],
    ];
    for (const [groups, type] of wrong) {
      const counter = new Counter();
      const error: unknown = await writeKerasWeights(counter, { groups }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(type);
      expect([counter.aborted, counter.closed]).toEqual([error, false]);
    }
  });

  function lazily(read: (options?: LazyReadOptions) => Promise<Tensor>): KerasVarsGroup[] {
    return [{ path: "a", vars: [["0", { dtype: "float32", shape: [2], read }]] }];
  }

  test("one after another, in the order of the file", async () => {
    let open = 0;
    const asked: string[] = [];
    const later = (name: string) => ({
      ...floats(1000),
      data: undefined,
      read: async (): Promise<Tensor> => {
        expect(++open).toBe(1);
        asked.push(name);
        await new Promise((resolve) => setTimeout(resolve));
        open--;
        return floats(1000);
      },
    });
    const weights = ["b", "a"].map((name) => {
      const { dtype, shape, read } = later(name);
      return { name, weights: [["w", { dtype, shape, read }]] as const };
    });
    await writeKerasH5(new Counter(), { layers: weights });
    expect(asked).toEqual(["a", "b"]);
  });

  test("a signal reaches who reads them, and ends the writing", async () => {
    const stop = new AbortController();
    const counter = new Counter();
    const groups = lazily(async ({ signal } = {}) => {
      expect(signal).toBe(stop.signal);
      stop.abort(new Error("enough"));
      return floats(2);
    });
    await expect(writeKerasWeights(counter, { groups }, { signal: stop.signal })).rejects.toThrow("enough");
    expect([counter.aborted, counter.closed]).toEqual([stop.signal.reason, false]);
    await expect(writeKerasH5(counter, { layers: [] }, { signal: AbortSignal.abort("before") })).rejects.toBe("before");
  });

  test("progress is told up to the end", async () => {
    const seen: number[] = [];
    const groups = [{ path: "", vars: Object.entries([floats(1_000_000), floats(1_000_000)]) }];
    const options = { onProgress: ({ bytes, total }: { bytes: number; total: number }) => seen.push(bytes / total) };
    await writeKerasWeights(new Counter(), { groups }, options);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });

  test("of another open file", async () => {
    await using file = await openKerasHdf5(`${FIXTURES}keras-3-functional-model/model.h5`);
    const kernel = lazyTensor(file, "model_weights/conv/conv/kernel");
    await using copy = await openKerasHdf5(
      await written([{ path: "layers/conv2d", name: "conv", vars: [["0", kernel]] }]),
    );
    expect(await copy.read("conv/0")).toEqual(await file.read("conv/kernel"));
    expect(() => lazyTensor(file, "kernel")).toThrow("no such tensor");
  });
});
