import { deflateSync } from "node:zlib";
import { BytesSource, CorruptError, MemorySink, NotFoundError, type Source, UnsupportedError } from "@modelbytes/bytes";
import { type Hdf5File, h5pyType, isTensor, openHdf5, writeHdf5 } from "@modelbytes/hdf5";
import { type Tensor, toNumbers } from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";
import { lookup3 } from "../src/classic/checksum.ts";
import { fletcher32 } from "../src/classic/filters/fletcher32.ts";
import { inflate } from "../src/classic/filters/inflate.ts";
import { decodeLzf } from "../src/classic/filters/lzf.ts";
import { unshuffle } from "../src/classic/filters/shuffle.ts";
import { CountedSource, grown } from "./counted-source.ts";
import { FIXTURES } from "./described.ts";

async function tensorAt(file: Hdf5File, ...request: Parameters<Hdf5File["read"]>): Promise<Tensor> {
  const value = await file.read(...request);
  if (!isTensor(value)) throw new Error(`${value.dtype} is no tensor`);
  return value;
}

describe("selections", () => {
  const paths = [
    "compact",
    "early",
    "fixed/all",
    "one_unlimited/gzip",
    "unlimited/plain",
    "single/lzf",
    "sparse/plain",
  ];

  test.each(["earliest", "v108", "latest"])("of every layout under %s are parts of the whole", async (name) => {
    await using file = await openHdf5(`${FIXTURES}chunks/${name}.h5`, { engine: "classic" });
    for (const path of paths) {
      const whole = await tensorAt(file, path);
      const numbers = toNumbers(whole);
      const columns = whole.shape[1] ?? 0;
      const part = await tensorAt(file, path, {
        select: [
          [2, 5],
          [3, columns - 1],
        ],
      });
      expect(part.shape).toEqual([3, columns - 4]);
      const wanted = [2, 3, 4].flatMap((row) => [...numbers.subarray(row * columns + 3, row * columns + columns - 1)]);
      expect([path, ...toNumbers(part)]).toEqual([path, ...wanted]);
      expect((await tensorAt(file, path, { select: [1, [0, 0]] })).shape).toEqual([0]);
    }
    await expect(file.read("compact", { select: [8] })).rejects.toThrow(RangeError);
  });

  test("read only their bytes", async () => {
    const sink = new MemorySink();
    const data = new Uint8Array(Float64Array.from({ length: 2 ** 20 }, (_, index) => index).buffer);
    await writeHdf5(sink, [
      { kind: "dataset", path: "large", datatype: h5pyType("float64"), shape: [1024, 1024], data },
    ]);
    const source = new CountedSource(sink.bytes);
    await using file = await openHdf5(source);
    const part = await tensorAt(file, "large", { select: [1000, [0, 2]] });
    expect(toNumbers(part)).toEqual(Float64Array.of(1_024_000, 1_024_001));
    expect(source.requests.at(-1)?.[1]).toBe(16);
  });

  test("of whole rows are read into scratch as they are, and copied nowhere", async () => {
    const sink = new MemorySink();
    const data = Uint8Array.from({ length: 2 ** 23 }, (_, index) => index % 251);
    await writeHdf5(sink, [{ kind: "dataset", path: "x", datatype: h5pyType("uint8"), shape: [1024, 4, 2048], data }]);
    const scratch = new Uint8Array(8192);
    const inner = new BytesSource(sink.bytes, "x.h5");
    const lengths: number[] = [];
    const source: Source = {
      name: "x.h5",
      size: () => inner.size(),
      read: (offset, length, options = {}) => {
        if (options.scratch?.buffer === scratch.buffer) lengths.push(length);
        return inner.read(offset, length, options);
      },
    };
    await using file = await openHdf5(source);
    const part = await tensorAt(file, "x", { select: [500, [1, 4]], scratch });
    expect([part.shape, part.data]).toEqual([[3, 2048], data.subarray(500 * 8192 + 2048, 501 * 8192)]);
    expect(lengths).toEqual([3 * 2048]);
  });

  test("scratch takes the result", async () => {
    await using file = await openHdf5(grown("numbers/earliest.h5"));
    const scratch = new Uint8Array(64);
    const { data } = await tensorAt(file, "little/f8", { scratch });
    expect(data).toHaveLength(6);
    await expect(file.read("little/f8", { scratch: new Uint8Array(8) })).rejects.toThrow(RangeError);
  });
});

describe("paths", () => {
  test("lead through soft links, and to nothing", async () => {
    await using file = await openHdf5(`${FIXTURES}groups/earliest.h5`);
    expect(await file.group("//through/")).toMatchObject({ path: "through", kind: "group" });
    expect(await file.group("loop/many/relative")).toMatchObject({ kind: "group" });
    await expect(file.object("dangling")).rejects.toThrow(NotFoundError);
    await expect(file.object("data/below")).rejects.toThrow(NotFoundError);
    await expect(file.attribute("data", "none")).rejects.toThrow(NotFoundError);
    await expect(file.group("data")).rejects.toThrow(TypeError);
    await expect(file.dataset("many")).rejects.toThrow(TypeError);
  });

  test.each(["classic", "h5wasm", "auto"] as const)("never lead to other files with %s", async (engine) => {
    await using file = await openHdf5(`${FIXTURES}refused/latest.h5`, { engine });
    for (const path of ["external_link", "external", "virtual"]) {
      await expect(file.read(path)).rejects.toThrow(UnsupportedError);
    }
  });
});

describe("the engine that reads what ours does not", () => {
  test("is named by the error of the first", async () => {
    await using file = await openHdf5(`${FIXTURES}refused/earliest.h5`, { engine: "classic" });
    await expect(file.read("scaleoffset")).rejects.toThrow(/filter 6 \(scaleoffset\)/);
  });

  test.each(["earliest", "latest"])("takes over by itself for %s", async (name) => {
    await using file = await openHdf5(`${FIXTURES}refused/${name}.h5`);
    expect(toNumbers(await tensorAt(file, "scaleoffset"))).toEqual(
      Float64Array.from({ length: 20 }, (_, index) => index),
    );
    expect(toNumbers(await tensorAt(file, "nbit", { select: [[1, 3]] }))).toEqual(Float64Array.of(-2, 3));
  });

  test("survives thousands of errors", async () => {
    await using file = await openHdf5(`${FIXTURES}chunks/earliest.h5`, { engine: "h5wasm" });
    let errors = 0;
    for (let run = 0; run < 3000; run++) await file.read("repeats_lzf").catch(() => errors++);
    expect(errors).toBe(3000);
    expect((await tensorAt(file, "single/gzip")).shape).toEqual([7, 9]);
  }, 60_000);

  test("LZF, which it has not, is an error and no zeros", async () => {
    await using file = await openHdf5(`${FIXTURES}chunks/earliest.h5`, { engine: "h5wasm" });
    await expect(file.read("repeats_lzf")).rejects.toThrow(UnsupportedError);
  });
});

describe("hostile files", () => {
  /** A file of superblock version 0 whose root header has one message. */
  function file(type: number, body: readonly number[], more: (bytes: DataView) => void = () => {}): Uint8Array {
    const bytes = new Uint8Array(4096);
    const view = new DataView(bytes.buffer);
    bytes.set([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
    bytes.set([8, 8], 13);
    view.setBigUint64(40, BigInt(bytes.length), true);
    view.setBigUint64(64, 96n, true);
    bytes.set([1, 0, 1, 0, 1, 0, 0, 0, 8 + body.length], 96);
    bytes.set([type, 0, body.length, 0, 0, 0, 0, 0, ...body], 112);
    more(view);
    return bytes;
  }
  const address = (at: number) => [at & 255, at >> 8, 0, 0, 0, 0, 0, 0];

  test("an object header that continues in itself", async () => {
    await using opened = await openHdf5(file(0x10, [...address(112), ...address(24)]), { engine: "classic" });
    await expect(opened.object("/")).rejects.toThrow(CorruptError);
  });

  test("a B-tree whose node lists itself", async () => {
    const looping = file(0x11, [...address(1024), ...address(2048)], (view) => {
      for (const [at, text] of [
        [1024, "TREE"],
        [2048, "HEAP"],
      ] as const) {
        for (const [index, letter] of [...text].entries()) view.setUint8(at + index, letter.charCodeAt(0));
      }
      view.setUint8(1024 + 5, 3); // level
      view.setUint16(1024 + 6, 2, true);
      for (const child of [0, 1]) view.setBigUint64(1024 + 32 + 16 * child, 1024n, true);
      view.setBigUint64(2048 + 8, 8n, true);
      view.setBigUint64(2048 + 24, 3000n, true);
    });
    await using opened = await openHdf5(looping, { engine: "classic" });
    await expect(opened.object("/")).rejects.toThrow(CorruptError);
  });

  test("a heap, a header and a continuation of giant sizes", async () => {
    const giant = [255, 255, 255, 255, 255, 15, 0, 0];
    for (const body of [
      [...address(512), ...giant],
      [...giant, ...giant],
    ]) {
      await using opened = await openHdf5(file(0x10, body), { engine: "classic" });
      await expect(opened.object("/")).rejects.toThrow(CorruptError);
    }
  });
});

describe("checksums and filters", () => {
  test("lookup3 of known texts", () => {
    expect(lookup3(new Uint8Array(0))).toBe(0xdeadbeef);
    expect(lookup3(new TextEncoder().encode("Four score and seven years ago"))).toBe(0x17770551);
  });

  test("fletcher32 of known texts", () => {
    expect(fletcher32(Uint8Array.of(0, 1, 0, 2))).toBe(0x0004_0003);
  });

  test.each([1000, 2 ** 17])("deflate of %i bytes gives those, or nothing", async (length) => {
    const zeros = deflateSync(new Uint8Array(length));
    const deflated = new Uint8Array(zeros);
    expect(await inflate(deflated, length)).toEqual(new Uint8Array(length));
    expect(await inflate(deflated, length + 4)).toHaveLength(length);
    expect(await inflate(deflated, length - 1)).toBeUndefined();
    await expect(inflate(deflated.subarray(0, -5), length)).rejects.toThrow();
    await expect(inflate(new Uint8Array(8), length)).rejects.toThrow();
    const bomb = new Uint8Array(deflateSync(new Uint8Array(2 ** 26)));
    expect(await inflate(bomb, length)).toBeUndefined();
  });

  test("what is no LZF is not decoded", () => {
    expect(decodeLzf(Uint8Array.of(2, 65, 66, 67, 0x20, 0), 6)).toEqual(Uint8Array.of(65, 66, 67, 67, 67, 67));
    expect(decodeLzf(Uint8Array.of(2, 65), 10)).toBeUndefined();
    expect(decodeLzf(Uint8Array.of(0x20, 9), 10)).toBeUndefined();
    expect(decodeLzf(Uint8Array.of(2, 65, 66, 67), 2)).toBeUndefined();
  });

  test("shuffle leaves what is left over where it is", () => {
    expect(unshuffle(Uint8Array.of(1, 3, 2, 4, 5), 2)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
    expect(unshuffle(Uint8Array.of(1, 2), 2 ** 31)).toEqual(Uint8Array.of(1, 2));
  });
});
