import { expect, test } from "vitest";
import { DataType, FileLineCol, NodeDef, ParameterKind, StructuredValue, TensorProto } from "../src/messages/index.ts";
import { defaultOf } from "../src/scalar.ts";
import {
  closedEnumeration,
  enumeration,
  field,
  map,
  member,
  message,
  optional,
  packed,
  repeated,
} from "../src/schema.ts";
import { ENUM_TYPES, MESSAGE_TYPES } from "./random-message.ts";

test("all messages and enums are there", () => {
  expect(MESSAGE_TYPES.length).toBe(123);
  expect(ENUM_TYPES.length).toBe(11);
  const names = [...MESSAGE_TYPES, ...ENUM_TYPES].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test("the tables of a message agree with each other", () => {
  for (const type of MESSAGE_TYPES) {
    const numbers = type.fields.map(({ number }) => number);
    expect(numbers, type.name).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect([...type.byNumber]).toEqual(type.fields.map((each) => [each.number, each]));
    expect([...type.byName]).toEqual(type.fields.map((each) => [each.name, each]));
    expect([...type.byProperty]).toEqual(type.fields.map((each) => [each.property, each]));
    const numbered = type.numbered.flatMap((each, number) => (each === undefined ? [] : [[number, each]]));
    expect(numbered).toEqual([...type.byNumber]);
  }
});

test("a new message has every property whose absence means its default, and nothing else", () => {
  for (const type of MESSAGE_TYPES) {
    const expected = type.fields
      .filter(({ explicit }) => !explicit)
      .map(({ property, label, scalar }) => {
        if (label === "map") return [property, new Map()];
        return [property, label === "repeated" ? [] : defaultOf(scalar ?? "int32")];
      });
    expect(type.create(), type.name).toEqual(Object.fromEntries(expected));
  }
});

test("each field has one type, and is explicit where it has to be", () => {
  for (const each of MESSAGE_TYPES.flatMap(({ fields }) => fields)) {
    expect([each.scalar, each.message, each.enumeration].filter((kind) => kind !== undefined)).toHaveLength(1);
    const single = each.label === "singular" || each.label === "optional";
    const tracked = each.message !== undefined || each.oneof !== undefined || each.label === "optional";
    expect(each.explicit, each.name).toBe(single && tracked);
    if (each.packed) expect([each.label, each.wireType === 2], each.name).toEqual(["repeated", false]);
    expect(each.key !== undefined, each.name).toBe(each.label === "map");
  }
});

test("new messages share nothing that can change", () => {
  const [one, other] = [TensorProto.create(), TensorProto.create()];
  one.floatVal.push(1);
  expect(other.floatVal).toEqual([]);
  expect(NodeDef.create().attr).not.toBe(NodeDef.create().attr);
});

test("enums", () => {
  expect(DataType.numbers.get("DT_FLOAT")).toBe(1);
  expect(DataType.names.get(101)).toBe("DT_FLOAT_REF");
  expect([DataType.closed, ParameterKind.closed]).toEqual([false, true]);
  expect(enumeration("e", { A: 0 })).toEqual({
    name: "e",
    closed: false,
    numbers: new Map([["A", 0]]),
    names: new Map([[0, "A"]]),
  });
});

test("what the functions that make fields say", () => {
  const held = message(
    "m",
    () => ({}),
    () => [],
  );
  const open = enumeration("e", { A: 0 });
  const common = {
    packed: false,
    oneof: undefined,
    key: undefined,
    scalar: undefined,
    message: undefined,
    enumeration: undefined,
  };
  expect(field(1, "a_b1_c", "sint64")).toEqual({
    ...common,
    number: 1,
    name: "a_b1_c",
    property: "aB1C",
    label: "singular",
    scalar: "sint64",
    wireType: 0,
    explicit: false,
  });
  expect(optional(2, "a", "float")).toEqual({
    ...common,
    number: 2,
    name: "a",
    property: "a",
    label: "optional",
    scalar: "float",
    wireType: 5,
    explicit: true,
  });
  expect(member("o", 3, "a", open)).toEqual({
    ...common,
    number: 3,
    name: "a",
    property: "a",
    label: "singular",
    oneof: "o",
    enumeration: open,
    wireType: 0,
    explicit: true,
  });
  expect(packed(4, "a", "fixed64")).toEqual({
    ...common,
    number: 4,
    name: "a",
    property: "a",
    label: "repeated",
    packed: true,
    scalar: "fixed64",
    wireType: 1,
    explicit: false,
  });
  const list = repeated(5, "a", held);
  expect(list).toMatchObject({ label: "repeated", wireType: 2, explicit: false });
  expect(list.message?.()).toBe(held);
  expect(field(6, "a", held)).toMatchObject({ label: "singular", wireType: 2, explicit: true });
  expect(map(7, "a", "uint32", "double")).toMatchObject({
    label: "map",
    key: "uint32",
    scalar: "double",
    wireType: 1,
    explicit: false,
  });
  expect(closedEnumeration("e", {}).closed).toBe(true);
});

test("proto2 and oneofs", () => {
  expect(FileLineCol.create()).toEqual({});
  expect(StructuredValue.byName.get("int64_value")).toMatchObject({
    scalar: "sint64",
    oneof: "kind",
    property: "int64Value",
  });
});
