import { createHash } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { CorruptError, ModelbytesError, UnsupportedError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { joinChunks, mergeChunks, readChunkedFile } from "../src/chunked/index.ts";
import { mergeMessages } from "../src/chunked/merge-messages.ts";
import { decodeMessage } from "../src/decode.ts";
import { encodeMessage, type Init } from "../src/encode.ts";
import {
  AttrValue,
  type ChunkedField,
  type ChunkMetadata,
  type FieldIndex,
  FunctionDef,
  GraphDef,
  MetaGraphDef,
  NodeDef,
  SavedModel,
} from "../src/messages/index.ts";
import type { MessageType } from "../src/schema.ts";
import { chunkedFile, partsOf } from "./chunked-cutting.ts";
import { EXPECTED, fixture } from "./chunked-fixtures.ts";
import { joined } from "./hex.ts";
import { arbitraryMessage, MESSAGE_TYPES } from "./random-message.ts";
import { BROTLI, NODE_DECOMPRESSORS } from "./records-writer.ts";

const EMPTY = new Uint8Array(0);

/** Fixtures that Node can decompress. */
const FILES = Object.entries(EXPECTED.files).filter(([name]) => name !== "snappy.cpb" && name !== "zstd.cpb");

function errorOf(run: () => unknown): ModelbytesError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ModelbytesError) return error;
    throw error;
  }
  return undefined;
}

describe("files that TensorFlow has put together", () => {
  test.each(FILES)("%s is the message that TensorFlow made of it", (name, { message }) => {
    const bytes = joinChunks(SavedModel, fixture(name), NODE_DECOMPRESSORS);
    expect(bytes.length).toBe(message.bytes);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(message.sha256);
  });

  test("the message is the one that was cut", () => {
    expect(joinChunks(SavedModel, fixture("as-split.cpb"))).toEqual(fixture("model.pb"));
  });

  test("contents of tensors stay views of the file", () => {
    const file = fixture("as-split.cpb");
    const { metaGraphs } = mergeChunks(SavedModel, readChunkedFile(file));
    const content = metaGraphs[0]?.graphDef?.node[0]?.attr.get("value")?.tensor?.tensorContent;
    expect(content?.buffer).toBe(file.buffer);
  });
});

describe("merging", () => {
  const pairs = fc
    .constantFrom(...MESSAGE_TYPES)
    .chain((type) => fc.tuple(fc.constant(type), arbitraryMessage(type), arbitraryMessage(type)));

  property.prop([pairs], { numRuns: 300 })("is what reading both side by side gives", ([type, first, second]) => {
    const [a, b] = [encodeMessage(type, first), encodeMessage(type, second)];
    const merged = decodeMessage(type, a);
    mergeMessages(type, merged, decodeMessage(type, b));
    const order = { mapOrder: "given" } as const;
    expect(encodeMessage(type, merged, order)).toEqual(encodeMessage(type, decodeMessage(type, joined(a, b)), order));
  });

  const types: readonly MessageType[] = [AttrValue, FunctionDef, GraphDef, MetaGraphDef, NodeDef];
  const messages = fc
    .constantFrom(...types)
    .chain((type) => fc.tuple(fc.constant(type), arbitraryMessage(type, 4), fc.array(fc.nat(), { maxLength: 5 })));

  property.prop([messages, fc.boolean()], { numRuns: 300 })(
    "undoes cutting, wherever and in whatever order",
    ([type, message, choices], isReversed) => {
      const whole = encodeMessage(type, message);
      const parts = partsOf(type, message);
      const chosen = parts.filter((_, at) => choices.some((choice) => choice % parts.length === at));
      const chunks = chosen.map((part) => part.take());
      const fields = chosen.map(({ path }, at) => ({ fieldTag: path, message: { chunkIndex: BigInt(at + 1) } }));
      if (isReversed) fields.reverse();
      const file = chunkedFile([encodeMessage(type, message), ...chunks], fields, {}, BROTLI);
      expect(joinChunks(type, file, NODE_DECOMPRESSORS)).toEqual(whole);
    },
  );

  test("pieces of a message come in the order of their chunks", () => {
    const piece = (name: string) => encodeMessage(GraphDef, { node: [{ name }] });
    const at = (chunkIndex: bigint) => ({ message: { chunkIndex } });
    const file = chunkedFile([piece("a"), piece("b"), piece("c")], [at(2n), at(1n)]);
    expect(mergeChunks(GraphDef, readChunkedFile(file)).node.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  test("a chunk for one member of a oneof replaces another", () => {
    const base = encodeMessage(NodeDef, { attr: new Map([["value", { i: 1n }]]) });
    const path = [{ field: 5 }, { mapKey: { s: "value" } }, { field: 2 }];
    const file = chunkedFile([base, Uint8Array.of(1, 2)], [{ fieldTag: path, message: { chunkIndex: 1n } }]);
    expect(mergeChunks(NodeDef, readChunkedFile(file)).attr.get("value")).toEqual({ s: Uint8Array.of(1, 2) });
  });

  test("no chunks at all make an empty message", () => {
    expect(joinChunks(GraphDef, chunkedFile([], [], { message: {} }))).toEqual(EMPTY);
  });
});

describe("damage", () => {
  test.each(["as-split.cpb", "in-each-other.cpb", "brotli.cpb"])(
    "%s, cut or with a byte flipped, is an error",
    (name) => {
      const file = fixture(name);
      for (let at = 0; at < file.length; at++) {
        const damaged = file.slice();
        damaged[at] = (file[at] ?? 0) ^ 0x11;
        for (const each of [damaged, file.subarray(0, at)]) {
          const error = errorOf(() => joinChunks(SavedModel, each, NODE_DECOMPRESSORS, { file: name }));
          expect(error, `${at}`).toBeInstanceOf(CorruptError);
          expect(error?.file).toBe(name);
        }
      }
    },
  );

  test.each<[string, Init<ChunkMetadata>, string]>([
    ["fewer chunks than records", { chunks: [] }, "lists 0 chunks where 1 come before it, as if the file were cut off"],
    ["a chunk elsewhere", { chunks: [{ offset: 65n }] }, "the record of 0 bytes at 65, where there is no record"],
    [
      "a chunk of another size",
      { chunks: [{ offset: 64n, size: 1n }] },
      "of 1 bytes at 64, where there is one of 0 bytes",
    ],
    ["a chunk that is not there", { message: { chunkIndex: 1n } }, "chunk 1 is not there: there are 1"],
    [
      "a chunk used twice",
      { message: { chunkIndex: 0n, chunkedFields: [{ message: { chunkIndex: 0n } }] } },
      "chunk 0 is used twice",
    ],
  ])("%s", (_, metadata, reason) => {
    const error = errorOf(() => readChunkedFile(chunkedFile([EMPTY], [], metadata)));
    expect(error).toBeInstanceOf(CorruptError);
    expect(error?.code).toBe("chunk-metadata");
    expect(error?.reason).toContain(reason);
    expect(error?.offset).toBeGreaterThan(64);
  });

  test("no records, or a last one that lists no chunks", () => {
    expect(errorOf(() => readChunkedFile(fixture("uncut.cpb").subarray(0, 64)))?.reason).toBe(
      "the file holds no records",
    );
    const error = errorOf(() => readChunkedFile(fixture("as-split.cpb").subarray(0, 591)));
    expect(error?.message).toContain("byte 532: the last record should list the chunks, and does not");
  });

  test("a version of putting together that does not exist yet", () => {
    const error = errorOf(() => readChunkedFile(chunkedFile([EMPTY], [], { version: { joinVersion: 1 } })));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error?.reason).toBe("the chunks want to be put together by version 1, and 0 is known");
  });

  test("a chunk that is no such message", () => {
    const field: Init<ChunkedField> = { fieldTag: [{ field: 1 }, { index: 0n }], message: { chunkIndex: 1n } };
    const error = errorOf(() => joinChunks(GraphDef, chunkedFile([EMPTY, Uint8Array.of(0x0a, 9)], [field])));
    expect(error).toBeInstanceOf(CorruptError);
    expect(error?.reason).toContain("chunk 1: name: not a valid protocol buffer message");
  });
});

describe("paths that lead nowhere", () => {
  const base = encodeMessage(GraphDef, { node: [{ name: "a" }] });
  const node: readonly Init<FieldIndex>[] = [{ field: 1 }, { index: 0n }];
  const attr = (key: FieldIndex["mapKey"]) => [...node, { field: 5 }, ...(key === undefined ? [] : [{ mapKey: key }])];

  test.each<[string, readonly Init<FieldIndex>[], string]>([
    ["a field that is not there", [{ field: 99 }], "the message, which has no field 99"],
    ["a field inside that is not there", [...node, { field: 99 }], "node[0], which has no field 99"],
    ["an index first", [{ index: 0n }], "the message, which has no field that its path names"],
    ["an element far beyond the last", [{ field: 1 }, { index: 2n }], "the message, of which node has no such element"],
    ["a list without an index", [{ field: 1 }], "the message, of which node has no such element"],
    ["a list with a key", [{ field: 1 }, { mapKey: { s: "a" } }], "the message, of which node has no such element"],
    ["a map without a key", attr(undefined), "node[0], of which attr has no such element"],
    ["a map with a key of another type", attr({ i32: 1 }), "node[0], of which attr has no such element"],
    ["steps behind a text", [...node, { field: 1 }, { field: 1 }], "node[0].name, which is no message"],
    ["a number", [{ field: 3 }], "version, which is neither a message nor a text nor bytes"],
  ])("%s", (_, fieldTag, reason) => {
    const file = chunkedFile([base, EMPTY], [{ fieldTag, message: { chunkIndex: 1n } }]);
    const error = errorOf(() => joinChunks(GraphDef, file, {}, { file: "f.cpb" }));
    expect(error).toBeInstanceOf(CorruptError);
    expect(error?.message).toBe(`f.cpb: a chunk is for ${reason}`);
  });

  test("a text without a chunk, and one that is not UTF-8", () => {
    const fieldTag = [...node, { field: 1 }];
    const none = chunkedFile([base], [{ fieldTag, message: {} }]);
    expect(errorOf(() => joinChunks(GraphDef, none))?.reason).toContain("node[0].name, which needs a chunk of its own");
    const broken = chunkedFile([base, Uint8Array.of(0xff)], [{ fieldTag, message: { chunkIndex: 1n } }]);
    expect(errorOf(() => joinChunks(GraphDef, broken))?.reason).toBe("node[0].name: chunk 1 is not valid UTF-8");
  });

  test("nesting deeper than a message can be", () => {
    const nested: readonly Init<FieldIndex>[] = [{ field: 10 }, { field: 2 }, { mapKey: { s: "" } }]; // func.attr[""]
    const fieldTag = Array.from({ length: 51 }, () => nested).flat();
    const file = chunkedFile([EMPTY, EMPTY], [{ fieldTag, message: { chunkIndex: 1n } }]);
    const error = errorOf(() => joinChunks(AttrValue, file));
    expect(error?.reason).toContain("which is too deep");
  });
});
