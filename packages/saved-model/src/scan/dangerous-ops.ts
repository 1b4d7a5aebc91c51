import type { AttrValue } from "@modelbytes/tf-proto/messages";

/**
 * The ops of TensorFlow 2.21 that reach out of the graph: to Python, files, the network, the process. A graph that is run with
 * foreign weights is a program; these are the parts of it that can do more than arithmetic.
 */

/** How bad it is, the worst first. */
export type Severity = "critical" | "high" | "medium" | "low";

/** What an op can do. */
export interface DangerousOp {
  readonly severity: Severity;
  /** As the rest of a sentence: "calls a Python function". */
  readonly reason: string;
  /** The op does it only if this attribute says anything else. */
  readonly unless?: { readonly attribute: string; readonly harmless: RegExp };
  /** The op does it only if this input is anything but an empty constant. */
  readonly input?: number;
  /** What every model has for its variables: fine where only saving and restoring call it. */
  readonly saves?: true;
}

const EMPTY = /^$/;

const GROUPS: readonly (readonly [DangerousOp, ...string[]])[] = [
  [{ severity: "critical", reason: "calls a Python function" }, "PyFunc", "PyFuncStateless", "EagerPyFunc"],
  [
    { severity: "high", reason: "writes a file wherever the graph says" },
    "WriteFile",
    "DumpTensor",
    "CalibrationStatisticsSaver",
    "DatasetToTFRecord",
    "ExperimentalDatasetToTFRecord",
    "SaveDataset",
    "SaveDatasetV2",
    "SnapshotDataset",
    "SnapshotDatasetV2",
  ],
  [
    { severity: "high", reason: "writes event files or a database wherever the graph says" },
    "CreateSummaryFileWriter",
    "CreateSummaryDbWriter",
  ],
  [
    { severity: "high", reason: "writes checkpoints", saves: true },
    "Save",
    "SaveSlices",
    "SaveV2",
    "MergeV2Checkpoints",
  ],
  [{ severity: "high", reason: "keeps its elements in a file", input: 1 }, "CacheDataset", "CacheDatasetV2"],
  [
    {
      severity: "high",
      reason: "sends what it sees to a file or an address",
      unless: { attribute: "debug_urls", harmless: EMPTY },
    },
    "DebugIdentity",
    "DebugIdentityV2",
    "DebugIdentityV3",
    "DebugNanCount",
    "DebugNumericSummary",
  ],
  [
    { severity: "high", reason: "talks to another machine" },
    "RpcServer",
    "RpcClient",
    "RpcCall",
    "DataServiceDataset",
    "DataServiceDatasetV2",
    "DataServiceDatasetV3",
    "DataServiceDatasetV4",
    "RegisterDataset",
    "RegisterDatasetV2",
    "DistributedSave",
  ],
  [{ severity: "high", reason: "opens a database" }, "SqlDataset", "ExperimentalSqlDataset"],
  [{ severity: "high", reason: "changes how files are reached" }, "FileSystemSetConfiguration"],
  [{ severity: "high", reason: "calls native code by name" }, "XlaCustomCall", "XlaCustomCallV2"],
  [
    { severity: "high", reason: "writes a file", unless: { attribute: "output_stream", harmless: /^(?!file:)/ } },
    "PrintV2",
  ],
  [{ severity: "medium", reason: "ends the process" }, "Abort"],
  [
    { severity: "medium", reason: "reads checkpoints", saves: true },
    "Restore",
    "RestoreSlice",
    "RestoreV2",
    "DTensorRestoreV2",
  ],
  [
    { severity: "medium", reason: "reads files wherever the graph says" },
    "ReadFile",
    "LoadAndRemapMatrix",
    "GenerateVocabRemapping",
    "LoadDataset",
    "ListSnapshotChunksDataset",
    "SnapshotChunkDataset",
    "SnapshotDatasetReader",
    "RecordInput",
    "Skipgram",
    "WholeFileReader",
    "WholeFileReaderV2",
    "TextLineReader",
    "TextLineReaderV2",
    "FixedLengthRecordReader",
    "FixedLengthRecordReaderV2",
    "TFRecordReader",
    "TFRecordReaderV2",
    "LMDBReader",
    "TextLineDataset",
    "TFRecordDataset",
    "TFRecordDatasetV2",
    "FixedLengthRecordDataset",
    "FixedLengthRecordDatasetV2",
    "CSVDataset",
    "CSVDatasetV2",
    "ExperimentalCSVDataset",
    "LMDBDataset",
    "ExperimentalLMDBDataset",
  ],
  [
    { severity: "medium", reason: "lists files" },
    "MatchingFiles",
    "MatchingFilesDataset",
    "ExperimentalMatchingFilesDataset",
  ],
  [
    {
      severity: "medium",
      reason: "maps a file into memory",
      unless: { attribute: "memory_region_name", harmless: EMPTY },
    },
    "ImmutableConst",
  ],
  [
    { severity: "medium", reason: "reads a vocabulary", unless: { attribute: "vocab_file", harmless: EMPTY } },
    "FixedUnigramCandidateSampler",
  ],
  [
    {
      severity: "medium",
      reason: "reads descriptors",
      unless: { attribute: "descriptor_source", harmless: /^(?:local:\/\/|bytes:\/\/|$)/ },
    },
    "DecodeProtoV2",
    "EncodeProto",
  ],
  [
    { severity: "low", reason: "reads a text file, which should be an asset" },
    "InitializeTableFromTextFile",
    "InitializeTableFromTextFileV2",
  ],
  [{ severity: "low", reason: "prints" }, "Print", "PrintV2"],
];

/** What each op can do; of several things the worst first. */
export const DANGEROUS_OPS: ReadonlyMap<string, readonly DangerousOp[]> = byOp();

function byOp(): Map<string, DangerousOp[]> {
  const found = new Map<string, DangerousOp[]>();
  for (const [danger, ...ops] of GROUPS) for (const op of ops) found.set(op, [...(found.get(op) ?? []), danger]);
  return found;
}

/** Whether an attribute, or one of the strings in it, is anything but harmless. */
export function saysMore(value: AttrValue | undefined, harmless: RegExp): boolean {
  const strings = [value?.s, ...(value?.list?.s ?? [])].filter((each) => each !== undefined);
  return strings.some((bytes) => !harmless.test(new TextDecoder().decode(bytes)));
}
