import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemorySink, UnsupportedError } from "@modelbytes/bytes";
import { afterAll, describe, expect, test } from "vitest";
import type { Datatype } from "../src/model.ts";
import { fixedStringType, floatType, h5pyType, integerType, vlenStringType } from "../src/writer/h5py-types.ts";
import type { CreateDataset, Hdf5Data, Hdf5Operation } from "../src/writer/operation.ts";
import { planHdf5 } from "../src/writer/plan.ts";
import { streamHdf5 } from "../src/writer/stream.ts";
import { writeHdf5 } from "../src/writer/write.ts";

const BYTE = integerType(1, false);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function bytes(path: string, length: number, data?: Hdf5Data): CreateDataset {
  return { kind: "dataset", path, datatype: BYTE, shape: [length], data };
}

function attribute(path: string, name: string, datatype: Datatype, count: number): Hdf5Operation {
  const value =
    datatype.class === "vlen-string"
      ? Array.from({ length: count }, () => utf8("n"))
      : new Uint8Array(count * datatype.size);
  return { kind: "attribute", path, name, datatype, shape: [count], value };
}

async function written(operations: readonly Hdf5Operation[]): Promise<Uint8Array> {
  const sink = new MemorySink();
  await writeHdf5(sink, operations);
  return sink.bytes;
}

describe("what h5py refuses is refused, and the message names the object", () => {
  const group: Hdf5Operation = { kind: "group", path: "a" };
  const taken = bytes("a/d", 1, new Uint8Array(1));
  test.each<[string, Hdf5Operation[], string]>([
    ["a group twice", [group, group], 'group "a": there is an object of this name already'],
    ["the root", [{ kind: "group", path: "/" }], 'group "/": a new object needs a name'],
    ["a dot", [{ kind: "group", path: "a/./b" }], '"." cannot be the name of a link'],
    ["below a dataset", [taken, { kind: "group", path: "a/d/e" }], '"d" is a dataset'],
    ["assigned twice", [taken, { ...taken, by: "assignment" }], 'dataset "a/d": there is an object of this name'],
    ["an attribute of nothing", [attribute("b", "x", BYTE, 1)], 'attribute "x" of "b": there is no such object yet'],
    ["an attribute twice", [attribute("", "x", BYTE, 1), attribute("", "x", BYTE, 1)], "such an attribute already"],
    ["4095 names", [attribute("", "layer_names", vlenStringType("ascii"), 4095)], "object header message is too large"],
    ["a large array", [attribute("", "x", BYTE, 65_536)], "object header message is too large"],
    [
      "data twice",
      [taken, { kind: "write", path: "a/d", data: new Uint8Array(1) }],
      'write "a/d": a dataset is written once',
    ],
    ["data of a group", [group, { kind: "write", path: "a", data: new Uint8Array(1) }], "a group has no data"],
    ["too few bytes", [bytes("d", 3, new Uint8Array(2))], 'dataset "d": 2 bytes, where datatype and shape take 3'],
    ["33 dimensions", [{ ...bytes("d", 0), shape: new Array<number>(33).fill(1) }], "33 dimensions"],
    ["2^53 bytes", [{ ...bytes("d", 0), shape: [2 ** 52, 4] }], "[4503599627370496, 4]"],
    ["half an element", [{ ...bytes("d", 0), shape: [0.5] }], "[0.5]"],
    ["an element of no bytes", [{ ...bytes("d", 0), datatype: fixedStringType(0) }], "a datatype of 0 bytes"],
  ])("%s", (_name, operations, message) => {
    expect(() => planHdf5(operations)).toThrow(RangeError);
    expect(() => planHdf5(operations)).toThrow(message);
  });

  test("4080 names, as Keras writes them, are not too many", () => {
    expect(planHdf5([attribute("", "layer_names", vlenStringType("ascii"), 4080)]).size).toBeGreaterThan(65_000);
  });

  test("strings that are no list, compact data that is not at hand", () => {
    const strings: CreateDataset = { ...bytes("s", 1), datatype: vlenStringType("utf-8"), data: utf8("x") };
    expect(() => planHdf5([strings])).toThrow(TypeError);
    expect(() => planHdf5([{ ...bytes("c", 1), layout: "compact", data: () => new Uint8Array(1) }])).toThrow(TypeError);
  });

  test("datatypes that are not written", () => {
    const list: Datatype = { class: "vlen", size: 16, base: BYTE };
    const record: Datatype = {
      class: "compound",
      size: 16,
      members: [{ name: "m", offset: 0, type: vlenStringType("ascii") }],
    };
    for (const datatype of [list, record]) {
      expect(() => planHdf5([{ ...bytes("d", 0), datatype }])).toThrow(UnsupportedError);
    }
    expect(() => planHdf5([{ ...bytes("d", 0), datatype: list }])).toThrow('dataset "d": datatypes of class vlen');
  });
});

test("chunks and filters are refused, and not left out in silence", () => {
  const chunked = { layout: { class: "chunked", chunk: [2] }, filters: [], maxShape: [null] };
  for (const asked of [chunked, { chunks: [1] }, { compression: "gzip" }, { maxshape: [null] }, { fletcher32: true }]) {
    const operation = Object.assign(bytes("d", 0), asked);
    expect(() => planHdf5([operation])).toThrow(/^dataset "d": .* are not written$/);
    expect(() => planHdf5([operation])).toThrow(UnsupportedError);
  }
});

describe("a plan", () => {
  test("of 5 GB needs no data, and every address holds", () => {
    const never = (): Uint8Array => {
      throw new Error("data was asked for");
    };
    const kernel = 1_250_000_000;
    const operations = ["a", "b"].map(
      (path): Hdf5Operation => ({ ...bytes(path, 0), datatype: floatType(4), shape: [kernel], data: never }),
    );
    for (const driver of ["path", "file-object"] as const) {
      const { size, data, doubts } = planHdf5(operations, { driver });
      expect(size).toBeGreaterThan(8 * kernel);
      expect(data.map((one) => one.path)).toEqual(["a", "b"]);
      expect((data[1]?.address ?? 0) - (data[0]?.address ?? 0)).toBeGreaterThanOrEqual(4 * kernel);
      expect(doubts).toEqual([]);
    }
  });

  test("covers the file without overlap", () => {
    const operations = Array.from({ length: 200 }, (_, index) =>
      bytes(`g${index % 9}/d${index}`, index * 37, new Uint8Array(index * 37)),
    );
    const { size, data, segments } = planHdf5(operations);
    let end = 0;
    for (const { address, size: length } of [...data, ...segments].sort((a, b) => a.address - b.address)) {
      expect(address).toBeGreaterThanOrEqual(end);
      end = address + length;
    }
    expect(end).toBeLessThanOrEqual(size);
    for (const segment of segments) expect(segment.encode()).toHaveLength(segment.size);
  });

  test("does not depend on how often it is streamed", async () => {
    const plan = planHdf5([bytes("d", 3, Uint8Array.of(1, 2, 3)), { kind: "flush" }]);
    const runs: Buffer[] = [];
    for (const _ of [1, 2]) {
      const pieces: Uint8Array[] = [];
      for await (const piece of streamHdf5(plan)) pieces.push(piece.slice());
      runs.push(Buffer.concat(pieces));
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).toHaveLength(plan.size);
  });

  test("says what may differ from h5py's file", () => {
    expect(planHdf5([{ kind: "group", path: "é" }]).doubts).toEqual(["link-names"]);
    expect(planHdf5([bytes("é", 0)]).doubts).toEqual([]);
    const groups = Array.from({ length: 1600 }, (_, index): Hdf5Operation => ({ kind: "group", path: `${index}` }));
    expect(planHdf5(groups).doubts).toEqual(["metadata-cache"]);
  });
});

describe("data", () => {
  test("comes as bytes, pieces, promises: the same file", async () => {
    const data = Uint8Array.from({ length: 1000 }, (_, index) => index);
    const halves = [data.subarray(0, 400), data.subarray(400)];
    async function* later(): AsyncGenerator<Uint8Array> {
      yield* halves;
    }
    const forms: Hdf5Data[] = [data, halves, later(), () => data, () => Promise.resolve(data), () => halves, later];
    const files = await Promise.all(forms.map((form) => written([bytes("d", 1000, form)])));
    for (const file of files) expect(file).toEqual(files[0]);
  });

  test("is asked for piece by piece, and never in advance", async () => {
    const piece = new Uint8Array(2 ** 20);
    let asked = 0;
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (; asked < 64; asked++) yield piece;
    }
    let received = 0;
    let ahead = 0;
    const sink = {
      name: "counting",
      write: async (part: Uint8Array) => {
        ahead = Math.max(ahead, asked * piece.length - received);
        received += part.length;
      },
      close: async () => {},
      abort: async () => {},
    };
    const { size } = await writeHdf5(sink, [bytes("d", 64 * piece.length, pieces)]);
    expect(received).toBe(size);
    expect(ahead).toBeLessThanOrEqual(piece.length);
  });

  test.each<[string, Hdf5Data]>([
    ["too short", () => new Uint8Array(9)],
    ["too long", () => [new Uint8Array(9), new Uint8Array(2)]],
    ["none", []],
  ])("%s: a RangeError that names the dataset, and no file", async (_name, data) => {
    const sink = new MemorySink();
    const operations = [bytes("group/d", 10, data)];
    await expect(writeHdf5(sink, operations)).rejects.toThrow(/dataset "group\/d" is 10 bytes/);
    await expect(writeHdf5(new MemorySink(), operations)).rejects.toThrow(RangeError);
    expect(() => sink.bytes).toThrow(TypeError);
  });
});

describe("a file on disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-write-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("is replaced when the new one is whole, and not before", async () => {
    const path = join(folder, "model.h5");
    writeFileSync(path, "before");
    const failing = (): Uint8Array => {
      expect(readFileSync(path, "utf8")).toBe("before");
      throw new Error("no data");
    };
    await expect(writeHdf5(path, [bytes("d", 2 ** 22, failing)])).rejects.toThrow("no data");
    expect(readFileSync(path, "utf8")).toBe("before");
    const reports: number[] = [];
    const onProgress = ({ bytes: done, total }: { bytes: number; total: number }): void =>
      void reports.push(done / total);
    const plan = await writeHdf5(path, [bytes("d", 2 ** 22, () => new Uint8Array(2 ** 22))], { onProgress });
    expect(readFileSync(path)).toHaveLength(plan.size);
    expect(reports.at(-1)).toBe(1);
    expect(readdirSync(folder)).toEqual(["model.h5"]);
  });

  test("an abort gives its reason and leaves nothing", async () => {
    const controller = new AbortController();
    const data = (): Uint8Array => {
      controller.abort(new Error("enough"));
      return new Uint8Array(2 ** 22);
    };
    const writing = writeHdf5(join(folder, "aborted.h5"), [bytes("d", 2 ** 22, data)], { signal: controller.signal });
    await expect(writing).rejects.toThrow("enough");
    expect(readdirSync(folder)).not.toContain("aborted.h5");
  });
});

test("every dtype of fixed length has a datatype of its size", () => {
  expect(h5pyType("bfloat16")).toMatchObject({ class: "opaque", size: 2 });
  expect(h5pyType("float8_e4m3fn")).toMatchObject({ class: "opaque", size: 1 });
  expect(h5pyType("qint32")).toMatchObject({ class: "fixed", size: 4, signed: true });
  expect(h5pyType("bool")).toMatchObject({ class: "enum", size: 1 });
  expect(h5pyType("complex128")).toMatchObject({ class: "compound", size: 16 });
  expect(h5pyType("float16")).toMatchObject({ class: "float", size: 2, exponentBias: 15 });
});
