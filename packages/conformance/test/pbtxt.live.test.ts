// Python prints random messages and reads random texts; we have to print the same, read the same, and refuse the same.
// MODELBYTES_PBTXT=7:5000 takes another seed and number.

import { ModelbytesError } from "@modelbytes/bytes";
import {
  decodeMessage,
  encodeMessage,
  type MessageType,
  parseMessage,
  stringifyMessage,
  stringifyTextFloat,
} from "@modelbytes/tf-proto";
import * as messages from "@modelbytes/tf-proto/messages";
import { beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_PBTXT = "3:600" } = process.env;

/** What pbtxt.py prints: null is refused, bytes are hexadecimal. */
interface Judged {
  readonly messages: readonly (readonly [type: string, message: string, text: string, withoutUnknown: string])[];
  readonly texts: readonly (readonly [type: string, text: string, message: string | null])[];
  readonly floats: readonly (readonly [bytes: string, text: string])[];
}

const anyTypes = Object.values(messages).filter((each): each is MessageType => "create" in each);

function typeOf(name: string): MessageType {
  const type = anyTypes.find((each) => each.name === name);
  if (type === undefined) throw new Error(`there is no ${name}`);
  return type;
}

/** The bytes of a text, or null for one that is refused. */
function readText(name: string, text: string): string | null {
  try {
    return hex(encodeMessage(typeOf(name), parseMessage(typeOf(name), text, {}, { anyTypes })));
  } catch (error) {
    if (error instanceof ModelbytesError) return null;
    throw error;
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.runIf(hasPython())("messages as text, judged by Python", () => {
  let judged: Judged = { messages: [], texts: [], floats: [] };
  beforeAll(async () => {
    const python = await interpreter("tensorflow-2.21");
    judged = JSON.parse(await runPython(python, "fixtures/tf-proto/pbtxt.py", ...MODELBYTES_PBTXT.split(":")));
  });

  test("random messages are printed as Python prints them, and read again", () => {
    expect(judged.messages.length).toBeGreaterThan(0);
    for (const [name, message, text, withoutUnknown] of judged.messages) {
      const type = typeOf(name);
      const decoded = decodeMessage(type, Buffer.from(message, "hex"));
      expect(stringifyMessage(type, decoded, { anyTypes }), `${name} ${message}`).toBe(text);
      expect(readText(name, text), text).toBe(withoutUnknown);
    }
  });

  test("texts are read as Python reads them, or refused", () => {
    const refused = judged.texts.filter(([, , message]) => message === null);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(judged.texts.length);
    for (const [name, text, message] of judged.texts) {
      expect(readText(name, text), `${name} ${JSON.stringify(text)}`).toBe(message);
    }
  });

  test("floats", () => {
    expect(judged.floats.length).toBeGreaterThan(0);
    for (const [bytes, text] of judged.floats) {
      expect(stringifyTextFloat(Buffer.from(bytes, "hex").readFloatLE()), bytes).toBe(text);
    }
  });
});
