import { CorruptError, type Place, sortNames, UnsupportedError } from "@modelbytes/bytes";
import { encodeMessage } from "@modelbytes/tf-proto";
import { type ChunkedFile, mergeChunks } from "@modelbytes/tf-proto/chunked";
import {
  type ChunkedField,
  type ChunkedMessage,
  type FieldIndex,
  GraphDef,
  SavedModel,
  SavedObjectGraph,
  SignatureDef,
} from "@modelbytes/tf-proto/messages";
import { type ComputedFingerprint, hashIndex, hashText } from "./fingerprint.ts";
import { fingerprint64, joinFingerprints } from "./fingerprint64.ts";

/**
 * The fingerprint of a SavedModel in chunks has formulas of its own, for which no more than the larger chunks are put together:
 *
 *     1 saved_model_checksum       all chunks but that of the root, then H("")
 *     2 graph_def_program_hash     H(D(graph_def)), then the chunks of graph_def
 *     3 signature_def_hash         for each signature, by name: H(name) joined with H(D(signature)), then the chunks of signature_def
 *     4 saved_object_graph_hash    H(D(object_graph_def)), then the chunks of object_graph_def
 *     5 checkpoint_hash            as ever
 *
 * The chunks of a field are those whose path begins with its own; they are hashed in the order of the metadata, and joined from 0 on.
 * What is in chunks inside the three fields is missing in their D.
 *
 * Source: tensorflow/cc/saved_model/fingerprinting_utils.cc.
 */

type Path = readonly FieldIndex[];

const GRAPH: Path = [{ field: 2 }, { index: 0n }, { field: 2 }];
const SIGNATURES: Path = [{ field: 2 }, { index: 0n }, { field: 5 }];
const OBJECTS: Path = [{ field: 2 }, { index: 0n }, { field: 7 }];

const PRODUCER = 2;

/** Chunks in chunks in chunks. With more, a small file would have to be merged for ever. */
const MOST_TIMES = 27;

const NO_CHUNKS: ChunkedMessage = { chunkedFields: [] };
const IN_ORDER = { mapOrder: "c++" } as const;

/**
 * The fingerprint of a SavedModel in chunks, from `saved_model.cpb` and, if there is one, the bytes of `variables/variables.index`. It
 * depends on how the model was cut.
 *
 * Throws what `mergeChunks` throws, a `CorruptError` for a model without a MetaGraph, and an `UnsupportedError` for one that is cut
 * where TensorFlow does not cut, and then fails to make a fingerprint.
 */
export function computeChunkedFingerprint(
  file: ChunkedFile,
  index?: Uint8Array,
  place: Place = {},
): ComputedFingerprint {
  const { metadata, chunks } = file;
  const { message = NO_CHUNKS } = metadata;
  const larger = { chunks, metadata: { ...metadata, message: largerChunks(message, place) } };
  const [metaGraph] = mergeChunks(SavedModel, larger, place).metaGraphs;
  if (metaGraph === undefined) throw new CorruptError("no-meta-graph", "the SavedModel has no MetaGraph", place);
  const { graphDef = {}, signatureDef, objectGraphDef = {} } = metaGraph;
  const chunksOf = (path: Path) => hashChunks(chunks, message, path, place);
  const signatureChunks = chunksOf(SIGNATURES);
  let signatureDefHash = 0n;
  for (const name of sortNames(signatureDef.keys())) {
    const signature = encodeMessage(SignatureDef, signatureDef.get(name) ?? {}, IN_ORDER);
    signatureDefHash = joinFingerprints(signatureDefHash, joinFingerprints(hashText(name), fingerprint64(signature)));
    signatureDefHash = joinFingerprints(signatureDefHash, signatureChunks);
  }
  const graph = fingerprint64(encodeMessage(GraphDef, graphDef, IN_ORDER));
  const objects = fingerprint64(encodeMessage(SavedObjectGraph, objectGraphDef, IN_ORDER));
  return {
    savedModelChecksum: joinFingerprints(chunksOf([]), hashText("")),
    graphDefProgramHash: joinFingerprints(graph, chunksOf(GRAPH)),
    signatureDefHash,
    savedObjectGraphHash: joinFingerprints(objects, chunksOf(OBJECTS)),
    checkpointHash: hashIndex(index),
    producer: PRODUCER,
  };
}

/**
 * The chunks that hold one of the three fields, or a message around some of them: as often as they hold one, which is how often
 * TensorFlow merges them. It takes the paths inside a chunk for paths from the root, and so happens to find even more there.
 */
function largerChunks(message: ChunkedMessage, place: Place, times = 1): ChunkedMessage {
  if (times > MOST_TIMES) throw unhashable(`a chunk is merged ${times} times`, place);
  const larger = message.chunkedFields.flatMap(({ fieldTag, message: inner = NO_CHUNKS }): ChunkedField[] => {
    const held = [GRAPH, SIGNATURES, OBJECTS].filter((path) => commonSteps(fieldTag, path) === fieldTag.length);
    return held.map(() => ({ fieldTag, message: largerChunks(inner, place, times * held.length) }));
  });
  return { ...message, chunkedFields: larger };
}

function unhashable(what: string, place: Place): UnsupportedError {
  return new UnsupportedError(
    "chunk-path",
    `${what}, so the model was not cut as TensorFlow does it, and its fingerprint is not made`,
    place,
  );
}

/** The hash of the chunks whose path begins with `path`, and of those inside larger ones. */
function hashChunks(
  chunks: readonly Uint8Array[],
  { chunkedFields }: ChunkedMessage,
  path: Path,
  place: Place,
): bigint {
  let hash = 0n;
  for (const { fieldTag, message = NO_CHUNKS } of chunkedFields) {
    const common = commonSteps(fieldTag, path);
    const isOf = common === path.length;
    if (!isOf && common < fieldTag.length) continue;
    const chunk = message.chunkIndex === undefined ? undefined : chunks[Number(message.chunkIndex)];
    if (isOf && chunk !== undefined) {
      hash = joinFingerprints(hash, fingerprint64(chunk));
    } else if (isOf || chunk !== undefined) {
      if (!isOf && common > 0) throw unhashable("a chunk is a whole MetaGraph", place);
      hash = joinFingerprints(hash, hashChunks(chunks, message, path, place));
    } else {
      for (const { message: inner = NO_CHUNKS } of message.chunkedFields) {
        hash = joinFingerprints(hash, hashChunks(chunks, inner, path, place));
      }
    }
  }
  return hash;
}

/** How many steps two paths have in common from the beginning on. */
function commonSteps(a: Path, b: Path): number {
  let common = 0;
  for (const [at, step] of a.entries()) {
    const other = b[at];
    if (other === undefined || step.field !== other.field || step.index !== other.index) break;
    common++;
  }
  return common;
}
