// Random messages of all types, tidy, odd and damaged: what Python writes after it has read them we have to write too, and what it
// refuses we have to refuse. MODELBYTES_TYPED=7:50000 takes another seed and number.

import { CorruptError } from "@modelbytes/bytes";
import { decodeMessage, encodeMessage, type MapOrder, type MessageType } from "@modelbytes/tf-proto";
import * as messages from "@modelbytes/tf-proto/messages";
import { describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_TYPED = "5:20000" } = process.env;

/** What typed_messages.py prints: bytes are hexadecimal, null is refused. */
type Case = readonly [type: string, bytes: string, written: string | null];

const types = new Map<string, MessageType>();
for (const each of Object.values(messages)) if ("create" in each) types.set(each.name, each);

function typeOf(name: string): MessageType {
  const type = types.get(name);
  if (type === undefined) throw new Error(`there is no ${name}`);
  return type;
}

/** What we write after reading, or how we refuse to read. */
function rewritten(name: string, hex: string, mapOrder: MapOrder): string | CorruptError {
  try {
    const message = decodeMessage(typeOf(name), Buffer.from(hex, "hex"));
    return Buffer.from(encodeMessage(typeOf(name), message, { mapOrder })).toString("hex");
  } catch (error) {
    if (error instanceof CorruptError) return error;
    throw error;
  }
}

/** Whether there may be messages of proto2 files in a message. */
function mayHoldProto2(type: MessageType, above: readonly MessageType[] = []): boolean {
  if (type.name.startsWith("tensorflow.GraphDebugInfo") || type.name.startsWith("tensorflow.core.function."))
    return true;
  if (above.includes(type)) return false;
  return type.fields.some(({ message }) => message !== undefined && mayHoldProto2(message(), [...above, type]));
}

/** upb looks at a string of a proto2 file only when it is asked for, when a later one may have replaced it; we look at once. */
function isEagerUtf8(name: string, found: string | CorruptError): boolean {
  return found instanceof CorruptError && found.reason.includes("utf-8") && mayHoldProto2(typeOf(name));
}

async function casesOf(...args: readonly string[]): Promise<readonly Case[]> {
  const python = await interpreter("tensorflow-2.21");
  const script = "fixtures/tf-proto/typed_messages.py";
  return JSON.parse(await runPython(python, script, ...MODELBYTES_TYPED.split(":"), ...args));
}

describe.runIf(hasPython())("messages of all types, read and written by Python", () => {
  test("by upb", async () => {
    const cases = await casesOf();
    expect(cases.length).toBeGreaterThan(0);
    for (const [name, bytes, written] of cases) {
      const found = rewritten(name, bytes, "upb");
      if (isEagerUtf8(name, found)) continue;
      expect(typeof found === "string" ? found : null, `${name} ${bytes}`).toBe(written);
    }
  });

  test("in the order of C++, by the implementation in pure Python", async () => {
    const cases = await casesOf("tidy");
    expect(cases.length).toBeGreaterThan(0);
    for (const [name, bytes, written] of cases) {
      const found = rewritten(name, bytes, "c++");
      expect(typeof found === "string" ? found : null, `${name} ${bytes}`).toBe(written);
    }
  });
});
