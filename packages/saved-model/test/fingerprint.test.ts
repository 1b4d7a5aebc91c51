import { CorruptError, type ModelbytesError, UnsupportedError } from "@modelbytes/bytes";
import { decodeMessage, encodeMessage } from "@modelbytes/tf-proto";
import { FingerprintDef, SavedModel } from "@modelbytes/tf-proto/messages";
import { describe, expect, test } from "vitest";
import { compareFingerprint } from "../src/compare-fingerprints.ts";
import { computeFingerprint, decodeFingerprint, encodeFingerprint, singleprint } from "../src/fingerprint.ts";
import { functionUid, withoutUid } from "../src/function-uid.ts";
import { bytesOf, EXPECTED, type Judged } from "./fingerprint-fixtures.ts";

const NOTHING = new Uint8Array(0);

/** A fingerprint as fingerprint_judge.py prints it. */
function defOf({ fingerprint: hashes = {} }: Judged): FingerprintDef {
  const hash = (name: string) => BigInt(hashes[name] ?? 0);
  return {
    savedModelChecksum: hash("saved_model_checksum"),
    graphDefProgramHash: hash("graph_def_program_hash"),
    signatureDefHash: hash("signature_def_hash"),
    savedObjectGraphHash: hash("saved_object_graph_hash"),
    checkpointHash: hash("checkpoint_hash"),
    version: { producer: Number(hash("producer")), minConsumer: 0, badConsumers: [] },
    uuid: "",
  };
}

const MODELS = EXPECTED.models.map(({ name, savedModel, index, judged }) => ({
  name,
  savedModel: bytesOf(savedModel) ?? NOTHING,
  index: bytesOf(index),
  judged,
}));

function model(name: string) {
  const found = MODELS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no model ${name}`);
  return found;
}

/** What an older TensorFlow does in its own way: parsing "+7" as a number, and in 2.12 numbers of 32 bits. */
const OTHERWISE = new Map([
  ["tensorflow-2.15", ["uid-with-plus"]],
  [
    "tensorflow-2.12",
    [
      "uid-with-plus",
      "uid-beyond-32-bits",
      "uid-of-64-bits",
      "call-beyond-64-bits",
      "function-without-uid",
      "function-beyond-64-bits",
    ],
  ],
]);

describe.each(["tensorflow-2.21", "tensorflow-2.15", "tensorflow-2.12"])("as in %s", (environment) => {
  const judged = MODELS.map((each) => ({ ...each, judged: each.judged[environment] ?? {} }));
  const agreeing = judged.filter(({ name }) => !OTHERWISE.get(environment)?.includes(name));

  test.each(agreeing.filter((each) => each.judged.fingerprint !== undefined))(
    "$name",
    ({ savedModel, index, judged }) => {
      const before = savedModel.slice();
      expect(compareFingerprint(defOf(judged), computeFingerprint(savedModel, index))).toEqual([]);
      expect(savedModel).toEqual(before);
    },
  );

  test.each(agreeing.filter((each) => each.judged.error?.startsWith("INVALID_ARGUMENT")))("$name: refused", (each) => {
    expect(() => computeFingerprint(each.savedModel)).toThrow(UnsupportedError);
  });
});

test("the models tell the rules apart", () => {
  const plain = MODELS[0]?.judged["tensorflow-2.21"]?.fingerprint ?? {};
  const changed = new Set<string>();
  for (const { judged } of MODELS) {
    for (const [field, hash] of Object.entries(judged["tensorflow-2.21"]?.fingerprint ?? {})) {
      if (plain[field] !== hash) changed.add(field);
    }
  }
  expect([...changed].sort()).toEqual(
    Object.keys(plain)
      .filter((field) => field !== "producer")
      .sort(),
  );
});

describe("models that have no fingerprint", () => {
  const errorOf = (run: () => unknown): ModelbytesError => {
    try {
      run();
    } catch (error) {
      if (error instanceof CorruptError || error instanceof UnsupportedError) return error;
      throw error;
    }
    throw new Error("nothing was thrown");
  };

  test.each(["no-meta-graph", "nothing-at-all"])("%s, for which TensorFlow aborts", (name) => {
    const error = errorOf(() => computeFingerprint(model(name).savedModel, undefined, { file: "f" }));
    expect(error.message).toBe("f: the SavedModel has no MetaGraph");
  });

  test("a function without a number", () => {
    const error = errorOf(() => computeFingerprint(model("function-without-uid").savedModel));
    expect(error.code).toBe("function-name");
    expect(error.reason).toContain('the function "plain" does not end in a number');
  });

  test("cut anywhere or with a byte flipped: a fingerprint of something else, or a typed error", () => {
    const { savedModel } = model("nothing");
    const whole = computeFingerprint(savedModel).savedModelChecksum;
    for (let at = 0; at < savedModel.length; at++) {
      const flipped = savedModel.slice();
      flipped[at] = (savedModel[at] ?? 0) ^ 0x15;
      for (const damaged of [flipped, savedModel.subarray(0, at)]) {
        try {
          expect(computeFingerprint(damaged).savedModelChecksum).not.toBe(whole);
        } catch (error) {
          if (!(error instanceof CorruptError) && !(error instanceof UnsupportedError)) throw error;
        }
      }
    }
  });
});

describe("comparing", () => {
  const { savedModel, index, judged } = model("nothing");
  const expected = defOf(judged["tensorflow-2.21"] ?? {});
  const edited = decodeMessage(SavedModel, savedModel);
  edited.metaGraphs[0]?.signatureDef.delete("serving");
  const actual = computeFingerprint(encodeMessage(SavedModel, edited), index);

  test("says which hashes are those of another model", () => {
    expect(compareFingerprint(expected, actual).map(({ field }) => field)).toEqual([
      "savedModelChecksum",
      "signatureDefHash",
    ]);
    const [problem] = compareFingerprint(expected, { ...actual, ...expected, checkpointHash: 5n });
    expect(problem).toEqual({
      field: "checkpointHash",
      expected: 1303100712653856508n,
      actual: 5n,
      reason: "checkpoint_hash is 1303100712653856508, and the hash of variables.index is 5",
    });
  });

  test("has doubts about producers that it does not know, and about models in chunks", () => {
    const doubts = (producer: number, computed = actual) =>
      compareFingerprint({ ...expected, version: { producer, minConsumer: 0, badConsumers: [] } }, computed).map(
        ({ reason }) => reason.split(";")[1],
      );
    expect(doubts(1)).toEqual([undefined, undefined]);
    expect(doubts(0)[0]).toBe(" how producer 0 makes it is not known");
    expect(doubts(7)[0]).toBe(" how producer 7 makes it is not known");
    expect(doubts(2)[0]).toBe(" it was made of a model in chunks, whose hashes are others");
    expect(doubts(4, { ...actual, producer: 2 })[0]).toBe(
      " it was not made of a model in chunks, whose hashes are others",
    );
  });

  test("takes signatures hashed without their names from early producers only", () => {
    const early = { ...expected, signatureDefHash: computeFingerprint(savedModel).signatureDefHashWithoutNames ?? 0n };
    const fields = (producer: number) =>
      compareFingerprint(
        { ...early, version: { producer, minConsumer: 0, badConsumers: [] } },
        computeFingerprint(savedModel, index),
      ).map(({ field }) => field);
    expect([fields(0), fields(1), fields(4)]).toEqual([[], [], ["signatureDefHash"]]);
  });
});

describe("fingerprint.pb", () => {
  // written by TensorFlow 2.21
  const hex =
    "08c9c78ed0f196c1c65810afe4a1cefbcf80ce910118b8d5fb92cda3d1f6e50120d4b6b981f2a280d0c80128a49dc5e9dccee9ea7232020804" +
    `3a27${Buffer.from("162814281362146402817641632149012344321").toString("hex")}`;
  const stored = new Uint8Array(Buffer.from(hex, "hex"));

  test("is read, and written again byte for byte", () => {
    const fingerprint = decodeFingerprint(stored);
    const producer = fingerprint.version?.producer ?? 0;
    expect(producer).toBe(4);
    expect(encodeFingerprint({ ...fingerprint, producer }, fingerprint.uuid)).toEqual(stored);
    expect(encodeFingerprint({ ...fingerprint, producer })).toEqual(stored.subarray(0, -41));
    // what Fingerprint.singleprint() of TensorFlow gives
    expect(singleprint(fingerprint)).toBe(
      "10492263979467436591/16567974594256759480/14456556002695076692/8274702915247099556",
    );
  });

  test("hashes that are 0 are left out", () => {
    const zero = { ...decodeFingerprint(NOTHING), producer: 4 };
    expect(encodeFingerprint(zero)).toEqual(Uint8Array.of(0x32, 2, 8, 4));
    expect(encodeMessage(FingerprintDef, decodeFingerprint(encodeFingerprint(zero)))).toEqual(
      Uint8Array.of(0x32, 2, 8, 4),
    );
  });

  test("damaged it is a CorruptError", () => {
    expect(() => decodeFingerprint(stored.subarray(0, 60), { file: "fingerprint.pb", offset: 0 })).toThrow(
      CorruptError,
    );
  });
});

test.each<[string, bigint | undefined, string]>([
  ["__inference_f_7", 7n, "__inference_f_"],
  ["x_007", 7n, "x_00"],
  ["f_-3", -3n, "f_"],
  ["f_ 7\t", 7n, "f_ 7\t"],
  ["12", 12n, ""],
  ["f_", undefined, "f_"],
  ["f_1e3", undefined, "f_1e3"],
  ["f_-", undefined, "f_-"],
  ["", undefined, ""],
  ["f_9223372036854775807", 2n ** 63n - 1n, "f_"],
  ["f_9223372036854775808", undefined, "f_9223372036854775808"],
])("the uid of %j", (name, uid, rest) => {
  expect([functionUid(name), withoutUid(name)]).toEqual([uid, rest]);
});
