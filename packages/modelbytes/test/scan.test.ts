import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeZip } from "@modelbytes/zip";
import { describe, expect, onTestFinished, test } from "vitest";
import { openModel, scan, scanModel } from "../src/index.ts";
import { modelbytes, modelbytesHere, temporaryDirectory } from "./command.ts";
import { architecture, bytes, FIXTURES, layerOf, short } from "./scanned.ts";

describe("HDF5", () => {
  test("that leads elsewhere", async () => {
    const { format, findings, problems } = await scan(join(FIXTURES, "scan/leads.h5"));
    expect({ format, problems }).toEqual({ format: "keras-hdf5", problems: [] });
    expect(findings.map(short).sort()).toEqual([
      "critical __lambda__ at config.layers[1].config.function CVE-2025-9905",
      "high dataset at model_weights/claimed CVE-2026-0897",
      "high external link at model_weights/outside CVE-2026-1669",
      "high external storage at model_weights/raw CVE-2026-1669",
      "high virtual dataset at model_weights/virtual CVE-2026-12480",
      "low dataset at model_weights/points -",
      "medium filter 32004 at model_weights/plugin -",
      "medium soft link at model_weights/soft CVE-2026-1669",
    ]);
  });
});

describe("archives", () => {
  const HOSTILE = join(FIXTURES, "keras-archive/hostile");
  test.each<[file: string, found: readonly string[]]>([
    ["absolute.keras", ["high zip name at /tmp/modelbytes-out.txt GHSA-hqp4-2352-xf5r"]],
    ["dot-dot.keras", ["high zip name at assets/../../out.txt GHSA-hqp4-2352-xf5r"]],
    ["symbolic-link.keras", ["high zip mode at assets/link.txt GHSA-hqp4-2352-xf5r"]],
    ["bomb.keras", ["high zip expansion at assets/zeros.txt -"]],
    ["claimed.keras", ["high zip expansion at model.weights.h5 -"]],
    ["duplicate-config.keras", ["high zip duplicate at config.json -", "high eval at  CVE-2025-1550"]],
    ["local-name.keras", ["high zip local-header at notes.txt -"]],
    ["backslash.keras", ["high zip name at assets\\..\\out.txt GHSA-hqp4-2352-xf5r"]],
    ["npz.keras", ["critical model.weights.npz at model.weights.npz -"]],
    ["config-not-json.keras", ["medium config.json at  -"]],
  ])("%s", async (file, expected) => {
    const { format, dangerous, findings } = await scan(join(HOSTILE, file));
    expect({ format, dangerous, found: findings.map(short) }).toEqual({
      ...{ format: "keras-archive", dangerous: true },
      found: expected,
    });
  });

  test.each(["no-weights.keras", "no-config.keras", "weights-not-hdf5.keras"])(
    "%s has nothing to find",
    async (file) => {
      await expect(scan(join(HOSTILE, file))).rejects.toMatchObject({ name: "CorruptError" });
    },
  );

  test("with programs and pickles among the members, that is no model", async () => {
    const names = ["run.py", "assets/model.pkl", "lib/x.so", "README.md", "data.bin"];
    const members = names.map((name) => ({ name, data: bytes("x") }));
    const folder = await temporaryDirectory(onTestFinished);
    const file = join(folder, "archive.zip");
    await writeZip(file, members);
    const { format, findings, problems } = await scan(file);
    expect({ format, found: findings.map(short), codes: problems.map(({ code }) => code) }).toEqual({
      format: null,
      found: [
        "high assets/model.pkl at assets/model.pkl -",
        "medium run.py at run.py -",
        "medium lib/x.so at lib/x.so -",
      ],
      codes: ["format"],
    });
  });

  test("with a config that is dangerous, and weights that nobody can read", async () => {
    const folder = await temporaryDirectory(onTestFinished);
    const file = join(folder, "model.keras");
    const members = new Map([
      ["config.json", JSON.stringify(architecture(layerOf("TFSMLayer", { filepath: "x" })))],
      ["model.weights.h5", "no HDF5"],
    ]);
    await writeZip(
      file,
      [...members].map(([name, text]) => ({ name, data: bytes(text) })),
    );
    const { format, findings, problems } = await scan(file);
    expect({ format, found: findings.map(short), codes: problems.map(({ code }) => code) }).toEqual({
      format: "keras-archive",
      found: ["high TFSMLayer at config.layers[0] CVE-2026-1462"],
      codes: ["not-hdf5"],
    });
  });

  test("with weights that lead elsewhere, in a zip and in a folder", async () => {
    const folder = await temporaryDirectory(onTestFinished);
    const members = [
      { name: "config.json", data: bytes(JSON.stringify(architecture(layerOf("Dense")))) },
      { name: "model.weights.h5", data: new Uint8Array(readFileSync(join(FIXTURES, "scan/leads.h5"))) },
      { name: "run.py", data: bytes("x") },
    ];
    await writeZip(join(folder, "model.keras"), members);
    await mkdir(join(folder, "model"));
    for (const { name, data } of members) await writeFile(join(folder, "model", name), data);
    const [zip, unzipped] = [await scan(join(folder, "model.keras")), await scan(join(folder, "model"))];
    expect(zip.findings).toContainEqual(
      expect.objectContaining({ what: "external link", part: "model.weights.h5 HDF5", path: "model_weights/outside" }),
    );
    expect(zip.findings).toContainEqual(expect.objectContaining({ what: "run.py", severity: "medium" }));
    expect(unzipped.findings.map(short).sort()).toEqual(zip.findings.map(short).sort());
  });

  test("arrays that are pickles", async () => {
    const { format, findings } = await scan(join(FIXTURES, "npz/refused/arrays.npz"));
    expect(format).toBe("npz");
    expect(findings.map(short)).toEqual(["critical objects at objects -", "critical strings at strings -"]);
  });
});

/** The models in the fixtures of Keras, but for those that are tricks or damaged. */
function soundFixtures(): string[] {
  return ["keras-archive", "keras-hdf5", "keras-config"].flatMap((folder) =>
    readdirSync(join(FIXTURES, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:keras|h5|weights\.json|json|yaml)$/.test(name) && !/^hostile|expected|said/.test(name))
      .map((name) => `${folder}/${name}`)
      .sort(),
  );
}

/** They name a class in a module that is not Keras's, so Keras would import it. */
const IMPORTS = ["keras-config/architectures-keras-2.15/custom.json", "keras-config/architectures-keras-3/custom.json"];

test("sound models have nothing above low", async () => {
  const dangerous: string[] = [];
  let scanned = 0;
  for (const name of soundFixtures()) {
    const report = await scan(join(FIXTURES, name)).catch(() => undefined); // no model
    if (report === undefined) continue;
    scanned++;
    expect([name, report.problems]).toEqual([name, []]);
    if (report.dangerous) dangerous.push(name);
  }
  expect(dangerous).toEqual(IMPORTS);
  expect(scanned).toBeGreaterThan(100);
}, 60_000);

test("an open model is scanned too, and stays open", async () => {
  await using model = await openModel(join(FIXTURES, "keras-archive/keras-3-custom/model.keras"));
  const { dangerous, findings } = await scanModel(model);
  expect({ dangerous, found: findings.map(short) }).toEqual({ dangerous: false, found: ["low Custom at  -"] });
  expect((await model.weights.read([...model.weights.entries.keys()][0] ?? "")).shape).toBeDefined();
});

describe("the command", () => {
  test("prints what is dangerous, and ends with 1", async () => {
    const { code, stdout, stderr } = await modelbytes("scan", "fixtures/scan/lambda.json");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toBe(
      'critical  __lambda__ is Python bytecode that names "os", "echo from a lambda", "__import__", "system", ' +
        '"dangerous_source.py", "<lambda>"  (JSON at config.layers[1].config.function)  ' +
        "CVE-2024-3660: Keras before 2.13, and every later one with safe_mode=False\n1 finding\n",
    );
  });

  test("prints JSON", async () => {
    const { code, stdout } = await modelbytesHere("scan", "fixtures/scan/leads.h5", "--json");
    const { dangerous, format, findings, problems } = JSON.parse(stdout);
    expect({ code, dangerous, format, problems }).toEqual({
      ...{ code: 1, dangerous: true, format: "keras-hdf5", problems: [] },
    });
    expect(findings).toEqual((await scan(join(FIXTURES, "scan/leads.h5"))).findings);
  });

  test.each([
    [
      "keras-archive/keras-3-custom/model.keras",
      0,
      /^low {2}Custom .*\nok: nothing dangerous; 1 finding of low severity\n$/,
    ],
    ["keras-hdf5/keras-3-sequential-model/model.h5", 0, /^ok: nothing dangerous\n$/],
    ["tensor-bundle/demo/ckpt-3", 0, /^ok: a checkpoint holds no code\n$/],
    ["keras-archive/hostile/npz.keras", 1, /^critical {2}model\.weights\.npz /],
    ["keras-archive/hostile/no-weights.keras", 1, /^$/],
    ["npz/numpy-does-not-exist.npz", 3, /^$/],
    ["keras-archive/keras-3-folder/model/metadata.json", 4, /^$/],
  ])("ends for %s with %s", async (path, code, stdout) => {
    const outcome = await modelbytesHere("scan", `fixtures/${path}`);
    expect([outcome.code, outcome.stderr]).toEqual([
      code,
      stdout.source === "^$" ? expect.stringContaining("error:") : expect.any(String),
    ]);
    expect(outcome.stdout).toMatch(stdout);
  });
});
