// Typed messages of every type: what is written is read again, what is read is written as Python writes it, damage is noticed.

import { readFileSync } from "node:fs";
import { test } from "@fast-check/vitest";
import { CorruptError } from "@modelbytes/bytes";
import { describe, expect } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import { encodeMessage } from "../src/encode.ts";
import {
  CheckpointState,
  FunctionDef,
  GraphDebugInfo,
  NodeDef,
  SavedObject,
  TensorProto,
} from "../src/messages/index.ts";
import type { MessageType } from "../src/schema.ts";
import { bytesOfHex, hexOf, joined, varint } from "./hex.ts";
import { arbitraryMessage, MESSAGE_TYPES } from "./random-message.ts";

describe.each(MESSAGE_TYPES)("$name", (type) => {
  test.prop([arbitraryMessage(type)], { numRuns: 30 })("decode ∘ encode", (message) => {
    expect(decodeMessage(type, encodeMessage(type, message))).toStrictEqual(message);
  });

  test.prop([arbitraryMessage(type)], { numRuns: 10 })("encode ∘ decode, in every order of maps", (message) => {
    for (const mapOrder of ["upb", "c++", "given"] as const) {
      const bytes = encodeMessage(type, message, { mapOrder });
      expect(hexOf(encodeMessage(type, decodeMessage(type, bytes), { mapOrder }))).toBe(hexOf(bytes));
    }
  });
});

/** What golden_messages.py writes: a type, bytes of that type, what Python writes after it has read them, or null if it refuses. */
type Golden = readonly [type: string, bytes: string, written: string | null];

test("messages, odd and damaged ones among them, as Python protobuf reads and writes them", () => {
  const path = new URL("../../../fixtures/tf-proto/messages.json", import.meta.url);
  const golden: readonly Golden[] = JSON.parse(readFileSync(path, "utf8"));
  expect(golden.length).toBe(300);
  for (const [name, bytes, written] of golden) {
    const type = MESSAGE_TYPES.find((each) => each.name === name);
    if (type === undefined) throw new Error(`there is no ${name}`);
    const run = () => hexOf(encodeMessage(type, decodeMessage(type, bytesOfHex(bytes))));
    if (written === null) expect(run, `${name} ${bytes}`).toThrow(CorruptError);
    else expect(run(), `${name} ${bytes}`).toBe(written);
  }
});

/** Messages that between them have fields of every kind. */
const SAMPLES: readonly (readonly [type: MessageType, message: object])[] = [
  [
    NodeDef,
    {
      name: "n",
      input: ["é", ""],
      attr: new Map([
        ["T", { type: 1 }],
        ["l", { list: { i: [1n, -1n], f: [0.5], s: [Uint8Array.of(1)] } }],
      ]),
      $unknown: joined(varint(99, 1), bytesOfHex("a306 0801 a406 9d06 00000000 9906 0000000000000000")),
    },
  ],
  [
    TensorProto,
    {
      tensorShape: { dim: [{ size: 300n }] },
      doubleVal: [1],
      intVal: [-1],
      variantVal: [{ tensors: [{}] }],
      uint64Val: [1n],
    },
  ],
  [FunctionDef, { argAttr: new Map([[300, { attr: new Map([["", {}]]) }]]), resourceArgUniqueId: new Map([[1, 2]]) }],
  [GraphDebugInfo, { framesById: new Map([[1n, { line: 0 }]]), tracesById: new Map([[2n, { frameId: [1n] }]]) }],
  [SavedObject, { children: [{ nodeId: 1, localName: "a" }], constant: { operation: "c" }, serializedUserProto: {} }],
  [CheckpointState, { allModelCheckpointTimestamps: [1.5, -0], lastPreservedTimestamp: 2 }],
];

describe.each(SAMPLES.map(([type, message]) => ({ name: type.name, type, message })))("damage to $name", (sample) => {
  const { type } = sample;
  const bytes = encodeMessage(type, sample.message);

  /** Reads; what can be read is written and read again to the same bytes, and what cannot is refused with a place in the bytes. */
  function tryOut(damaged: Uint8Array): boolean {
    try {
      const written = encodeMessage(type, decodeMessage(type, damaged, { offset: 1000 }));
      expect(hexOf(encodeMessage(type, decodeMessage(type, written)))).toBe(hexOf(written));
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptError);
      expect(error).toMatchObject({
        code: "protobuf",
        offset: expect.toSatisfy((at) => at >= 1000 && at <= 1000 + damaged.length),
      });
      return false;
    }
  }

  test("every bit flipped", () => {
    let read = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (tryOut(damaged)) read++;
    }
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(8 * bytes.length);
  });

  test("cut at every length: only between two fields is it a message", () => {
    const whole = new Set<number>([0]);
    for (let length = 1; length <= bytes.length; length++) if (tryOut(bytes.subarray(0, length))) whole.add(length);
    expect(whole).toContain(bytes.length);
    expect(whole.size).toBeLessThan(bytes.length / 2);
  });
});
