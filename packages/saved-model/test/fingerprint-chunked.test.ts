import { brotliDecompressSync } from "node:zlib";
import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import { encodeMessage } from "@modelbytes/tf-proto";
import { readChunkedFile } from "@modelbytes/tf-proto/chunked";
import { type ChunkedMessage, SavedModel } from "@modelbytes/tf-proto/messages";
import { describe, expect, test } from "vitest";
import { computeChunkedFingerprint } from "../src/fingerprint-chunked.ts";
import { fingerprint64 } from "../src/fingerprint64.ts";
import { fixture } from "./fingerprint-fixtures.ts";

interface Expected {
  readonly files: Readonly<Record<string, { readonly fingerprint: Readonly<Record<string, string | number>> }>>;
}

const { files }: Expected = JSON.parse(new TextDecoder().decode(fixture("tf-proto/chunked/expected.json")));
const NEEDS_MORE_THAN_NODE = ["snappy.cpb", "zstd.cpb"];

function open(name: string) {
  return readChunkedFile(fixture(`tf-proto/chunked/${name}`), {
    brotli: (bytes, size) => brotliDecompressSync(bytes, { maxOutputLength: size }),
  });
}

describe("models in chunks have the fingerprints that TensorFlow gives them", () => {
  test.each(Object.entries(files).filter(([name]) => !NEEDS_MORE_THAN_NODE.includes(name)))("%s", (name, expected) => {
    const computed = computeChunkedFingerprint(open(name));
    expect({
      saved_model_checksum: String(computed.savedModelChecksum),
      graph_def_program_hash: String(computed.graphDefProgramHash),
      signature_def_hash: String(computed.signatureDefHash),
      saved_object_graph_hash: String(computed.savedObjectGraphHash),
      checkpoint_hash: String(computed.checkpointHash),
      producer: computed.producer,
    }).toEqual(expected.fingerprint);
  });
});

test("the checkpoint counts as it does for other models", () => {
  const index = Uint8Array.of(1, 2, 3);
  expect(computeChunkedFingerprint(open("uncut.cpb"), index).checkpointHash).toBe(fingerprint64(index));
});

test("a model without a MetaGraph", () => {
  const file = {
    metadata: { chunks: [], message: { chunkIndex: 0n, chunkedFields: [] } },
    chunks: [new Uint8Array(0)],
  };
  expect(() => computeChunkedFingerprint(file)).toThrow(CorruptError);
});

test("a chunk that is a whole MetaGraph, which TensorFlow cannot hash", () => {
  const chunks = [new Uint8Array(0), encodeMessage(SavedModel, { metaGraphs: [{}] }).subarray(2)];
  const message = {
    chunkIndex: 0n,
    chunkedFields: [{ fieldTag: [{ field: 2 }, { index: 0n }], message: { chunkIndex: 1n, chunkedFields: [] } }],
  };
  expect(() => computeChunkedFingerprint({ metadata: { chunks: [], message }, chunks })).toThrow(UnsupportedError);
});

test("pieces in pieces in pieces, which would have to be merged ever more often", () => {
  let message: ChunkedMessage = { chunkIndex: 0n, chunkedFields: [] };
  for (let depth = 0; depth < 40; depth++) message = { chunkedFields: [{ fieldTag: [], message }] };
  const chunks = [encodeMessage(SavedModel, { metaGraphs: [{}] })];
  expect(() => computeChunkedFingerprint({ metadata: { chunks: [], message }, chunks })).toThrow(UnsupportedError);
});
