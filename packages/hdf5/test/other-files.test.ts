// External links, external storage and virtual datasets, and what h5py reads through them.

import { readFileSync } from "node:fs";
import { CorruptError, NotFoundError, type SourceLike, UnsupportedError } from "@modelbytes/bytes";
import { type Hdf5File, isTensor, openHdf5 } from "@modelbytes/hdf5";
import { toNumbers } from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";
import { bytesOf } from "./counted-source.ts";
import { attempt, describeValue, FIXTURES } from "./described.ts";

const FOLDER = `${FIXTURES}other-files/`;
const { files }: { files: Record<string, Record<string, object>> } = JSON.parse(
  readFileSync(`${FOLDER}values.json`, "utf8"),
);

/** Opens with what is beside the file. */
function openWithOthers(name: string): Promise<Hdf5File> {
  return openHdf5(`${FOLDER}${name}`, { engine: "classic", external: (other) => `${FOLDER}${other}` });
}

describe.each(Object.entries(files))("%s", (name, values) => {
  test.each(Object.entries(values))("%s is what h5py reads", async (path, value) => {
    await using file = await openWithOthers(name);
    expect(describeValue(await file.read(path))).toEqual(value);
  });

  test("parts are parts of the whole", async () => {
    await using file = await openWithOthers(name);
    for (const path of Object.keys(values)) {
      const whole = await file.read(path);
      if (!isTensor(whole) || whole.dtype === "string" || whole.dtype === "variant") throw new Error(path);
      const { shape } = whole;
      for (const [first, stop] of [
        [0, 1],
        [1, shape[0] ?? 0],
        [1, 3],
      ] as const) {
        if (stop > (shape[0] ?? 0)) continue;
        const rest = shape.slice(1);
        const select = [[first, stop] as const, ...rest.map((size) => [size > 2 ? 1 : 0, size] as const)];
        const part = await file.read(path, { select });
        if (!isTensor(part)) throw new Error(path);
        const row = rest.reduce((product, size) => product * size, 1);
        const numbers = toNumbers(whole).subarray(first * row, stop * row);
        const wanted = numbers.filter((_, index) => {
          let left = index;
          return rest.toReversed().every((size) => {
            const at = left % size;
            left = Math.floor(left / size);
            return size <= 2 || at > 0;
          });
        });
        expect([path, ...toNumbers(part)]).toEqual([path, ...wanted]);
      }
    }
  });

  test("a link to another file gives its groups and attributes too", async () => {
    await using file = await openWithOthers(name);
    expect(await file.group("group")).toMatchObject({ kind: "group", path: "group" });
    expect(describeValue(await file.attribute("group", "name"))).toMatchObject({ dtype: "string" });
    expect([...(await file.attributes("group")).keys()]).toEqual(["name"]);
    await expect(file.read("nowhere")).rejects.toThrow(NotFoundError);
    await expect(file.read("missing")).rejects.toThrow(NotFoundError);
    await expect(file.read("round")).rejects.toThrow(CorruptError);
  });

  test("what is not read is named", async () => {
    await using file = await openWithOthers(name);
    for (const [path, reason] of [
      ["irregular", /not regular/],
      ["numbered", /without end|numbered/],
      ["type", /another type/],
      ["endless", /without end/],
    ] as const) {
      const found = await attempt(() => file.read(`refused/${path}`));
      expect(found).toBeInstanceOf(UnsupportedError);
      expect(found).toMatchObject({ code: "virtual", reason: expect.stringMatching(reason) });
    }
  });

  test("what is damaged is no zeros", async () => {
    await using file = await openWithOthers(name);
    await expect(file.read("outside/short")).rejects.toThrow(/has 40 bytes/);
    await expect(file.read("damaged/itself")).rejects.toThrow(/made of each other/);
    await expect(file.read("damaged/gone")).rejects.toThrow(NotFoundError);
  });

  test("no other file is opened unasked", async () => {
    for (const engine of ["classic", "auto"] as const) {
      await using file = await openHdf5(`${FOLDER}${name}`, { engine });
      for (const [path, code] of [
        ["link", "external-link"],
        ["group/grid", "external-link"],
        ["outside/one", "external-storage"],
        ["virtual/rows", "virtual-source"],
      ] as const) {
        const found = await attempt(() => file.read(path));
        expect(found).toBeInstanceOf(UnsupportedError);
        expect(found).toMatchObject({ code, reason: expect.stringContaining("external") });
      }
      expect(describeValue(await file.read("virtual/own"))).toEqual(values["virtual/own"]);
    }
  });
});

test("each other file is opened once, by the name that is written, and closed", async () => {
  const names: string[] = [];
  const closed: string[] = [];
  const external = (name: string): SourceLike => {
    names.push(name);
    const bytes = bytesOf(`other-files/${name}`);
    return {
      name,
      size: async () => bytes.length,
      read: async (offset, length) => bytes.slice(offset, offset + length),
      close: async () => void closed.push(name),
    };
  };
  const file = await openHdf5(`${FOLDER}latest.h5`, { external });
  for (const path of ["link", "on", "virtual/rows", "outside/parts", "outside/one"]) await file.read(path);
  await file.close();
  expect(names.sort()).toEqual(["first.bin", "more.h5", "second.bin", "source.h5"]);
  expect(closed.sort()).toEqual(names);
});

test("flipping every fourth byte of a file with others gives values or typed errors", async () => {
  const bytes = bytesOf("other-files/latest.h5");
  const names = ["source.h5", "more.h5", "first.bin", "second.bin"];
  const others = new Map(names.map((name) => [name, bytesOf(`other-files/${name}`)]));
  const paths = ["on", "outside/parts", "virtual/rows", "virtual/strides", "virtual/flat", "virtual/turned"];
  let errors = 0;
  for (let at = bytes.length % 4; at < bytes.length; at += 4) {
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ ([0x01, 0x80, 0xff][at % 3] ?? 0);
    const found = await attempt(async () => {
      await using file = await openHdf5(copy, {
        engine: "classic",
        external: (name) => others.get(name) ?? new Uint8Array(0),
      });
      for (const path of paths) await file.read(path);
    });
    if (found !== undefined) errors++;
  }
  expect(errors).toBeGreaterThan(bytes.length / 80);
}, 60_000);

describe("damage in the other file", () => {
  const main = bytesOf("other-files/latest.h5");
  const read = (path: string, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<unknown> =>
    attempt(async () => {
      const external = (other: string) => (other === name ? bytes : bytesOf(`other-files/${other}`));
      await using file = await openHdf5(main, { engine: "classic", external });
      return await file.read(path);
    });

  test("outside storage that is cut is an error", async () => {
    const bytes = bytesOf("other-files/first.bin");
    expect(await read("outside/one", "first.bin", bytes)).toMatchObject({ dtype: "int32" });
    for (let length = 0; length < bytes.length; length++) {
      expect(await read("outside/one", "first.bin", bytes.slice(0, length))).toBeInstanceOf(CorruptError);
    }
  });

  test("a source that is cut is an error, and a flipped one that or a value", async () => {
    const bytes = bytesOf("other-files/source.h5");
    for (let at = 0; at < bytes.length; at += 29) {
      expect(await read("virtual/strides", "source.h5", bytes.slice(0, at))).toBeInstanceOf(CorruptError);
      const copy = bytes.slice();
      copy[at] = (copy[at] ?? 0) ^ 0xff;
      await read("virtual/strides", "source.h5", copy);
    }
  });
});
