// protobufjs and @bufbuild/protobuf, used as their documentation says: with code that pbjs makes of our .proto files, and with
// TensorFlow's own descriptors. What they need is made in the scratch folder.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expectEqual } from "../expect.ts";
import { pythonCommand } from "../python.ts";
import type { Input, Work } from "../question.ts";
import type { Scratch } from "../scratch.ts";

const PBJS = fileURLToPath(new URL("../../node_modules/protobufjs-cli/bin/pbjs", import.meta.url));
const RUNTIME = fileURLToPath(new URL("../../node_modules/protobufjs/minimal.js", import.meta.url));
const PROTO = fileURLToPath(new URL("../../../packages/tf-proto/proto", import.meta.url));

const CODE = "saved-model.cjs";
const DESCRIPTORS = "saved-model.descriptors";

/** Makes what the rivals need, in the scratch folder. */
export async function prepareRivals(scratch: Scratch): Promise<void> {
  await scratch.file(CODE, 0, async (path) => {
    const options = ["--target", "static-module", "--wrap", "commonjs", "--dependency", RUNTIME];
    const parts = ["--no-create", "--no-verify", "--no-convert", "--no-delimited", "--no-comments"];
    const words = [PBJS, ...options, ...parts, "--path", PROTO, "--out", path, `${PROTO}/saved_model.proto`];
    await promisify(execFile)(process.execPath, words);
  });
  await scratch.file(DESCRIPTORS, 0, async (path) => {
    const [program, ...words] = pythonCommand("descriptors.py", path);
    await promisify(execFile)(program, words);
  });
}

/** What pbjs makes of a message. */
interface StaticType<T> {
  decode(bytes: Uint8Array): T;
  encode(message: T): { finish(): Uint8Array };
}

function staticSavedModel({ prepared = "" }: Input): StaticType<{ metaGraphs: readonly unknown[] }> {
  return createRequire(import.meta.url)(`${prepared}/${CODE}`).tensorflow.SavedModel;
}

/** protobufjs with static code: decodes, and encodes again where it is asked to. */
export function withProtobufjs(encodes: boolean): (input: Input) => Promise<Work> {
  return async (input) => {
    const type = staticSavedModel(input);
    const bytes = await readFile(input.path);
    return {
      run: () => {
        const model = type.decode(bytes);
        expectEqual("MetaGraphs", model.metaGraphs.length, 1);
        if (encodes) expectEqual("bytes", type.encode(model).finish().length, bytes.length);
      },
    };
  };
}

/** The same with @bufbuild/protobuf. Code that it makes holds these descriptors, and its runtime does the rest. */
export function withBufbuild(encodes: boolean): (input: Input) => Promise<Work> {
  return async ({ path, prepared = "" }) => {
    const { createFileRegistry, fromBinary, toBinary } = await import("@bufbuild/protobuf");
    const { FileDescriptorSetSchema } = await import("@bufbuild/protobuf/wkt");
    const descriptors = fromBinary(FileDescriptorSetSchema, await readFile(`${prepared}/${DESCRIPTORS}`));
    const type = createFileRegistry(descriptors).getMessage("tensorflow.SavedModel");
    if (type === undefined) throw new Error("there is no SavedModel among the descriptors");
    const bytes = await readFile(path);
    return {
      run: () => {
        const model = fromBinary(type, bytes);
        if (!("metaGraphs" in model)) throw new Error("there are no MetaGraphs");
        if (encodes) expectEqual("bytes", toBinary(type, model).length, bytes.length);
      },
    };
  };
}
