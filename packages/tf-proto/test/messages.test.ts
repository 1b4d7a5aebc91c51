import { fc, test } from "@fast-check/vitest";
import { CorruptError, decodeName } from "@modelbytes/bytes";
import { describe, expect } from "vitest";
import {
  decodeBundleEntry,
  decodeBundleHeader,
  decodeObjectGraph,
  decodeSavedTensorSlices,
  decodeTensorProto,
  decodeTensorShape,
  decodeTensorSlice,
  decodeVariant,
  encodeBundleEntry,
  encodeBundleHeader,
  encodeObjectGraph,
  encodeTensorShape,
  encodeTensorSlice,
  toTensor,
} from "../src/index.ts";
import { bytesOfHex, field, hexOf, joined, varint } from "./hex.ts";

const version = { producer: 1, minConsumer: 0, badConsumers: [] };
const shape = (...dims: number[]) => ({ dims, unknownRank: false });

describe("the header of a bundle, as TensorFlow 2.21 writes it", () => {
  test.each([
    ["08011a020801", { numShards: 1, bigEndian: false, version }],
    ["08031a020801", { numShards: 3, bigEndian: false, version }],
    ["080110011a020801", { numShards: 1, bigEndian: true, version }],
    ["0801", { numShards: 1, bigEndian: false, version: undefined }],
    ["08011a00", { numShards: 1, bigEndian: false, version: { producer: 0, minConsumer: 0, badConsumers: [] } }],
    [
      "08011a0808021002 1a020103",
      { numShards: 1, bigEndian: false, version: { producer: 2, minConsumer: 2, badConsumers: [1, 3] } },
    ],
  ])("%s", (hex, header) => {
    expect(decodeBundleHeader(bytesOfHex(hex))).toEqual(header);
    expect(hexOf(encodeBundleHeader(header))).toBe(hex.replaceAll(" ", ""));
  });

  test("bad consumers one by one, and fields that are not known", () => {
    const header = decodeBundleHeader(bytesOfHex("0801 1a04 1801 1803 aa0601ff"));
    expect(header.version?.badConsumers).toEqual([1, 3]);
  });

  test("negative numbers take ten bytes", () => {
    const { version: found } = decodeBundleHeader(bytesOfHex("1a0b 08ffffffffffffffffff01"));
    expect(found?.producer).toBe(-1);
  });
});

const entry = { dtype: 1, shape: shape(), shardId: 0, offset: 0, size: 0, crc32c: 0, slices: [] };

describe("an entry of a bundle, as TensorFlow 2.21 writes it", () => {
  test.each([
    ["0809 1200 2018 2808 35bbd79f11", { ...entry, dtype: 9, offset: 24, size: 8, crc32c: 0x119fd7bb }],
    ["0801 1208 12020802 12020803 2818 357aebf5ab", { ...entry, shape: shape(2, 3), size: 24, crc32c: 0xabf5eb7a }],
    ["0801 1206 1200 12020803 202d 35d8ea82a2", { ...entry, shape: shape(0, 3), offset: 45, crc32c: 0xa282ead8 }],
    [
      "0801 1208 12020805 1202080a 1802 3a08 0a00 0a04 0801 1009",
      { ...entry, shape: shape(5, 10), shardId: 2, slices: [[null, { start: 1, length: 9 }]] },
    ],
    ["0801 1200 20808080808040 28808080808040", { ...entry, offset: 2 ** 41, size: 2 ** 41 }],
  ])("%s", (hex, expected) => {
    expect(decodeBundleEntry(bytesOfHex(hex))).toEqual(expected);
    expect(hexOf(encodeBundleEntry(expected))).toBe(hex.replaceAll(" ", ""));
  });

  test("numbers beyond 2^53 are refused, wherever they are", () => {
    for (const wrong of [
      varint(4, 2n ** 53n),
      varint(5, 2n ** 63n - 1n),
      varint(4, -(2n ** 53n)),
      field(2, field(2, varint(1, 2n ** 60n))),
    ]) {
      const run = () => decodeBundleEntry(wrong, { file: "m.index", offset: 10, tensor: "x" });
      expect(run).toThrow(
        expect.objectContaining({ name: "CorruptError", code: "protobuf", file: "m.index", tensor: "x" }),
      );
      expect(run).toThrow(/beyond 2\^53/);
    }
    expect(decodeBundleEntry(varint(4, -1)).offset).toBe(-1);
  });

  const extent = fc.oneof(fc.constant(null), fc.record({ start: fc.maxSafeNat(), length: fc.maxSafeNat() }));
  const entries = fc.record({
    dtype: fc.nat(33),
    shape: fc.record({ dims: fc.array(fc.maxSafeNat(), { maxLength: 5 }), unknownRank: fc.constant(false) }),
    shardId: fc.nat(),
    offset: fc.maxSafeInteger(),
    size: fc.maxSafeNat(),
    crc32c: fc.nat(0xffffffff),
    slices: fc.array(fc.array(extent, { maxLength: 4 }), { maxLength: 3 }),
  });

  test.prop([entries])("any entry is encoded and decoded again", (any) => {
    const bytes = encodeBundleEntry(any);
    expect(decodeBundleEntry(bytes)).toEqual(any);
    for (let length = 0; length < bytes.length; length++) {
      try {
        decodeBundleEntry(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptError);
      }
    }
  });
});

describe("shapes and slices", () => {
  test("a dimension of 0 is an empty message, names are skipped", () => {
    expect(hexOf(encodeTensorShape([0, 3]))).toBe("120012020803");
    expect(decodeTensorShape(bytesOfHex("1200 1205 0803 120178"))).toEqual(shape(0, 3));
    expect(decodeTensorShape(bytesOfHex("1801"))).toEqual({ dims: [], unknownRank: true });
    expect(decodeTensorShape(encodeTensorShape([-1]))).toEqual(shape(-1));
  });

  test("a whole dimension is an empty extent, or the length −1", () => {
    expect(hexOf(encodeTensorSlice([null, { start: 0, length: 1 }]))).toBe("0a000a021001");
    expect(decodeTensorSlice(field(1, varint(2, -1)))).toEqual([null]);
    expect(decodeTensorSlice(field(1, varint(2, 0)))).toEqual([{ start: 0, length: 0 }]);
  });

  test("a start without a length is no whole dimension", () => {
    expect(decodeTensorSlice(field(1, varint(1, 2)))).toEqual([{ start: 2, length: -1 }]);
  });
});

describe("the object graph", () => {
  const leaf = { children: [], attributes: [], slotVariables: [], registeredSaver: undefined };
  const everything = {
    children: [{ nodeId: 1, localName: "layer" }],
    attributes: [
      {
        name: "VARIABLE_VALUE",
        fullName: "w",
        checkpointKey: "layer/.ATTRIBUTES/VARIABLE_VALUE",
        optionalRestore: true,
      },
    ],
    slotVariables: [{ originalVariableNodeId: 2, slotName: "m", slotVariableNodeId: 4 }],
    registeredSaver: { name: "saver", objectName: "object" },
    hasCheckpointValues: true,
  };

  const text = (number: number, value: string) => field(number, new TextEncoder().encode(value));
  test.each([
    ["of an empty checkpoint", bytesOfHex("0a022a00"), [{ ...leaf, hasCheckpointValues: false }]],
    [
      "with everything",
      field(
        1,
        field(1, varint(1, 1), text(2, "layer")),
        field(2, text(1, "VARIABLE_VALUE"), text(2, "w"), text(3, "layer/.ATTRIBUTES/VARIABLE_VALUE"), varint(4, 1)),
        field(3, varint(1, 2), text(2, "m"), varint(3, 4)),
        field(4, text(1, "saver"), text(2, "object")),
        field(5, varint(1, 1)),
      ),
      [everything],
    ],
    [
      "of the years before it told which nodes have values; the root is its own child",
      bytesOfHex("0a080a06 1204726f6f74 0a00"),
      [
        { ...leaf, children: [{ nodeId: 0, localName: "root" }], hasCheckpointValues: undefined },
        { ...leaf, hasCheckpointValues: undefined },
      ],
    ],
  ])("%s", (_, bytes, nodes) => {
    expect(decodeObjectGraph(bytes).nodes).toEqual(nodes);
    expect(hexOf(encodeObjectGraph({ nodes }))).toBe(hexOf(bytes));
  });

  const id = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const name = fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array({ maxLength: 8 }).map(decodeName));
  const flag = fc.option(fc.boolean(), { nil: undefined });
  const node = fc.record({
    children: fc.array(fc.record({ nodeId: id, localName: name }), { maxLength: 4 }),
    attributes: fc.array(fc.record({ name, fullName: name, checkpointKey: name, optionalRestore: flag }), {
      maxLength: 3,
    }),
    slotVariables: fc.array(fc.record({ originalVariableNodeId: id, slotName: name, slotVariableNodeId: id }), {
      maxLength: 3,
    }),
    registeredSaver: fc.option(fc.record({ name, objectName: name }), { nil: undefined }),
    hasCheckpointValues: flag,
  });

  test.prop([fc.array(node, { maxLength: 5 })])("any graph is encoded and decoded again", (nodes) => {
    const bytes = encodeObjectGraph({ nodes });
    expect(decodeObjectGraph(bytes)).toEqual({ nodes });
    expect(encodeObjectGraph(decodeObjectGraph(bytes))).toEqual(bytes);
  });
});

describe("variants", () => {
  const list = bytesOfHex(`
    0a16 74656e736f72666c6f773a3a54656e736f724c697374
    1210 0001ffffffffffffffffff0112020802
    1a12 0801 120412020802 2a080000803f00000040`);

  test("a TensorList, as TensorFlow writes it", () => {
    const variant = decodeVariant(list);
    expect(variant.typeName).toBe("tensorflow::TensorList");
    expect(hexOf(variant.metadata)).toBe("0001ffffffffffffffffff0112020802");
    expect(variant.tensors.map((each) => toTensor(each))).toEqual([
      { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) },
    ]);
  });

  test("nested ones stay as bytes until they are asked for", () => {
    const outer = decodeVariant(field(3, varint(1, 21), field(15, list)));
    const [inner] = outer.tensors[0]?.variantVal ?? [];
    expect(outer.typeName).toBe("");
    expect(inner).toEqual(list);
    expect(decodeVariant(inner ?? new Uint8Array(0)).typeName).toBe("tensorflow::TensorList");
  });

  test("nested two thousand times they take no stack", () => {
    let bytes: Uint8Array = list;
    for (let depth = 0; depth < 2000; depth++) bytes = field(3, varint(1, 21), field(15, bytes));
    expect(decodeVariant(bytes).tensors).toHaveLength(1);
  });

  test("damage is placed in the file", () => {
    const wrong = joined(list.subarray(0, 42), bytesOfHex("1a05 0801 2a0a00"));
    expect(() => decodeVariant(wrong, { file: "m.data", offset: 1000, tensor: "v" })).toThrow(
      /^m\.data, byte 104\d, tensor "v": /,
    );
  });
});

describe("the messages of a V1 checkpoint, as TensorFlow 2.21 writes them", () => {
  test("data: the int32 scalar a_var = 3", () => {
    const { meta, data } = decodeSavedTensorSlices(bytesOfHex("120e 0a05615f766172 1200 1a03 3a0103"));
    expect(meta).toBeUndefined();
    expect([data?.name, data?.slice]).toEqual(["a_var", []]);
    expect(data?.data?.intVal).toEqual(Int32Array.of(3));
  });

  test("meta: a tensor of which only the first row is here, and a whole one", () => {
    const hex = "0a33 0a11 0a036f6e65 1204 12020801 1801 2202 0a00 0a1a 0a04726f7773 1208 12020804 12020803 1803";
    expect(decodeSavedTensorSlices(bytesOfHex(`${hex} 2206 0a021001 0a00 1202 0801`)).meta).toEqual({
      tensors: [
        { name: "one", shape: shape(1), type: 1, slices: [[null]] },
        { name: "rows", shape: shape(4, 3), type: 3, slices: [[{ start: 0, length: 1 }, null]] },
      ],
      versions: version,
    });
  });

  test("empty messages are there", () => {
    expect(decodeSavedTensorSlices(bytesOfHex("0a00"))).toEqual({
      meta: { tensors: [], versions: undefined },
      data: undefined,
    });
    expect(decodeSavedTensorSlices(bytesOfHex("1200")).data).toEqual({ name: "", slice: [], data: undefined });
    expect(decodeSavedTensorSlices(bytesOfHex("1202 1a00")).data?.data).toEqual(decodeTensorProto(new Uint8Array(0)));
  });

  test("the header of a bundle is neither", () => {
    expect(decodeSavedTensorSlices(bytesOfHex("08011a020801"))).toEqual({ meta: undefined, data: undefined });
  });
});

const DECODERS = [
  decodeBundleEntry,
  decodeBundleHeader,
  decodeObjectGraph,
  decodeSavedTensorSlices,
  decodeTensorProto,
  decodeTensorShape,
  decodeTensorSlice,
  decodeVariant,
] as const;

test.prop([fc.uint8Array({ maxLength: 80 }), fc.constantFrom(...DECODERS)])(
  "any bytes: a message or a typed error",
  (bytes, decode) => {
    try {
      expect(decode(bytes)).toBeTypeOf("object");
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptError);
    }
  },
);
