// The decoders that were written by hand, for what is read most often, against the tables: on every message both say the same.

import { fc, test } from "@fast-check/vitest";
import { CorruptError } from "@modelbytes/bytes";
import { describe, expect } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import { encodeMessage } from "../src/encode.ts";
import {
  decodeBundleEntry,
  decodeBundleHeader,
  decodeObjectGraph,
  decodeSavedTensorSlices,
  decodeTensorProto,
  decodeTensorShape,
  decodeTensorSlice,
  decodeVariant,
  type Extent,
  encodeBundleEntry,
  encodeBundleHeader,
  encodeObjectGraph,
  encodeTensorShape,
  encodeTensorSlice,
  type SavedTensorSlices as HandSlices,
  type TensorProto as HandTensor,
  type ObjectGraph,
  type TensorShape,
  type Variant,
} from "../src/index.ts";
import {
  BundleEntryProto,
  BundleHeaderProto,
  ResourceHandleProto,
  SavedTensorSlices,
  TensorProto,
  TensorShapeProto,
  TensorSliceProto,
  TrackableObjectGraph,
  VariantTensorDataProto,
  type VersionDef,
} from "../src/messages/index.ts";
import type { MessageType } from "../src/schema.ts";
import { hexOf } from "./hex.ts";
import { arbitraryMessage } from "./random-message.ts";

/** A 64-bit size or offset as the decoders by hand have it. */
class Beyond53Bits extends Error {}
function toNumber(value: bigint): number {
  if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) throw new Beyond53Bits();
  return Number(value);
}

const shapeOf = (shape: TensorShapeProto | undefined): TensorShape => ({
  dims: shape?.dim.map(({ size }) => toNumber(size)) ?? [],
  unknownRank: shape?.unknownRank ?? false,
});

const sliceOf = (slice: TensorSliceProto | undefined): Extent[] =>
  (slice?.extent ?? []).map(({ start, length = -1n }) =>
    start === 0n && length === -1n ? null : { start: toNumber(start), length: toNumber(length) },
  );

const versionOf = (version: VersionDef | undefined) =>
  version && { producer: version.producer, minConsumer: version.minConsumer, badConsumers: version.badConsumers };

const tensorOf = (tensor: TensorProto): HandTensor => ({
  dtype: tensor.dtype,
  shape: shapeOf(tensor.tensorShape),
  versionNumber: tensor.versionNumber,
  tensorContent: tensor.tensorContent,
  floatVal: Float32Array.from(tensor.floatVal),
  doubleVal: Float64Array.from(tensor.doubleVal),
  intVal: Int32Array.from(tensor.intVal),
  stringVal: tensor.stringVal,
  scomplexVal: Float32Array.from(tensor.scomplexVal),
  int64Val: BigInt64Array.from(tensor.int64Val),
  boolVal: Uint8Array.from(tensor.boolVal, Number),
  dcomplexVal: Float64Array.from(tensor.dcomplexVal),
  halfVal: Int32Array.from(tensor.halfVal),
  resourceHandleVal: tensor.resourceHandleVal.map((each) => encodeMessage(ResourceHandleProto, each)),
  variantVal: tensor.variantVal.map((each) => encodeMessage(VariantTensorDataProto, each)),
  uint32Val: Uint32Array.from(tensor.uint32Val),
  uint64Val: BigUint64Array.from(tensor.uint64Val),
  float8Val: tensor.float8Val,
});

const graphOf = ({ nodes }: TrackableObjectGraph): ObjectGraph => ({
  nodes: nodes.map(({ children, attributes, slotVariables, registeredSaver, hasCheckpointValues }) => ({
    children: children.map(({ nodeId, localName }) => ({ nodeId, localName })),
    attributes: attributes.map(({ name, fullName, checkpointKey }) => ({
      name,
      fullName,
      checkpointKey,
      optionalRestore: undefined,
    })),
    slotVariables: slotVariables.map(({ originalVariableNodeId, slotName, slotVariableNodeId }) => ({
      originalVariableNodeId,
      slotName,
      slotVariableNodeId,
    })),
    registeredSaver: registeredSaver && { name: registeredSaver.name, objectName: registeredSaver.objectName },
    hasCheckpointValues: hasCheckpointValues?.value,
  })),
});

const slicesOf = ({ meta, data }: SavedTensorSlices): HandSlices => ({
  meta: meta && {
    tensors: meta.tensor.map(({ name, shape, type, slice }) => ({
      name,
      shape: shapeOf(shape),
      type,
      slices: slice.map(sliceOf),
    })),
    versions: versionOf(meta.versions),
  },
  data: data && { name: data.name, slice: sliceOf(data.slice), data: data.data && tensorOf(data.data) },
});

/** Random messages; the bytes that the tables write are read by hand, and by the tables and translated. */
function agree<T extends object>(
  type: MessageType<T>,
  byHand: (bytes: Uint8Array) => unknown,
  translate: (message: T) => unknown,
): void {
  test.prop([arbitraryMessage(type, 5)], { numRuns: 300 })(type.name, (message) => {
    const bytes = encodeMessage(type, message);
    let expected: unknown;
    try {
      expected = translate(decodeMessage(type, bytes));
    } catch (error) {
      if (!(error instanceof Beyond53Bits)) throw error;
      expect(() => byHand(bytes)).toThrow(CorruptError);
      return;
    }
    expect(byHand(bytes)).toEqual(expected);
  });
}

describe("reading", () => {
  agree(BundleHeaderProto, decodeBundleHeader, ({ numShards, endianness, version }) => ({
    numShards,
    bigEndian: endianness === 1,
    version: versionOf(version),
  }));
  agree(BundleEntryProto, decodeBundleEntry, ({ dtype, shape, shardId, offset, size, crc32c, slices }) => ({
    dtype,
    shape: shapeOf(shape),
    shardId,
    offset: toNumber(offset),
    size: toNumber(size),
    crc32c,
    slices: slices.map(sliceOf),
  }));
  agree(TensorShapeProto, decodeTensorShape, shapeOf);
  agree(TensorSliceProto, decodeTensorSlice, sliceOf);
  agree(TensorProto, decodeTensorProto, tensorOf);
  agree(TrackableObjectGraph, decodeObjectGraph, graphOf);
  agree(SavedTensorSlices, decodeSavedTensorSlices, slicesOf);
  agree(
    VariantTensorDataProto,
    decodeVariant,
    ({ typeName, metadata, tensors }): Variant => ({
      typeName,
      metadata,
      tensors: tensors.map(tensorOf),
    }),
  );
});

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const size = fc.maxSafeInteger();
const text = fc.string({ unit: "grapheme", maxLength: 4 });
const dims = fc.array(size, { maxLength: 3 });
const extent = fc.option(fc.record({ start: size, length: size }), { nil: null });
const slice = fc.array(extent, { maxLength: 3 });
const version = fc.record({ producer: int32, minConsumer: int32, badConsumers: fc.array(int32, { maxLength: 2 }) });
const lists = { maxLength: 2 };

const header = fc.record({
  numShards: int32,
  bigEndian: fc.boolean(),
  version: fc.option(version, { nil: undefined }),
});
const entry = fc.record({
  dtype: int32,
  shape: dims.map((sizes) => ({ dims: sizes, unknownRank: false })),
  shardId: int32,
  offset: size,
  size,
  crc32c: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  slices: fc.array(slice, lists),
});
const node = fc.record({
  children: fc.array(fc.record({ nodeId: int32, localName: text }), lists),
  attributes: fc.array(
    fc.record({ name: text, fullName: text, checkpointKey: text, optionalRestore: fc.constant(undefined) }),
    lists,
  ),
  slotVariables: fc.array(
    fc.record({ originalVariableNodeId: int32, slotName: text, slotVariableNodeId: int32 }),
    lists,
  ),
  registeredSaver: fc.option(fc.record({ name: text, objectName: text }), { nil: undefined }),
  hasCheckpointValues: fc.option(fc.boolean(), { nil: undefined }),
});

/** Bytes that were written by hand, read and written by the tables. */
function rewritten<T extends object>(type: MessageType<T>, bytes: Uint8Array): void {
  expect(hexOf(encodeMessage(type, decodeMessage(type, bytes)))).toBe(hexOf(bytes));
}

describe("writing", () => {
  test.prop([header])("BundleHeaderProto", (each) => rewritten(BundleHeaderProto, encodeBundleHeader(each)));
  test.prop([entry])("BundleEntryProto", (each) => rewritten(BundleEntryProto, encodeBundleEntry(each)));
  test.prop([dims])("TensorShapeProto", (each) => rewritten(TensorShapeProto, encodeTensorShape(each)));
  test.prop([slice])("TensorSliceProto", (each) => rewritten(TensorSliceProto, encodeTensorSlice(each)));
  test.prop([fc.array(node, lists)])("TrackableObjectGraph", (nodes) =>
    rewritten(TrackableObjectGraph, encodeObjectGraph({ nodes })),
  );
});
