// Files with objects that cannot be read: the rest of them is still there.

import { CorruptError, ModelbytesError } from "@modelbytes/bytes";
import type { Hdf5File, Hdf5Group, Hdf5Object } from "@modelbytes/hdf5";
import { openKerasHdf5, openShardedKerasWeights } from "@modelbytes/keras-hdf5";
import { describe, expect, test } from "vitest";
import { damagedObjects } from "../src/every-object.ts";
import { dataset, fileOf, group, names } from "./made-file.ts";

const LAYERS = ["first", "second", "third"];
const NAMED = await fileOf(
  names("", "layer_names", LAYERS),
  ...LAYERS.flatMap((layer) => [group(layer), names(layer, "weight_names", ["kernel"]), dataset(`${layer}/kernel`, 3)]),
);
const NUMBERED = await fileOf(...LAYERS.map((layer) => dataset(`layers/${layer}/vars/0`, 3)));

describe.each<readonly [string, Uint8Array<ArrayBuffer>, (layer: string) => string]>([
  ["named layers", NAMED, (layer) => `${layer}/kernel`],
  ["numbered variables", NUMBERED, (layer) => `layers/${layer}/vars/0`],
])("%s", (_, bytes, keyOf) => {
  test("whatever byte is damaged, a file that still opens tells what is wrong, and has the rest", async () => {
    let saved = 0;
    for (let at = 0; at < bytes.length; at += 7) {
      const copy = bytes.slice();
      copy[at] = (copy[at] ?? 0) ^ 0xff;
      const strict = await attempt(async () => await (await openKerasHdf5(copy, { engine: "classic" })).close());
      const tolerant = await attempt(() => openKerasHdf5(copy, { engine: "classic", tolerant: true }));
      if (tolerant instanceof ModelbytesError) {
        expect(strict).toBeInstanceOf(ModelbytesError);
        continue;
      }
      const problems: ModelbytesError[] = [];
      for await (const problem of tolerant.verify()) problems.push(problem);
      if (strict instanceof ModelbytesError) {
        expect(tolerant.damage.length).toBeGreaterThan(0);
        const read = LAYERS.map((layer) => attempt(() => tolerant.read(keyOf(layer))));
        const whole = (await Promise.all(read)).filter((each) => !(each instanceof ModelbytesError));
        if (whole.length === LAYERS.length - 1) saved++;
      } else expect(tolerant.damage).toEqual([]);
      expect(problems.slice(0, tolerant.damage.length)).toEqual(tolerant.damage);
      expect(new Set(problems).size).toBe(problems.length);
    }
    expect(saved).toBeGreaterThan(15);
  });
});

describe("shards", () => {
  const index = {
    metadata: { total_size: 24 },
    weight_map: { "/layers/first/vars": "a.h5", "/layers/second/vars": "b.h5" },
  };
  const json = new TextEncoder().encode(JSON.stringify(index));
  const shard = (layer: string) => fileOf(dataset(`layers/${layer}/vars/0`, 3));

  test.each<readonly [string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | undefined, code: RegExp]>([
    ["that is not there", () => undefined, /^not-found$/],
    ["that is no HDF5 file", () => new Uint8Array(100), /^not-hdf5$/],
    ["that is cut", (bytes) => bytes.slice(0, 300), /^truncated$/],
  ])("one %s does not hide the others", async (_, damage, code) => {
    const folder = new Map([["a.h5", await shard("first")]]);
    const damaged = damage(await shard("second"));
    if (damaged !== undefined) folder.set("b.h5", damaged);
    const strict = await attempt(() => openShardedKerasWeights(json, { folder }));
    expect(strict).toMatchObject({ code: expect.stringMatching(code) });
    await using file = await openShardedKerasWeights(json, { folder, tolerant: true });
    expect(file.damage[0]).toMatchObject({ code: expect.stringMatching(code) });
    expect([...file.entries.keys()]).toEqual(["layers/first/vars/0"]);
    expect(await file.read("layers/first/vars/0")).toMatchObject({ shape: [3] });
  });

  test("none of which is there are refused", async () => {
    const opened = openShardedKerasWeights(json, { folder: new Map(), tolerant: true });
    await expect(opened).rejects.toBeInstanceOf(ModelbytesError);
  });
});

test("groups that are in themselves are not followed for ever", async () => {
  const links = new Map([
    ["a", { kind: "hard" } as const],
    ["b", { kind: "hard" } as const],
    ["soft", { kind: "soft", target: "/" } as const],
  ]);
  const root: Hdf5Group = { kind: "group", path: "/", attributes: new Map(), links };
  const file = { name: "loop.h5", object: async (path: string): Promise<Hdf5Object> => ({ ...root, path }) };
  let count = 0;
  let last: unknown;
  for await (const [, found] of damagedObjects(looping(file), root, {})) {
    count++;
    last = found;
  }
  expect(last).toMatchObject({ name: "UnsupportedError", code: "too-large", file: "loop.h5" });
  expect(count).toBeLessThan(2 ** 17);
});

/** A file of which only `object` is ever asked. */
function looping(file: Pick<Hdf5File, "name" | "object">): Hdf5File {
  const never = () => Promise.reject(new CorruptError("unasked", "nothing else is looked at"));
  return {
    ...file,
    engine: "classic",
    group: never,
    dataset: never,
    attribute: never,
    attributes: never,
    read: never,
    walk: async function* () {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

async function attempt<T>(call: () => Promise<T>): Promise<T | ModelbytesError> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ModelbytesError) return error;
    throw error;
  }
}
