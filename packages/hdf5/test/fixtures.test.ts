// Files that h5py wrote, and what h5py reads from them.

import { openHdf5 } from "@modelbytes/hdf5";
import { describe, expect, test } from "vitest";
import { grown } from "./counted-source.ts";
import { describeFile, FIXTURES, fixtures, orders, type Readable } from "./described.ts";

/** Datasets whose values are not in expected.json: in other files, or behind filters that are not read by default. */
const REFUSED: ReadonlySet<string> = new Set(["scaleoffset", "nbit", "external", "virtual"]);
const readable: Readable = ({ path }) => !REFUSED.has(path);

describe.each(fixtures())("%s/%s", (fixture, name, expected) => {
  test("the classic engine says what h5py says", async () => {
    await using file = await openHdf5(`${FIXTURES}${fixture}/${name}`, { engine: "classic" });
    const found = await describeFile(file, readable);
    expect(found).toEqual(expected);
    expect(orders(found)).toEqual(orders(expected));
  });

  test("so it does where the file is not read whole", async () => {
    await using file = await openHdf5(grown(`${fixture}/${name}`), { engine: "classic" });
    expect(await describeFile(file, readable)).toEqual(expected);
  });

  test("so does h5wasm", async () => {
    await using file = await openHdf5(`${FIXTURES}${fixture}/${name}`, { engine: "h5wasm" });
    // h5wasm comes without LZF
    const notLzf: Readable = (object) => object.kind !== "dataset" || !object.filters.some(({ id }) => id === 32_000);
    const found = await describeFile(file, (object) => readable(object) && notLzf(object));
    const lzf = new Set(
      found.filter(({ value, kind }) => kind === "dataset" && value === undefined).map(({ path }) => path),
    );
    const comparable = expected.map(({ value, ...rest }) =>
      value === undefined || lzf.has(rest.path) ? rest : { ...rest, value },
    );
    expect(found).toEqual(comparable);
    expect(orders(found)).toEqual(orders(expected));
  });
});
