// Random programs that write an HDF5 file: as operations of ours, and as the player of h5py takes them.

import type { CreateDataset, Datatype, Hdf5Operation, Shape } from "@modelbytes/hdf5";
import fc from "fast-check";
import {
  BOOL_TYPE,
  fixedStringType,
  floatType,
  h5pyType,
  integerType,
  opaqueType,
  vlenStringType,
} from "../../hdf5/src/writer/h5py-types.ts";

/** An operation for writer_player.py. */
export type Played = Readonly<Record<string, unknown>>;

/** A program in both forms. */
export interface Program {
  readonly operations: readonly Hdf5Operation[];
  readonly played: readonly Played[];
}

const bigEndian = <T extends { readonly order: string }>(type: T): T => ({ ...type, order: "big-endian" });
const member = (name: string, offset: number, type: Datatype) => ({ name, offset, type });

const INNER: Datatype = {
  class: "compound",
  size: 25,
  members: [
    member("n", 0, { class: "array", size: 24, base: floatType(4), shape: [2, 3] }),
    member("o", 24, BOOL_TYPE),
  ],
};

/** numpy's dtypes and what they are in HDF5; "str" and "bytes" are strings of any length. */
const DTYPES: readonly (readonly [dtype: string, datatype: Datatype])[] = [
  ["str", vlenStringType("utf-8")],
  ["bytes", vlenStringType("ascii")],
  ["<f4", floatType(4)],
  ["<f8", floatType(8)],
  ["<f2", floatType(2)],
  ...[1, 2, 4, 8].flatMap((size): [string, Datatype][] => [
    [`<i${size}`, integerType(size, true)],
    [`<u${size}`, integerType(size, false)],
  ]),
  [">i4", bigEndian(integerType(4, true))],
  [">f8", bigEndian(floatType(8))],
  ["bool", BOOL_TYPE],
  ["V2", opaqueType(2)],
  ["V7", opaqueType(7)],
  ["S1", fixedStringType(1)],
  ["S13", fixedStringType(13)],
  ["<c8", h5pyType("complex64")],
  ["<c16", h5pyType("complex128")],
  [
    "[('a', '<i4'), ('bytes of it', 'S3'), ('c', '<f8')]",
    {
      class: "compound",
      size: 15,
      members: [
        member("a", 0, integerType(4, true)),
        member("bytes of it", 4, fixedStringType(3)),
        member("c", 7, floatType(8)),
      ],
    },
  ],
  [
    "[('y', '?'), ('m', [('n', '<f4', (2, 3)), ('o', '?')], (1,)), ('z', '?')]",
    {
      class: "compound",
      size: 27,
      members: [
        member("y", 0, BOOL_TYPE),
        member("m", 1, { class: "array", size: 25, base: INNER, shape: [1] }),
        member("z", 26, BOOL_TYPE),
      ],
    },
  ],
];

const name = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-z_0-9:]{1,9}$/) },
  { weight: 1, arbitrary: fc.stringMatching(/^[A-Za-z ~!]{1,40}$/) },
  { weight: 1, arbitrary: fc.nat(190).map((length) => "n".repeat(length + 1)) },
);
const path = fc.array(
  name.filter((text) => text !== "."),
  { minLength: 1, maxLength: 3 },
);
const shape: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.constantFrom([0], [0, 3], [2, 0]) },
  { weight: 4, arbitrary: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 700 }).map((count) => [count]) },
  { weight: 1, arbitrary: fc.integer({ min: 700, max: 9000 }).map((count) => [count]) },
);
const lengths = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.nat(3000) },
  { weight: 1, arbitrary: fc.constantFrom(0, 4064, 5000, 70_000) },
);

const step = fc.record({
  kind: fc.constantFrom(
    "group",
    "dataset",
    "dataset",
    "attribute",
    "attribute",
    "attribute",
    "write",
    "flush" as const,
  ),
  parent: fc.nat(),
  path,
  dtype: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 2) },
    { weight: 1, arbitrary: fc.nat(DTYPES.length - 1) },
  ),
  shape,
  lengths: fc.array(lengths, { minLength: 1, maxLength: 6 }),
  fill: fc.nat(255),
  variant: fc.nat(9),
});

/** Random programs of up to `maxLength` steps. */
export function programs(maxLength: number): fc.Arbitrary<Program> {
  return fc.array(step, { minLength: 1, maxLength, size: "max" }).map(toProgram);
}

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Elements that an attribute holds at most, for its message to fit. */
const MOST_ATTRIBUTE_BYTES = 65_000;
const MOST_STRINGS = 2000;

function toProgram(steps: readonly Step[]): Program {
  const operations: Hdf5Operation[] = [];
  const played: Played[] = [];
  const objects = new Map<string, "group" | "dataset">([["", "group"]]);
  const attributes = new Set<string>();
  const unwritten: (readonly [path: string, dtype: number, shape: Shape])[] = [];
  const emit = (operation: Hdf5Operation, dtype: string): void => {
    operations.push(operation);
    played.push(toPlayed(operation, dtype));
  };
  for (const one of steps) {
    const [dtype, datatype] = DTYPES[one.dtype] ?? fail();
    if (one.kind === "flush") emit({ kind: "flush" }, "");
    else if (one.kind === "write") {
      const late = unwritten.splice(one.parent % Math.max(unwritten.length, 1), 1)[0];
      if (late === undefined) continue;
      const [lateName, lateType] = DTYPES[late[1]] ?? fail();
      emit({ kind: "write", path: late[0], data: values(one, lateType, late[2]) }, lateName);
    } else if (one.kind === "attribute") {
      const target = [...objects.keys()][one.parent % objects.size] ?? "";
      const key = one.path.join("/");
      const small = datatype.class === "vlen-string" ? MOST_STRINGS * 16 : MOST_ATTRIBUTE_BYTES;
      if (attributes.has(`${target}\0${key}`) || count(one.shape) * datatype.size > small) continue;
      attributes.add(`${target}\0${key}`);
      emit(
        {
          kind: "attribute",
          path: target,
          name: key,
          datatype,
          shape: one.shape,
          value: values(one, datatype, one.shape),
        },
        dtype,
      );
    } else {
      const groups = [...objects].filter(([, kind]) => kind === "group").map(([group]) => group);
      const at = [groups[one.parent % groups.length] ?? "", ...one.path].filter((part) => part !== "").join("/");
      if (!claim(objects, at, one.kind)) continue;
      if (one.kind === "group") emit({ kind: "group", path: at }, "");
      else {
        const dataset = datasetOf(one, at, datatype);
        if (dataset.data === undefined && one.shape !== null) unwritten.push([at, one.dtype, one.shape]);
        emit(dataset, dtype);
      }
    }
  }
  return { operations, played };
}

function datasetOf(one: Step, at: string, datatype: Datatype): CreateDataset {
  const dataset: CreateDataset = { kind: "dataset", path: at, datatype, shape: one.shape };
  const vlen = datatype.class === "vlen-string";
  if (one.variant === 0 && one.shape !== null) return dataset;
  const data = values(one, datatype, one.shape);
  if (one.variant === 1 && !vlen && one.shape !== null && count(one.shape) * datatype.size < MOST_ATTRIBUTE_BYTES) {
    return { ...dataset, layout: "compact", data };
  }
  return { ...dataset, by: one.variant > 5 ? "assignment" : "create_dataset", data };
}

/** Takes a path and its parents, unless something else has it. */
function claim(objects: Map<string, "group" | "dataset">, at: string, kind: "group" | "dataset"): boolean {
  if (objects.has(at)) return false;
  const parts = at.split("/");
  const parents = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
  if (parents.some((parent) => objects.get(parent) === "dataset")) return false;
  for (const parent of parents) objects.set(parent, "group");
  objects.set(at, kind);
  return true;
}

function count(of: Shape): number {
  return of === null ? 0 : of.reduce((product, dim) => product * dim, 1);
}

function values(one: Step, datatype: Datatype, of: Shape): Uint8Array | readonly Uint8Array[] {
  const elements = count(of);
  if (datatype.class === "vlen-string") {
    const letter = datatype.charset === "utf-8" && one.fill % 3 === 0 ? "é" : "x";
    return Array.from({ length: elements }, (_, index) => {
      const length = one.lengths[index] ?? (one.lengths[index % one.lengths.length] ?? 0) % 41; // long ones once
      return new TextEncoder().encode(letter.repeat(length));
    });
  }
  const bytes = new Uint8Array(elements * datatype.size);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = (index * 7 + one.fill) & (holdsBool(datatype) ? 1 : 0x3f);
  return bytes;
}

function holdsBool(datatype: Datatype): boolean {
  return (
    datatype.class === "enum" || (datatype.class === "compound" && datatype.members.some(({ type }) => holdsBool(type)))
  );
}

function toPlayed(operation: Hdf5Operation, dtype: string): Played {
  switch (operation.kind) {
    case "dataset": {
      const { datatype: _, data, ...rest } = operation;
      return { ...rest, dtype, data: encoded(data) };
    }
    case "attribute": {
      const { datatype: _, value, ...rest } = operation;
      return { ...rest, dtype, data: encoded(value) };
    }
    case "write":
      return { ...operation, dtype, data: encoded(operation.data) };
    default:
      return { ...operation };
  }
}

function encoded(data: unknown): unknown {
  if (data instanceof Uint8Array) return Buffer.from(data).toString("base64");
  return Array.isArray(data) ? data.map(encoded) : undefined;
}

function fail(): never {
  throw new Error("the program asks for what is not there");
}
