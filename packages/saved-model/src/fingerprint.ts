import { CorruptError, type Place, sortNames, UnsupportedError } from "@modelbytes/bytes";
import { decodeMessage, encodeMessage, type Init } from "@modelbytes/tf-proto";
import {
  FingerprintDef,
  GraphDef,
  SavedConcreteFunction,
  SavedModel,
  type SavedObjectGraph,
  SignatureDef,
} from "@modelbytes/tf-proto/messages";
import { fingerprint64, joinFingerprints } from "./fingerprint64.ts";
import { functionUid, withoutUid } from "./function-uid.ts";
import { programOf } from "./program.ts";

/**
 * The hashes of a SavedModel in `fingerprint.pb`. H is Fingerprint64 and D(message) its bytes with the entries of maps ascending; of
 * a list the hashes are joined one after another, beginning with 0.
 *
 *     1 saved_model_checksum       H(D(the whole message))
 *     2 graph_def_program_hash     H(D(graph_def without what differs between processes and machines: see program.ts))
 *     3 signature_def_hash         for each signature, by name:          H(name), H(D(signature))
 *     4 saved_object_graph_hash    for each concrete function, by uid:   H(name without the uid), H(D(function))
 *     5 checkpoint_hash            H(variables.index), 0 without one
 *     6 version                    1 producer: 4 in TensorFlow 2.21, 1 in 2.12 and 2.15, 2 for models in chunks
 *     7 uuid                       a random number, in decimal
 *
 * All but the first look at the first MetaGraph only. Loaders of TensorFlow compare none of them.
 *
 * Source: tensorflow/cc/saved_model/fingerprinting.cc.
 */
export interface Fingerprint {
  readonly savedModelChecksum: bigint;
  readonly graphDefProgramHash: bigint;
  readonly signatureDefHash: bigint;
  readonly savedObjectGraphHash: bigint;
  readonly checkpointHash: bigint;
}

/** A fingerprint that was computed, and by which formulas. */
export interface ComputedFingerprint extends Fingerprint {
  /** 4, or 2 for a model in chunks. */
  readonly producer: number;
  /** What TensorFlow up to 2.12 has for `signatureDefHash`, where names did not count yet. Models in chunks came later. */
  readonly signatureDefHashWithoutNames?: bigint;
}

/** The formulas of TensorFlow 2.21. */
const PRODUCER = 4;

const IN_ORDER = { mapOrder: "c++" } as const;

/**
 * The fingerprint of a SavedModel, from the bytes of `saved_model.pb` and, if there is one, `variables/variables.index`.
 *
 * Throws a `CorruptError` for bytes that are no SavedModel or one without a MetaGraph, and an `UnsupportedError` where TensorFlow makes
 * no fingerprint either: for a concrete function whose name ends in no number. Of two functions with the same number TensorFlow hashes
 * one, whichever its hash table gives; here it is the first in the file.
 */
export function computeFingerprint(savedModel: Uint8Array, index?: Uint8Array, place: Place = {}): ComputedFingerprint {
  const message = decodeMessage(SavedModel, savedModel, place);
  const [metaGraph] = message.metaGraphs;
  if (metaGraph === undefined) throw new CorruptError("no-meta-graph", "the SavedModel has no MetaGraph", place);
  const { graphDef = GraphDef.create(), signatureDef, objectGraphDef } = metaGraph;
  return {
    savedModelChecksum: fingerprint64(encodeMessage(SavedModel, message, IN_ORDER)),
    graphDefProgramHash: fingerprint64(encodeMessage(GraphDef, programOf(graphDef), IN_ORDER)),
    signatureDefHash: hashSignatures(signatureDef, true),
    savedObjectGraphHash: objectGraphDef === undefined ? 0n : hashFunctions(objectGraphDef, place),
    checkpointHash: hashIndex(index),
    producer: PRODUCER,
    signatureDefHashWithoutNames: hashSignatures(signatureDef, false),
  };
}

function hashSignatures(signatures: ReadonlyMap<string, SignatureDef>, withNames: boolean): bigint {
  let hash = 0n;
  for (const name of sortNames(signatures.keys())) {
    if (withNames) hash = joinFingerprints(hash, hashText(name));
    const signature = encodeMessage(SignatureDef, signatures.get(name) ?? {}, IN_ORDER);
    hash = joinFingerprints(hash, fingerprint64(signature));
  }
  return hash;
}

function hashFunctions({ concreteFunctions }: SavedObjectGraph, place: Place): bigint {
  const byUid = new Map<bigint, readonly [name: string, concrete: SavedConcreteFunction]>();
  for (const [name, concrete] of concreteFunctions) {
    const uid = functionUid(name);
    if (uid === undefined) {
      const reason = `the function ${JSON.stringify(name)} does not end in a number, and TensorFlow makes no fingerprint then`;
      throw new UnsupportedError("function-name", reason, place);
    }
    if (!byUid.has(uid)) byUid.set(uid, [name, concrete]);
  }
  let hash = 0n;
  for (const [, [name, concrete]] of [...byUid].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash = joinFingerprints(hash, hashText(withoutUid(name)));
    hash = joinFingerprints(hash, fingerprint64(encodeMessage(SavedConcreteFunction, concrete, IN_ORDER)));
  }
  return hash;
}

/** The hash of a checkpoint's index; of none it is 0. */
export function hashIndex(index: Uint8Array | undefined): bigint {
  return index === undefined ? 0n : fingerprint64(index);
}

/** The hash of a text's UTF-8. */
export function hashText(text: string): bigint {
  return fingerprint64(new TextEncoder().encode(text));
}

/** Reads `fingerprint.pb`. Throws a `CorruptError` for bytes that are no such message. */
export function decodeFingerprint(bytes: Uint8Array, place: Place = {}): FingerprintDef {
  return decodeMessage(FingerprintDef, bytes, place);
}

/**
 * The bytes of `fingerprint.pb` for a fingerprint. TensorFlow adds a random `uuid`, a decimal number below 2^128 of 20 digits at least;
 * without one the field is left out, which all readers take.
 */
export function encodeFingerprint(fingerprint: ComputedFingerprint, uuid = ""): Uint8Array<ArrayBuffer> {
  const { savedModelChecksum, graphDefProgramHash, signatureDefHash, savedObjectGraphHash, checkpointHash } =
    fingerprint;
  const hashes: Init<FingerprintDef> = {
    savedModelChecksum,
    graphDefProgramHash,
    signatureDefHash,
    savedObjectGraphHash,
    checkpointHash,
  };
  return encodeMessage(FingerprintDef, { ...hashes, version: { producer: fingerprint.producer }, uuid });
}

/** What TensorFlow identifies a model by: the hashes but the first, in decimal, with slashes between them. */
export function singleprint(fingerprint: Fingerprint): string {
  const { graphDefProgramHash, signatureDefHash, savedObjectGraphHash, checkpointHash } = fingerprint;
  return [graphDefProgramHash, signatureDefHash, savedObjectGraphHash, checkpointHash].join("/");
}
