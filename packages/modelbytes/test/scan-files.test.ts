// `scan` of files that are no Keras models, and of tricks around those that are: HDF5 of anything, NumPy's archives, pickles, assets.

import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSafetensors } from "@modelbytes/safetensors";
import { writeZip } from "@modelbytes/zip";
import { describe, expect, onTestFinished, test } from "vitest";
import { scan } from "../src/index.ts";
import { modelbytesHere, temporaryDirectory } from "./command.ts";
import { architecture, bytes, FIXTURES, layerOf, short } from "./scanned.ts";

async function fileOf(name: string, content: Uint8Array): Promise<string> {
  const path = join(await temporaryDirectory(onTestFinished), name);
  await writeFile(path, content);
  return path;
}

describe("HDF5 that is none of Keras", () => {
  test.each(["earliest", "latest"])("leads to other files: %s", async (name) => {
    const { format, dangerous, findings, problems } = await scan(join(FIXTURES, `hdf5/refused/${name}.h5`));
    expect({ format, dangerous, found: findings.map(short), codes: problems.map(({ code }) => code) }).toEqual({
      ...{ format: null, dangerous: true, codes: ["not-keras"] },
      found: [
        "high external link at external_link CVE-2026-1669",
        "high external storage at external CVE-2026-1669",
        "high virtual dataset at virtual CVE-2026-12480",
      ],
    });
  });

  test("with nothing to find is no model", async () => {
    const { code, stdout, stderr } = await modelbytesHere("scan", "fixtures/hdf5/other-files/more.h5");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain("an HDF5 file, but none of Keras");
  });

  test("says in text and JSON what it found, and that it is no model", async () => {
    const { code, stdout, stderr } = await modelbytesHere("scan", "fixtures/hdf5/other-files/source.h5");
    expect([code, stdout.split("\n").at(-2)]).toEqual([1, "3 findings"]);
    expect(stderr).toContain("an HDF5 file, but none of Keras");
    const json = await modelbytesHere("scan", "fixtures/hdf5/other-files/source.h5", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ dangerous: true, format: null, problems: [{ code: "not-keras" }] });
  });
});

describe("bytes before an HDF5 file", () => {
  /** A model behind a user block. */
  async function behind(block: Uint8Array): Promise<Uint8Array> {
    return Buffer.concat([block, await readFile(join(FIXTURES, "keras-hdf5/keras-3-sequential-model/model.h5"))]);
  }

  test("may be another file", async () => {
    const block = new Uint8Array(512);
    block.set(bytes("#!/bin/sh\n"));
    const { format, findings } = await scan(await fileOf("model.h5", await behind(block)));
    expect([format, findings.map(short)]).toEqual(["keras-hdf5", ["medium user block at  -"]]);
  });

  test("that are zeros are nothing", async () => {
    const { format, findings } = await scan(await fileOf("model.h5", await behind(new Uint8Array(2048))));
    expect([format, findings]).toEqual(["keras-hdf5", []]);
  });
});

/** A `.npy` file of version 1 with this header, and nothing behind it. */
function npy(descr: string, shape: string): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  return Buffer.from(`\u0093NUMPY\u0001\u0000v\u0000${header}\n`, "latin1");
}

describe("NumPy", () => {
  const scalar = Buffer.concat([npy("<f4", "()"), new Uint8Array(4)]);

  test("an archive whose names lead out, with a name twice and a program", async () => {
    const path = await fileOf("arrays.npz", new Uint8Array());
    await writeZip(path, [
      { name: "aa/aa/out.npy", data: scalar },
      { name: "b.npy", data: scalar },
      { name: "c.npy", data: scalar },
      { name: "run.py", data: scalar },
    ]);
    // The writer refuses such names, so they are put there afterwards.
    const text = (await readFile(path)).toString("latin1");
    await writeFile(path, text.replaceAll("aa/aa/out.npy", "../../out.npy").replaceAll("c.npy", "b.npy"), "latin1");
    const { format, dangerous, findings } = await scan(path);
    expect({ format, dangerous }).toEqual({ format: "npz", dangerous: true });
    expect(findings.map(short).sort()).toEqual([
      "high zip duplicate at b.npy -",
      "high zip name at ../../out.npy GHSA-hqp4-2352-xf5r",
      "medium run.py at run.py -",
    ]);
  });

  test("a single array that is a pickle", async () => {
    const path = await fileOf("objects.npy", Buffer.concat([npy("|O", "(1,)"), bytes("\u0080")]));
    const { format, findings } = await scan(path);
    expect([format, findings.map(short)]).toEqual(["npz", ["critical arr_0 at arr_0 -"]]);
    expect((await modelbytesHere("scan", path)).code).toBe(1);
  });

  test("sound arrays have nothing", async () => {
    for (const name of ["demo", "compressed", "dtypes", "strings"]) {
      const [path] = await filesIn(join(FIXTURES, "npz", name));
      expect((await scan(path ?? "")).findings).toEqual([]);
    }
  });
});

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /\.np[yz]$/.test(name)).map((name) => join(folder, name));
}

test("a pickle is dangerous as a whole", async () => {
  const path = await fileOf("model.pkl", Uint8Array.from([0x80, 4, 0x95, 0, 0]));
  const { code, stdout } = await modelbytesHere("scan", path);
  expect([code, stdout]).toEqual([1, "critical  pickle runs code when it is loaded\n1 finding\n"]);
});

test("an architecture in the metadata of safetensors", async () => {
  const path = await fileOf("x.safetensors", new Uint8Array());
  const config = JSON.stringify(architecture(layerOf("TFSMLayer", { filepath: "x" })));
  const tensors = [["a", { dtype: "float32", shape: [], data: Float32Array.of(1) }]] as const;
  await writeSafetensors(path, tensors, { metadata: { keras_model_config: config } });
  const { format, findings } = await scan(path);
  expect([format, findings.map(short)]).toEqual(["safetensors", ["high TFSMLayer at config.layers[0] CVE-2026-1462"]]);
});

test.each([
  [{ input_shape: [null, 2 ** 20, 2 ** 21] }, ["high Dense at config.layers[0] -"]],
  [{ shapes_dict: { a: [null, 4], b: [2 ** 50] } }, ["high Dense at config.layers[0] -"]],
  [{ input_shape: [null, 224, 224, 3] }, []],
])("a layer that is built for %j", async (shapes, expected) => {
  const layer = layerOf("Dense", {}, { build_config: shapes });
  const { findings } = await scan(bytes(JSON.stringify(architecture(layer))));
  expect(findings.map(short)).toEqual(expected);
});

test("assets of a SavedModel that are somewhere else", async () => {
  const folder = await temporaryDirectory(onTestFinished);
  await cp(join(FIXTURES, "saved-model/assets/model"), folder, { recursive: true });
  const path = join(folder, "saved_model.pb");
  await writeFile(path, (await readFile(path)).toString("latin1").replaceAll("words.txt", "../passwd"), "latin1");
  const { dangerous, findings } = await scan(folder);
  expect(dangerous).toBe(true);
  expect(findings.map(short)).toContain("high asset at ../passwd -");
});
