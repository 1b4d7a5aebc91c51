import type { FingerprintDef } from "@modelbytes/tf-proto/messages";
import type { ComputedFingerprint, Fingerprint } from "./fingerprint.ts";

/** A hash of `fingerprint.pb` that is not that of the model. */
export interface FingerprintProblem {
  readonly field: keyof Fingerprint;
  /** What `fingerprint.pb` has. */
  readonly expected: bigint;
  /** What the model has. */
  readonly actual: bigint;
  /** What does not agree, in words. */
  readonly reason: string;
}

/** What each hash is of, and the name of its field. */
const FIELDS: readonly (readonly [field: keyof Fingerprint, name: string, of: string])[] = [
  ["savedModelChecksum", "saved_model_checksum", "the whole of saved_model.pb"],
  ["graphDefProgramHash", "graph_def_program_hash", "the graph"],
  ["signatureDefHash", "signature_def_hash", "the signatures"],
  ["savedObjectGraphHash", "saved_object_graph_hash", "the concrete functions of the objects"],
  ["checkpointHash", "checkpoint_hash", "variables.index"],
];

/** Producers whose formulas are known: those of TensorFlow 2.12 and 2.15, and of 2.21. */
const WHOLE = new Set([1, 4]);
const CHUNKED = 2;

/**
 * The hashes of `fingerprint.pb` that the model does not have: it was changed afterwards. Where the producer is none whose formulas are
 * known, they may be right all the same, and `reason` says so.
 */
export function compareFingerprint(expected: FingerprintDef, actual: ComputedFingerprint): FingerprintProblem[] {
  const producer = expected.version?.producer ?? 0;
  const doubt = doubtAbout(producer, actual.producer);
  return FIELDS.filter(([field]) => !agree(field, expected, actual)).map(([field, name, of]) => ({
    field,
    expected: expected[field],
    actual: actual[field],
    reason: `${name} is ${expected[field]}, and the hash of ${of} is ${actual[field]}${doubt}`,
  }));
}

/** Early producers have two ways to hash signatures; TensorFlow 2.12 and 2.15 both say that they are producer 1. */
function agree(field: keyof Fingerprint, expected: FingerprintDef, actual: ComputedFingerprint): boolean {
  if (expected[field] === actual[field]) return true;
  const isEarly = (expected.version?.producer ?? 0) <= 1;
  return field === "signatureDefHash" && isEarly && expected[field] === actual.signatureDefHashWithoutNames;
}

/** Why formulas may differ. */
function doubtAbout(producer: number, actual: number): string {
  if (producer === actual || (WHOLE.has(producer) && WHOLE.has(actual))) return "";
  if (producer === CHUNKED) return "; it was made of a model in chunks, whose hashes are others";
  if (actual === CHUNKED) return "; it was not made of a model in chunks, whose hashes are others";
  return `; how producer ${producer} makes it is not known`;
}
