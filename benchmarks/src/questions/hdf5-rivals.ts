// h5wasm and jsfive, used as their documentation says.

import { readFile } from "node:fs/promises";
import { expectEqual } from "../expect.ts";
import type { Input, Work } from "../question.ts";
import { expectBytes } from "./checkpoint-inputs.ts";

/** libhdf5 starts when h5wasm is imported: the first run is charged with it. */
async function openH5wasm(path: string) {
  const h5wasm = await import("h5wasm/node");
  await h5wasm.ready;
  const file = new h5wasm.File(path, "r");
  function* walk(group: InstanceType<typeof h5wasm.Group>): Generator<InstanceType<typeof h5wasm.Dataset>> {
    for (const name of group.keys()) {
      const object = group.get(name);
      if (object instanceof h5wasm.Group) yield* walk(object);
      else if (object instanceof h5wasm.Dataset) yield object;
    }
  }
  return { datasets: () => walk(file), close: () => file.close() };
}

/** jsfive takes the whole file into memory. */
async function openJsfive(path: string) {
  const jsfive = await import("jsfive");
  const { buffer } = await readFile(path);
  function* walk(group: InstanceType<typeof jsfive.Group>): Generator<InstanceType<typeof jsfive.Dataset>> {
    for (const name of group.keys) {
      const object = group.get(name);
      if (object instanceof jsfive.Group) yield* walk(object);
      else yield object;
    }
  }
  return { datasets: () => walk(new jsfive.File(buffer, path)), close: () => {} };
}

export async function readAllWithH5wasm(input: Input): Promise<Work> {
  return {
    run: async () => {
      const file = await openH5wasm(input.path);
      let total = 0;
      for (const { value } of file.datasets()) total += ArrayBuffer.isView(value) ? value.byteLength : 0;
      file.close();
      expectBytes(total, input);
    },
  };
}

export async function listWithH5wasm(input: Input): Promise<Work> {
  return list(input, openH5wasm);
}

export async function listWithJsfive(input: Input): Promise<Work> {
  return list(input, openJsfive);
}

function list({ path, items }: Input, open: typeof openH5wasm | typeof openJsfive): Work {
  return {
    run: async () => {
      const file = await open(path);
      let found = 0;
      for (const { shape, dtype } of file.datasets()) if (shape !== null && dtype !== "") found++;
      file.close();
      expectEqual("datasets", found, items);
    },
  };
}
