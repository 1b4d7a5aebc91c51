// Trees of TensorFlow's messages: what is read where, what an edit writes, and what is left alone.

import { NotFoundError, UnsupportedError } from "@modelbytes/bytes";
import { describe, expect, expectTypeOf, test } from "vitest";
import { encodeMessage } from "../src/encode.ts";
import {
  AttrValue,
  type AttrValueListValue,
  MetaGraphDef,
  type NodeDef,
  SavedModel,
  type SignatureDef,
  TensorInfo,
  TensorShapeProto,
} from "../src/messages/index.ts";
import { Chunks } from "../src/tree/chunks.ts";
import type { ListName, MessageListName, MessageMapName, MessageName } from "../src/tree/names.ts";
import { openTree } from "../src/tree/open-tree.ts";
import type { WireMessage } from "../src/tree/wire-message.ts";
import { bytesOfHex, field, hexOf, joined, varint } from "./hex.ts";
import { Kitchen } from "./tree-wire.ts";

const text = (number: number, value: string) => field(number, new TextEncoder().encode(value));

const model = encodeMessage(SavedModel, {
  savedModelSchemaVersion: 1n,
  metaGraphs: [
    {
      metaInfoDef: {
        tags: ["serve"],
        functionAliases: new Map([
          ["f_2", "g"],
          ["f", "h"],
        ]),
      },
      graphDef: {
        node: [
          { name: "x", op: "Placeholder", attr: new Map([["dtype", { type: 1 }]]) },
          { name: "y", op: "Neg", input: ["x"] },
        ],
      },
      signatureDef: new Map([
        ["b", { inputs: new Map([["in", { name: "x:0", dtype: 1 }]]), methodName: "predict" }],
        ["d", { methodName: "classify" }],
      ]),
    },
  ],
});

function graphIn(tree: WireMessage<SavedModel>): WireMessage<MetaGraphDef> {
  const [graph] = tree.messages("metaGraphs");
  if (graph === undefined) throw new Error("there is no graph");
  return graph;
}

describe("reading", () => {
  const tree = openTree(SavedModel, model, { file: "saved_model.pb", offset: 1000 });
  const graph = graphIn(tree);

  test("fields, one at a time", () => {
    expect(tree.value("savedModelSchemaVersion")).toBe(1n);
    expect(tree.count("metaGraphs")).toBe(1);
    expect(graph.message("metaInfoDef")?.value("tags")).toEqual(["serve"]);
    expect(graph.message("saverDef")).toBeUndefined();
    expect(graph.value("saverDef")).toBeUndefined();
    expect(graph.has("saverDef")).toBe(false);
    expect(graph.has("graphDef")).toBe(true);
    const nodes = graph.message("graphDef")?.messages("node") ?? [];
    expect(nodes.map((node) => [node.value("name"), node.value("op"), node.count("input")])).toEqual([
      ["x", "Placeholder", 0],
      ["y", "Neg", 1],
    ]);
    expect([...graph.entries("signatureDef").keys()]).toEqual(["b", "d"]);
    expect(graph.entries("signatureDef").get("b")?.value("inputs")).toEqual(
      new Map([["in", { ...TensorInfo.create(), name: "x:0", dtype: 1 }]]),
    );
    expect(graph.message("metaInfoDef")?.value("functionAliases").get("f")).toBe("h");
  });

  test("where a message is", () => {
    const input = graph.entries("signatureDef").get("b")?.entries("inputs").get("in");
    expect(input?.path).toBe('meta_graphs[0].signature_def["b"].inputs["in"]');
    expect(input?.offset).toBe(1000 + hexOf(model).indexOf(hexOf(text(1, "x:0"))) / 2);
    expect(tree.path).toBe("");
    expect(tree.offset).toBe(1000);
    expect(graph.message("graphDef")?.messages("node")[1]?.path).toBe("meta_graphs[0].graph_def.node[1]");
  });

  test("the same nodes, lists and maps again", () => {
    expect(graphIn(tree)).toBe(graph);
    expect(tree.messages("metaGraphs")).toBe(tree.messages("metaGraphs"));
    expect(graph.entries("signatureDef")).toBe(graph.entries("signatureDef"));
    expect(graph.message("graphDef")).toBe(graph.message("graphDef"));
  });

  test("nothing is copied", () => {
    expect(tree.encode()).toBe(model);
    expect(graph.encode().buffer).toBe(model.buffer);
    const attribute = openTree(AttrValue, text(2, "abc"));
    expect(attribute.value("s")?.buffer).toBe(attribute.encode().buffer);
  });

  test("a message that comes twice is both", () => {
    const twice = joined(
      field(7, varint(2, 1), text(4, "a")),
      text(4, "between"),
      field(7, varint(2, 2), field(7, varint(2, 3))),
    );
    const kitchen = openTree(Kitchen, twice);
    const inner = kitchen.message("inner");
    expect([inner?.value("text"), inner?.value("count"), inner?.message("inner")?.value("count")]).toEqual(["a", 2, 3]);
    expect(kitchen.value("inner")).toEqual(inner?.decode());
    expect(inner?.message("inner")?.offset).toBe(twice.length - 2);
    expect(hexOf(kitchen.encode())).toBe(hexOf(twice));
    inner?.set("flag", true);
    expect(hexOf(kitchen.encode())).toBe(
      hexOf(
        joined(
          text(4, "between"),
          field(7, varint(1, 1), varint(2, 1), text(4, "a"), varint(2, 2), field(7, varint(2, 3))),
        ),
      ),
    );
    inner?.set("flag", false);
    expect(kitchen.encode()).toBe(twice);
  });

  test("a oneof holds what comes last", () => {
    const kitchen = openTree(Kitchen, joined(field(16, varint(2, 1)), varint(17, 5), field(16, varint(1, 1))));
    expect(kitchen.has("choiceNumber")).toBe(false);
    expect(kitchen.value("choiceNumber")).toBeUndefined();
    expect(kitchen.message("choiceInner")?.decode()).toEqual({ ...Kitchen.create(), flag: true });
  });

  test("an entry without a value has an empty one, which can be read", () => {
    const kitchen = openTree(Kitchen, field(12, text(1, "k")));
    const value = kitchen.entries("byText").get("k");
    expect(value?.decode()).toEqual(Kitchen.create());
    expect(() => value?.set("flag", true)).toThrow(TypeError);
    kitchen.setEntry("byText", "k", { flag: true });
    expect(hexOf(kitchen.encode())).toBe(hexOf(field(12, text(1, "k"), field(2, varint(1, 1)))));
  });
});

describe("editing", () => {
  test("one value changes one record and the lengths around it", () => {
    const tree = openTree(SavedModel, model);
    const node = graphIn(tree).message("graphDef")?.messages("node")[1];
    node?.set("op", "Negative");
    expect(hexOf(tree.encode())).toContain(hexOf(joined(text(1, "y"), text(2, "Negative"), text(3, "x"))));
    expect(tree.encode().length).toBe(model.length + 5);
    const fresh = [...tree.chunks()].filter(({ buffer }) => buffer !== model.buffer);
    expect(hexOf(joined(...tree.chunks()))).toBe(hexOf(tree.encode()));
    expect(joined(...fresh).length).toBeLessThan(20); // three headers and the record
    node?.set("op", "Neg");
    expect(tree.encode()).toBe(model);
  });

  test("a message can be given as an object or as bytes, which stay as they are", () => {
    const kitchen = openTree(Kitchen, new Uint8Array(0));
    kitchen.set("inner", { count: 1 });
    kitchen.set("inner", bytesOfHex("10 81 00 a2 1f 00"));
    expect(hexOf(kitchen.encode())).toBe("3a061081 00a21f00".replaceAll(" ", ""));
    kitchen.append("list", bytesOfHex("08 00"));
    kitchen.setEntry("byText", "k", bytesOfHex("08 00"));
    expect(hexOf(kitchen.encode())).toBe("3a06108100a21f00" + "42020800" + "6207" + "0a016b" + "12020800");
    const spelled = openTree(Kitchen, bytesOfHex("3a 02 10 01"));
    spelled.set("inner", { count: 1 });
    expect(spelled.changed).toBe(false);
    spelled.set("inner", bytesOfHex("10 81 00"));
    expect(hexOf(spelled.encode())).toBe("3a03108100");
    spelled.set("inner", bytesOfHex("10 01"));
    expect(spelled.changed).toBe(false);
    const odd = openTree(Kitchen, bytesOfHex("3a 03 10 81 00"));
    odd.set("inner", bytesOfHex("10 01"));
    expect(hexOf(odd.encode())).toBe("3a021001");
    odd.set("inner", bytesOfHex("10 81 00"));
    expect(odd.changed).toBe(false);
    kitchen.message("inner")?.set("count", 2);
    expect(hexOf(kitchen.message("inner")?.encode() ?? model)).toBe("1002a21f00");
    expect(() => kitchen.set("inner", bytesOfHex("10"))).toThrow(
      /^byte 1: inner.count: not a valid protocol buffer message/,
    );
  });

  test("records that are not edited stay as odd as they are", () => {
    const kitchen = openTree(
      Kitchen,
      bytesOfHex("22 81 80 00 78 | 10 80 00 | f2 01 01 7a | 52 00 | 08 81 00 | 10 85 00"),
    );
    expect(kitchen.value("count")).toBe(5);
    kitchen.set("count", 6);
    expect(hexOf(kitchen.encode())).toBe("2281800078" + "1006" + "f201017a" + "5200" + "088100");
  });

  test("a new field goes behind the last one with a smaller number, before unknown ones", () => {
    const kitchen = openTree(Kitchen, joined(varint(1, 1), text(4, "x"), varint(30, 1)));
    kitchen.set("count", 3);
    kitchen.set("raw", Uint8Array.of(1));
    expect(hexOf(kitchen.encode())).toBe(
      hexOf(joined(varint(1, 1), varint(2, 3), text(4, "x"), bytesOfHex("2a0101"), varint(30, 1))),
    );
  });

  test("also if the number of an unknown one is smaller, and if it takes the place of another member of its oneof", () => {
    const shape = openTree(TensorShapeProto, joined(varint(3, 1), varint(1, 7)));
    shape.append("dim", { size: 2n });
    expect(hexOf(shape.encode())).toBe(hexOf(joined(field(2, varint(1, 2)), varint(3, 1), varint(1, 7))));
    const kitchen = openTree(Kitchen, joined(text(15, "x"), varint(18, 1)));
    kitchen.set("choiceEmpty", {});
    expect(hexOf(kitchen.encode())).toBe(hexOf(joined(varint(18, 1), field(20))));
    kitchen.set("choiceText", "x");
    expect(kitchen.changed).toBe(false);
  });

  test("setting a member of a oneof clears the others, and the default of a field without presence is not written", () => {
    const attribute = openTree(AttrValue, text(2, "abc"));
    attribute.set("i", 0n);
    expect(hexOf(attribute.encode())).toBe("1800");
    const kitchen = openTree(Kitchen, joined(varint(1, 0), varint(2, 7)));
    kitchen.set("count", 0);
    kitchen.set("flag", false);
    expect(hexOf(kitchen.encode())).toBe("0800");
    kitchen.clear("flag");
    kitchen.set("maybe", 0);
    expect(hexOf(kitchen.encode())).toBe("900100");
  });

  test("what is wrong", () => {
    const tree = openTree(SavedModel, model);
    const graph = graphIn(tree);
    expect(() => graph.renameEntry("signatureDef", "nope", "x")).toThrow(NotFoundError);
    expect(() => graph.renameEntry("signatureDef", "b", "d")).toThrow(RangeError);
    expect(() => tree.remove("metaGraphs", 1)).toThrow(RangeError);
    expect(() => tree.insert("metaGraphs", 2, {})).toThrow(RangeError);
    expect(() => tree.replace("metaGraphs", -1, {})).toThrow(RangeError);
    // @ts-expect-error there is no such field
    expect(() => tree.set("nope", 1)).toThrow(TypeError);
    // @ts-expect-error a bigint is needed
    expect(() => tree.set("savedModelSchemaVersion", 1)).toThrow(TypeError);
    // @ts-expect-error it is no message
    expect(() => tree.message("savedModelSchemaVersion")).toThrow(TypeError);
    // @ts-expect-error it is no map
    expect(() => tree.setEntry("metaGraphs", "x", {})).toThrow(TypeError);
    expect(tree.encode()).toBe(model);
  });

  test("a node that was replaced or removed can be read but not edited", () => {
    const tree = openTree(SavedModel, model);
    const graph = graphIn(tree);
    const definition = graph.message("graphDef");
    const [node] = definition?.messages("node") ?? [];
    definition?.remove("node", 0);
    expect(node?.value("name")).toBe("x");
    expect(() => node?.set("name", "z")).toThrow(/not in the tree/);
    graph.set("graphDef", {});
    expect(() => definition?.clear("versions")).toThrow(/not in the tree/);
    expect(graph.message("graphDef")?.count("node")).toBe(0);
  });

  test("nesting ends at 100 messages, also for what is put in", () => {
    let nested: Uint8Array = varint(1, 1);
    for (let depth = 0; depth < 100; depth++) nested = field(7, nested);
    const deepest = openTree(Kitchen, nested);
    expect(hexOf(deepest.encode())).toBe(hexOf(nested));
    let inner: WireMessage<Kitchen> | undefined = deepest;
    for (let depth = 0; depth < 100; depth++) inner = inner?.message("inner");
    expect(inner?.value("flag")).toBe(true);
    expect(() => inner?.set("inner", {})).toThrow(RangeError);
    expect(() => inner?.set("inner", new Uint8Array(0))).toThrow(/nested deeper than 100/);
    expect(() => inner?.setEntry("byNumber", 1, "x")).toThrow(RangeError);
  });

  test("2 GiB are too much", () => {
    const huge = Object.defineProperty(new Uint8Array(0), "length", { value: 2 ** 31 });
    expect(() => openTree(SavedModel, huge)).toThrow(UnsupportedError);
    const chunks = new Chunks();
    chunks.add(model, 0, 2 ** 31);
    expect(() => chunks.finish()).toThrow(RangeError);
  });
});

describe("maps", () => {
  const entry = (key: string, value: string) => field(8, text(1, key), text(2, value));
  const info = openTree(SavedModel, model);

  test.each([
    ["upb", ["x_1", "x"], ["w", "x_1", "x_2", "x", "y"]],
    ["c++", ["x", "x_1"], ["w", "x", "x_1", "x_2", "y"]],
  ] as const)("new entries go where the order of the file has them: %s", (order, before, after) => {
    const bytes = field(1, ...before.map((key) => entry(key, "")));
    const tree = openTree(MetaGraphDef, bytes);
    expect(tree.mapOrder).toBe(order);
    const node = tree.message("metaInfoDef");
    for (const key of ["y", "x_2", "w"]) node?.setEntry("functionAliases", key, "");
    expect(hexOf(tree.encode())).toBe(hexOf(field(1, ...after.map((key) => entry(key, "")))));
    for (const key of ["y", "x_2", "w"]) node?.deleteEntry("functionAliases", key);
    expect(tree.encode()).toBe(bytes);
  });

  test("a renamed entry keeps its value's bytes and its nodes, and moves", () => {
    expect(info.mapOrder).toBe("upb");
    const value = bytesOfHex("1a 83 00 61 62 63 a2 1f 01 ff");
    const signature = (key: string, content: Uint8Array) => field(5, text(1, key), field(2, content));
    const bytes = joined(signature("a", value), signature("c", new Uint8Array(0)));
    const graph = openTree(MetaGraphDef, bytes);
    const node = graph.entries("signatureDef").get("a");
    graph.renameEntry("signatureDef", "a", "d");
    expect(hexOf(graph.encode())).toBe(hexOf(joined(signature("c", new Uint8Array(0)), signature("d", value))));
    expect(graph.entries("signatureDef").get("d")).toBe(node);
    expect(node?.path).toBe('signature_def["d"]');
    node?.set("methodName", "m");
    expect([...graph.value("signatureDef")].map(([key, { methodName }]) => [key, methodName])).toEqual([
      ["c", ""],
      ["d", "m"],
    ]);
    node?.set("methodName", "abc");
    graph.renameEntry("signatureDef", "d", "a");
    expect(graph.encode()).toBe(bytes);
  });

  test("an entry that was edited can be renamed, and renamed again", () => {
    const graph = openTree(MetaGraphDef, field(5, text(1, "a"), field(2, text(3, "m"))));
    const node = graph.entries("signatureDef").get("a");
    node?.set("methodName", "n");
    for (const [from, to] of ["ab", "bc", "ca"]) graph.renameEntry("signatureDef", from ?? "", to ?? "");
    expect(graph.entries("signatureDef").get("a")).toBe(node);
    expect(hexOf(graph.encode())).toBe(hexOf(field(5, text(1, "a"), field(2, text(3, "n")))));
    graph.renameEntry("signatureDef", "a", "b");
    graph.renameEntry("signatureDef", "b", "c");
    node?.set("methodName", "m");
    expect(hexOf(graph.encode())).toBe(hexOf(field(5, text(1, "c"), field(2, text(3, "m")))));
  });

  test("of entries with one key the last counts; an edit of the key is an edit of all", () => {
    const bytes = joined(
      field(13, varint(1, 1), text(2, "a")),
      field(13, varint(1, 2), text(2, "b")),
      field(13, varint(1, 1), text(2, "c")),
    );
    const kitchen = openTree(Kitchen, bytes);
    expect(kitchen.count("byNumber")).toBe(2);
    kitchen.setEntry("byNumber", 1, "d");
    expect(kitchen.value("byNumber")).toEqual(
      new Map([
        [1, "d"],
        [2, "b"],
      ]),
    );
    kitchen.renameEntry("byNumber", 1, 3);
    expect(hexOf(kitchen.encode())).toBe(
      hexOf(joined(field(13, varint(1, 3), text(2, "d")), field(13, varint(1, 2), text(2, "b")))),
    );
    kitchen.deleteEntry("byNumber", 3);
    kitchen.setEntry("byNumber", 1, "c");
    expect(kitchen.encode()).toBe(bytes);
  });
});

test("the types of names and values", () => {
  const tree = openTree(SavedModel, model);
  const graph = graphIn(tree);
  expectTypeOf(tree.value("savedModelSchemaVersion")).toEqualTypeOf<bigint>();
  expectTypeOf(graph.message("graphDef")?.messages("node")).toEqualTypeOf<
    readonly WireMessage<NodeDef>[] | undefined
  >();
  expectTypeOf(graph.entries("signatureDef")).toEqualTypeOf<ReadonlyMap<string, WireMessage<SignatureDef>>>();
  expectTypeOf(graph.value("graphDef")).toEqualTypeOf<MetaGraphDef["graphDef"]>();
  expectTypeOf<MessageListName<MetaGraphDef>>().toEqualTypeOf<"assetFileDef">();
  expectTypeOf<MessageMapName<MetaGraphDef>>().toEqualTypeOf<"collectionDef" | "signatureDef">();
  expectTypeOf<MessageName<MetaGraphDef>>().toEqualTypeOf<"metaInfoDef" | "graphDef" | "saverDef" | "objectGraphDef">();
  expectTypeOf<ListName<AttrValueListValue>>().toEqualTypeOf<"s" | "shape" | "tensor" | "func">();
  expectTypeOf(graph.set<"graphDef">)
    .parameter(1)
    .extract<Uint8Array>()
    .toEqualTypeOf<Uint8Array>();
  const info = graph.message("metaInfoDef");
  expectTypeOf(info?.setEntry<"functionAliases">)
    .exclude<undefined>()
    .parameter(2)
    .toEqualTypeOf<string>();
  const attribute = openTree(AttrValue, new Uint8Array(0));
  expectTypeOf(attribute.value("b")).toEqualTypeOf<boolean | undefined>();
  expectTypeOf(attribute.set<"b">)
    .parameter(1)
    .toEqualTypeOf<boolean>();
});
