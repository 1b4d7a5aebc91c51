// Fingerprints of SavedModels, and models in chunks, against TensorFlow: of random models that tf.saved_model.save wrote, of edited
// ones, and of ones cut into chunks at random. MODELBYTES_SEEDS=100:1000 takes other seeds.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { UnsupportedError } from "@modelbytes/bytes";
import {
  compareFingerprint,
  computeChunkedFingerprint,
  computeFingerprint,
  decodeFingerprint,
  type Fingerprint,
} from "@modelbytes/saved-model";
import { decodeMessage, encodeMessage } from "@modelbytes/tf-proto";
import { joinChunks, readChunkedFile } from "@modelbytes/tf-proto/chunked";
import { type MetaGraphDef, SavedModel } from "@modelbytes/tf-proto/messages";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_SEEDS = "0:15" } = process.env;
const ENVIRONMENTS = ["tensorflow-2.21", "tensorflow-2.15", "tensorflow-2.12"];

/** A line of fingerprint_judge.py. */
interface Judged {
  readonly name: string;
  readonly fingerprint?: Readonly<Record<string, string>>;
  readonly error?: string;
}

const read = (...path: readonly string[]) => new Uint8Array(readFileSync(join(...path)));

/** A fingerprint as fingerprint_judge.py prints it. */
function printed(fingerprint: Fingerprint & { readonly producer: number }): Record<string, string> {
  const hashes = {
    saved_model_checksum: fingerprint.savedModelChecksum,
    graph_def_program_hash: fingerprint.graphDefProgramHash,
    signature_def_hash: fingerprint.signatureDefHash,
    saved_object_graph_hash: fingerprint.savedObjectGraphHash,
    checkpoint_hash: fingerprint.checkpointHash,
  };
  const given = Object.entries(hashes).filter(([, hash]) => hash !== 0n);
  return {
    ...Object.fromEntries(given.map(([name, hash]) => [name, String(hash)])),
    producer: String(fingerprint.producer),
  };
}

/** Changes to a MetaGraph that fingerprints have a rule for. */
const EDITS: readonly ((metaGraph: MetaGraphDef, pick: (count: number) => number) => void)[] = [
  ({ graphDef }) => void delete graphDef?.library,
  ({ graphDef }) => void delete graphDef?.versions,
  (metaGraph) => void delete metaGraph.graphDef,
  (metaGraph) => void delete metaGraph.objectGraphDef,
  ({ signatureDef }) => signatureDef.clear(),
  ({ signatureDef }, pick) => {
    const [name = ""] = [...signatureDef.keys()].slice(pick(signatureDef.size));
    const signature = signatureDef.get(name);
    signatureDef.delete(name);
    if (signature !== undefined) signatureDef.set(["é", "\u{1f600}", "\uff5e", "z"][pick(4)] ?? "", signature);
  },
  ({ graphDef }, pick) => {
    for (const node of graphDef?.node ?? []) {
      const func = node.attr.get("f")?.func;
      if (func !== undefined) func.name = `f_${["007", "-3", "+4", "x", "", " 5", "99999999999999999999"][pick(7)]}`;
    }
  },
  ({ objectGraphDef }, pick) => {
    const functions = [...(objectGraphDef?.concreteFunctions ?? [])];
    objectGraphDef?.concreteFunctions.clear();
    for (const [at, [, concrete]] of functions.entries()) {
      const name = [`f_${at}`, `f_-${at + 1}`, `f_00${at + 1000}`, `${at + 2000}`, `f_${BigInt(at) + 2n ** 40n}`][
        pick(5)
      ];
      objectGraphDef?.concreteFunctions.set(name ?? "", concrete);
    }
  },
  ({ objectGraphDef }) => {
    const [first] = objectGraphDef?.concreteFunctions ?? [];
    if (first !== undefined) objectGraphDef?.concreteFunctions.set("without", first[1]);
  },
  ({ graphDef }, pick) => void graphDef?.node.splice(pick(graphDef.node.length), 3),
  (metaGraph) => {
    metaGraph.$unknown = Uint8Array.of(0xfa, 0x3f, 2, 0x61, 0x62);
  },
];

/** Numbers that depend on a seed alone. */
function picker(seed: number): (count: number) => number {
  let step = 0;
  return (count) => createHash("sha256").update(`${seed} ${step++}`).digest().readUInt32LE() % Math.max(1, count);
}

/** A model with some of the edits, written in one order of maps or the other, or with another behind it. */
function edited(savedModel: Uint8Array, seed: number): Uint8Array {
  const pick = picker(seed);
  const model = decodeMessage(SavedModel, savedModel);
  const [metaGraph] = model.metaGraphs;
  if (metaGraph === undefined) throw new Error("a model without a MetaGraph");
  for (let count = 1 + pick(2); count > 0; count--) EDITS[pick(EDITS.length)]?.(metaGraph, pick);
  if (pick(4) === 0) model.metaGraphs.push(metaGraph);
  const bytes = encodeMessage(SavedModel, model, { mapOrder: pick(2) === 0 ? "upb" : "c++" });
  return pick(4) === 0 ? Buffer.concat([Uint8Array.of(0x7a, 1, 0x61), bytes]) : bytes; // an unknown field first
}

describe.runIf(hasPython())("fingerprints", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-fingerprints-"));
  const pythons = new Map<string, string>();
  const python = (environment: string) => pythons.get(environment) ?? "";
  const models = (environment: string) => join(folder, environment);
  const names = (parent: string) => readdirSync(parent).sort((a, b) => Number(a) - Number(b));
  const judge = async (environment: string, parent: string): Promise<Judged[]> => {
    const lines = await runPython(python(environment), "fixtures/saved-model/fingerprint_judge.py", parent);
    return lines
      .trimEnd()
      .split("\n")
      .map((line): Judged => JSON.parse(line));
  };

  beforeAll(async () => {
    for (const environment of ENVIRONMENTS) {
      pythons.set(environment, await interpreter(environment));
      mkdirSync(models(environment));
      await runPython(
        python(environment),
        "fixtures/saved-model/random_models.py",
        MODELBYTES_SEEDS,
        models(environment),
      );
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(ENVIRONMENTS)("%s wrote the fingerprints that we compute", (environment) => {
    for (const name of names(models(environment))) {
      const model = join(models(environment), name);
      const computed = computeFingerprint(read(model, "saved_model.pb"), read(model, "variables/variables.index"));
      const stored = decodeFingerprint(read(model, "fingerprint.pb"));
      expect(compareFingerprint(stored, computed), name).toEqual([]);
      if (environment === "tensorflow-2.21") expect(stored.version?.producer).toBe(computed.producer);
    }
    expect(names(models(environment)).length).toBeGreaterThan(0);
  });

  test("edited models have the fingerprints that TensorFlow makes of them", async () => {
    const parent = join(folder, "edited");
    const [environment = ""] = ENVIRONMENTS;
    for (const name of names(models(environment))) {
      for (let edit = 0; edit < 4; edit++) {
        const target = join(parent, `${name}-${edit}`);
        mkdirSync(join(target, "variables"), { recursive: true });
        const savedModel = read(models(environment), name, "saved_model.pb");
        writeFileSync(join(target, "saved_model.pb"), edited(savedModel, 4 * Number(name) + edit));
        if (edit > 0) writeFileSync(join(target, "variables/variables.index"), savedModel.subarray(0, 100 * edit));
      }
    }
    const counts = { same: 0, refused: 0 };
    for (const { name, fingerprint, error } of await judge(environment, parent)) {
      const index = join(parent, name, "variables/variables.index");
      const compute = () =>
        computeFingerprint(read(parent, name, "saved_model.pb"), existsSync(index) ? read(index) : undefined);
      if (error === undefined) {
        expect(printed(compute()), name).toEqual(fingerprint);
        counts.same++;
      } else {
        expect(error).toContain("does not end in an integer");
        expect(compute, name).toThrow(UnsupportedError);
        counts.refused++;
      }
    }
    expect(counts.same).toBeGreaterThan(counts.refused);
    expect(counts.refused).toBeGreaterThan(0);
  });

  test("models in chunks are what TensorFlow makes of them, and have its fingerprints", async () => {
    const parent = join(folder, "chunked");
    mkdirSync(parent);
    const [environment = ""] = ENVIRONMENTS;
    const decompressors = {
      brotli: (bytes: Uint8Array, size: number) => brotliDecompressSync(bytes, { maxOutputLength: size }),
    };
    const lines = await runPython(
      python(environment),
      "fixtures/tf-proto/random_chunks.py",
      models(environment),
      parent,
    );
    let chunks = 0;
    for (const line of lines.trimEnd().split("\n")) {
      const cut: { name: string; chunks: number; merged: string } = JSON.parse(line);
      const joined = joinChunks(SavedModel, read(parent, cut.name, "saved_model.cpb"), decompressors);
      expect(createHash("sha256").update(joined).digest("hex"), cut.name).toBe(cut.merged);
      expect(Buffer.compare(joined, read(models(environment), cut.name, "saved_model.pb")), cut.name).toBe(0);
      chunks += cut.chunks;
    }
    const all = await judge(environment, parent);
    for (const { name, fingerprint, error } of all) {
      const file = readChunkedFile(read(parent, name, "saved_model.cpb"), decompressors);
      const compute = () => computeChunkedFingerprint(file, read(parent, name, "variables/variables.index"));
      if (error === undefined) expect(printed(compute()), name).toEqual(fingerprint);
      else expect(compute, `${name}: ${error}`).toThrow(UnsupportedError);
    }
    expect(chunks).toBeGreaterThan(3 * all.length);
  });
});
