// Our tables of messages against TensorFlow's own descriptors: of the version that they are made from there may be no difference
// but the messages that its Python lacks, of an older one none but what came since. Each difference is listed here, and one that
// is gone fails as one that is new.

import type { EnumType, Field, MessageType } from "@modelbytes/tf-proto";
import * as messages from "@modelbytes/tf-proto/messages";
import { describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

/** A field as descriptors.py prints it. */
interface DescribedField {
  readonly number: number;
  readonly name: string;
  readonly property: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly packed: boolean;
  readonly explicit: boolean;
  readonly oneof: string | null;
  readonly key: string | null;
}

/** What descriptors.py prints. */
interface Described {
  readonly messages: Readonly<Record<string, readonly DescribedField[]>>;
  readonly enums: Readonly<
    Record<string, { readonly closed: boolean; readonly values: Readonly<Record<string, number>> }>
  >;
}

/** Messages of the format of chunked SavedModels, which TensorFlow's Python does not have. */
const CHUNKED = [
  "ChunkInfo",
  "ChunkMetadata",
  "ChunkedField",
  "ChunkedMessage",
  "FieldIndex",
  "FieldIndex.MapKey",
  "VersionDef",
];

const NOT_IN_PYTHON = ["ChunkInfo.Type", ...CHUNKED].map((name) => `tensorflow.proto_splitter.${name}: only ours`);

const SINCE_2_12 = [
  ...["", ".FileLineCol", ".StackTrace"].map((name) => `tensorflow.GraphDebugInfo${name}: only ours`),
  "tensorflow.FingerprintDef.uuid: only ours",
  "tensorflow.GraphDef.debug_info: only ours",
  "tensorflow.SignatureDef.defaults: only ours",
  "tensorflow.StructuredValue.numpy_value: only ours",
  "tensorflow.StructuredValue.tensor_value: only ours",
  "tensorflow.TensorSliceProto.Extent.length.oneof: has_length_hack, there has_length",
  ...[
    "FLOAT8_E4M3FNUZ",
    "FLOAT8_E4M3B11FNUZ",
    "FLOAT8_E5M2FNUZ",
    "INT4",
    "UINT4",
    "INT2",
    "UINT2",
    "FLOAT4_E2M1FN",
  ].flatMap((name) => [`tensorflow.DataType.DT_${name}: only ours`, `tensorflow.DataType.DT_${name}_REF: only ours`]),
];

const all: readonly (MessageType | EnumType)[] = Object.values(messages);

function describeField(field: Field): DescribedField {
  const { number, name, property, label, packed, explicit, scalar, message, enumeration } = field;
  return {
    number,
    name,
    property,
    type: scalar ?? message?.().name ?? enumeration?.name ?? "",
    repeated: label === "repeated" || label === "map",
    packed,
    explicit,
    oneof: field.oneof ?? null,
    key: field.key ?? null,
  };
}

/** Ours as descriptors.py prints TensorFlow's. */
function ours(): Described {
  const types = all.filter((type) => "create" in type);
  const enums = all.filter((type) => "numbers" in type);
  return {
    messages: Object.fromEntries(types.map(({ name, fields }) => [name, fields.map(describeField)])),
    enums: Object.fromEntries(
      enums.map(({ name, closed, numbers }) => [name, { closed, values: Object.fromEntries(numbers) }]),
    ),
  };
}

/** Message, field and trait; enum and value. */
function treeOf({ messages, enums }: Described): object {
  const types = Object.entries(messages).map(([name, fields]) => [
    name,
    Object.fromEntries(fields.map((field) => [field.name, field])),
  ]);
  const values = Object.entries(enums).map(([name, { closed, values }]) => [name, { ...values, closed }]);
  return Object.fromEntries([...types, ...values]);
}

/** What differs between two trees, by the path to it. */
function differences(here: unknown, there: unknown, path: string): string[] {
  if (here === undefined) return [`${path}: only there`];
  if (there === undefined) return [`${path}: only ours`];
  if (typeof here !== "object" || typeof there !== "object" || here === null || there === null) {
    return Object.is(here, there) ? [] : [`${path}: ${here}, there ${there}`];
  }
  const [left, right] = [new Map(Object.entries(here)), new Map(Object.entries(there))];
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  return keys.flatMap((key) => differences(left.get(key), right.get(key), path === "" ? key : `${path}.${key}`));
}

describe.runIf(hasPython())("our messages and TensorFlow's descriptors", () => {
  test.each([
    ["tensorflow-2.21", NOT_IN_PYTHON],
    ["tensorflow-2.12", [...NOT_IN_PYTHON, ...SINCE_2_12]],
  ])("%s", async (environment, expected) => {
    const printed = await runPython(await interpreter(environment), "fixtures/tf-proto/descriptors.py");
    const theirs: Described = JSON.parse(printed);
    expect(Object.keys(theirs.messages).length).toBeGreaterThan(100);
    expect(differences(treeOf(ours()), treeOf(theirs), "").sort()).toEqual([...expected].sort());
  });
});
