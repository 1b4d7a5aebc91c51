// Odd and broken headers: what numpy.load says of them (fixtures/npz/npy_headers.py) is what is said here, or something stricter.

import { readFileSync } from "node:fs";
import { ModelbytesError } from "@modelbytes/bytes";
import { decodeNpy, describeDType, encodeFixedHead, encodeNpyHeader, isNpy, openNpy } from "@modelbytes/npz";
import { isDType, isVarying } from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";
import { describeTensor, type ExpectedTensor, FIXTURES, plain } from "./fixtures.ts";

interface Case {
  readonly hex: string;
  readonly tensor?: ExpectedTensor;
  readonly error?: string;
}

const { cases }: { cases: Readonly<Record<string, Case>> } = JSON.parse(
  readFileSync(`${FIXTURES}npy-headers.json`, "utf8"),
);

/** What NumPy reads, and what is refused here. */
const STRICTER: Readonly<Record<string, string>> = {
  "a subarray": "npy-dtype",
  dates: "npy-dtype",
  "nested 100 deep": "npy-header",
};

/** The codes of what NumPy refuses; `npy-header` for all that have none here. */
const CODES: Readonly<Record<string, string>> = {
  "version 4": "npy-version",
  "version 1.1": "npy-version",
  "version 0": "npy-version",
  "no file": "npy-magic",
  "another file": "npy-magic",
  "five bytes": "npy-magic",
  "seven bytes": "npy-truncated",
  "nine bytes": "npy-truncated",
  "a length beyond the file": "npy-truncated",
  "a length of 2^32 - 1": "npy-header-length",
  "a header of 10001": "npy-header-length",
  "too little data": "npy-size",
  "no data": "npy-size",
  "a dimension of 2^63": "npy-size",
  "dimensions whose product is beyond 2^64": "npy-size",
  "None as dtype": "npy-dtype",
  "no dtype": "npy-dtype",
  "an unknown dtype": "npy-dtype",
  "text that is none": "npy-text",
  "half a surrogate pair": "npy-text",
  "Python objects": "pickle",
  "Python objects in a field": "npy-dtype",
  fields: "npy-dtype",
};

const all = Object.entries(cases).map(([name, each]) => {
  return { name, ...each, bytes: new Uint8Array(Buffer.from(each.hex, "hex")) };
});

test.each(all.filter(({ name, tensor }) => tensor !== undefined && STRICTER[name] === undefined))(
  "$name is read",
  async ({ bytes, tensor }) => {
    await using file = await openNpy(bytes);
    expect(describeTensor(await file.read("arr_0"))).toEqual(tensor && plain(tensor));
  },
);

test.each(all.filter(({ name, error }) => error !== undefined || STRICTER[name] !== undefined))(
  "$name is refused",
  async ({ name, bytes }) => {
    const opening = openNpy(bytes, { name: "made" }).then((file) => file.read("arr_0"));
    const error = await opening.catch((each: unknown) => each);
    expect(error).toBeInstanceOf(ModelbytesError);
    expect(error).toMatchObject({ code: STRICTER[name] ?? CODES[name] ?? "npy-header", file: "made" });
    expect(() => decodeNpy(bytes, { name: "made" })).toThrow(ModelbytesError);
  },
);

test("a longer header is read where it is allowed", async () => {
  const bytes = new Uint8Array(Buffer.from(cases["a header of 10001"]?.hex ?? "", "hex"));
  await using file = await openNpy(bytes, { maxHeaderCharacters: 20_000 });
  expect((await file.read("arr_0")).shape).toEqual([3]);
  expect(decodeNpy(bytes, { maxHeaderCharacters: 10_001 }).shape).toEqual([3]);
});

test("strings of no bytes take no memory, whatever their number", async () => {
  const head = encodeNpyHeader({ descr: "|S0", fortranOrder: false, shape: [2 ** 40] });
  await using file = await openNpy(head);
  await expect(file.read("arr_0")).rejects.toMatchObject({ name: "UnsupportedError", code: "too-large" });
  expect(await file.read("arr_0", { select: [[0, 2]] })).toMatchObject({
    shape: [2],
    data: [{ length: 0 }, { length: 0 }],
  });
});

test("bool is 0 or 1, and text is text", async () => {
  const bool = encodeNpyHeader({ descr: "|b1", fortranOrder: false, shape: [3] });
  const problems: string[] = [];
  await using file = await openNpy(new Uint8Array([...bool, 1, 0, 2]));
  for await (const { code, offset } of file.verify()) problems.push(`${code} ${offset}`);
  expect(problems).toEqual([`bool ${bool.length + 2}`]);
  const bytes = new Uint8Array(Buffer.from(cases["text that is none"]?.hex ?? "", "hex"));
  await using text = await openNpy(bytes);
  for await (const { code } of text.verify()) problems.push(code);
  expect(problems[1]).toBe("npy-text");
});

describe("heads", () => {
  type Heads = readonly (readonly [shape: readonly number[], head: string])[];
  const { heads, columns }: { heads: Readonly<Record<string, Heads>>; columns: Heads } = JSON.parse(
    readFileSync(`${FIXTURES}heads.json`, "utf8"),
  );
  const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

  test.each(Object.keys(heads))("of %s are those of numpy.save", (dtype) => {
    if (!isDType(dtype) || isVarying(dtype)) throw new Error(dtype);
    for (const [shape, head] of heads[dtype] ?? []) expect(textOf(encodeFixedHead(dtype, shape))).toBe(`${head}\n`);
  });

  test("column by column", () => {
    for (const [shape, head] of columns) {
      const fortranOrder = head.includes("'fortran_order': True");
      const bytes = encodeNpyHeader({ descr: describeDType("float32"), fortranOrder, shape });
      expect(textOf(bytes)).toBe(`${head}\n`);
      expect(isNpy(bytes)).toBe(true);
    }
  });

  test("of more dimensions than NumPy has are neither written nor read", async () => {
    const shape = new Array(64).fill(1);
    const head = encodeFixedHead("uint8", shape);
    expect(decodeNpy(new Uint8Array([...head, 7])).shape).toEqual(shape);
    expect(() => encodeFixedHead("uint8", [...shape, 1])).toThrow(RangeError);
    const more = new Uint8Array(Buffer.from(textOf(head).replace("(1,", "(1, 1,").replace("  \n", "\n"), "latin1"));
    expect(() => decodeNpy(new Uint8Array([...more, 7]))).toThrow(/65 dimensions/);
  });

  test("of quantized dtypes are those of their integers", () => {
    expect(describeDType("qint8")).toBe("|i1");
    expect(describeDType("quint16")).toBe("<u2");
  });
});
