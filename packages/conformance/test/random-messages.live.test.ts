// Python TensorFlow and protobuf read random messages, binary and in the text format; we have to read the same, or refuse too.
// MODELBYTES_MESSAGES=7:5000 takes another seed and number.

import { ModelbytesError } from "@modelbytes/bytes";
import { toBytes } from "@modelbytes/tensor";
import { parseCheckpointState, stringifyCheckpointState } from "@modelbytes/tensor-bundle";
import {
  decodeTensorProto,
  stringifyTextDouble,
  type TextWord,
  textToBigInt,
  textToBool,
  textToDouble,
  toTensor,
} from "@modelbytes/tf-proto";
import { beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_MESSAGES = "5:500" } = process.env;

/** What random_messages.py prints: null is refused, bytes are hexadecimal. */
interface Judged {
  readonly tensors: readonly (readonly [message: string, shape: number[] | null, elements: string | string[] | null])[];
  readonly states: readonly (readonly [text: string, fields: object | null, written: string | null])[];
  readonly numbers: readonly (readonly [text: string, ...as: (string | null)[]])[];
  readonly doubles: readonly (readonly [bytes: string, text: string])[];
}

/** Bits that count of a dtype whose elements are stored a byte each. */
const BITS: Readonly<Record<string, number>> = { int4: 15, uint4: 15, float4_e2m1fn: 15, int2: 3, uint2: 3 };

/** What `read` gives, or null for what it refuses. */
function unlessRefused<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelbytesError) return null;
    throw error;
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function readTensor(message: string): [shape: readonly number[], elements: string | string[]] {
  const tensor = toTensor(decodeTensorProto(Buffer.from(message, "hex")));
  if (tensor.dtype === "string" || tensor.dtype === "variant") return [tensor.shape, tensor.data.map(hex)];
  const bits = BITS[tensor.dtype] ?? 255;
  return [tensor.shape, hex(toBytes(tensor).map((byte) => byte & bits))];
}

function readState(text: string): [fields: object, written: string] {
  const state = parseCheckpointState(text);
  const fields = {
    ...state,
    allModelCheckpointTimestamps: state.allModelCheckpointTimestamps.map(stringifyTextDouble),
    lastPreservedTimestamp: stringifyTextDouble(state.lastPreservedTimestamp),
  };
  return [fields, stringifyCheckpointState(state)];
}

describe.runIf(hasPython())("random messages, judged by Python", () => {
  let judged: Judged = { tensors: [], states: [], numbers: [], doubles: [] };
  beforeAll(async () => {
    const python = await interpreter("tensorflow-2.21");
    const script = "fixtures/tf-proto/random_messages.py";
    judged = JSON.parse(await runPython(python, script, ...MODELBYTES_MESSAGES.split(":")));
  });

  test("TensorProto", () => {
    expect(judged.tensors.length).toBeGreaterThan(0);
    for (const [message, shape, elements] of judged.tensors) {
      const expected = shape === null ? null : [shape, elements];
      expect(
        unlessRefused(() => readTensor(message)),
        message,
      ).toEqual(expected);
    }
  });

  test("CheckpointState as text", () => {
    expect(judged.states.length).toBeGreaterThan(0);
    for (const [text, fields, written] of judged.states) {
      const expected = fields === null ? null : [fields, written];
      expect(
        unlessRefused(() => readState(text)),
        JSON.stringify(text),
      ).toEqual(expected);
    }
  });

  test("words as numbers", () => {
    for (const [text, ...as] of judged.numbers) {
      const word: TextWord = { kind: "word", text, line: 1, column: 1 };
      const asBool = unlessRefused(() => textToBool(word));
      const found = [
        unlessRefused(() => String(textToBigInt(word, "int64"))),
        unlessRefused(() => String(textToBigInt(word, "uint64"))),
        unlessRefused(() => stringifyTextDouble(textToDouble(word))),
        asBool === null ? null : asBool ? "True" : "False",
      ];
      expect(found, text).toEqual(as);
    }
  });

  test("doubles as text", () => {
    expect(judged.doubles.length).toBeGreaterThan(0);
    for (const [bytes, text] of judged.doubles) {
      expect(stringifyTextDouble(Buffer.from(bytes, "hex").readDoubleLE()), bytes).toBe(text);
    }
  });
});
