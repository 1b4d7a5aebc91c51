import { ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import {
  type KerasNode,
  kerasNodes,
  type MetaGraph,
  type Signature,
  type SignatureTensor,
} from "@modelbytes/saved-model";
import type { SavedModelModel } from "../models/saved-model-model.ts";
import type { Facts } from "./facts.ts";
import { jsonOf } from "./json-text.ts";
import { objectsJson } from "./saved-model-tree.ts";
import { formatTable } from "./table.ts";
import { counted, printable, shapeText } from "./text.ts";

/** What the files beside the graphs say. What cannot be read counts as absent here, and is a problem. */
interface Companions {
  readonly fingerprint: Readonly<Record<string, unknown>> | null;
  readonly kerasVersion: string | null;
  readonly architecture: unknown;
  readonly debugInfo: boolean;
  readonly problems: readonly ModelbytesError[];
}

/** What a SavedModel says of itself. Throws a `CorruptError` where the graphs are damaged so that nothing can be said of them. */
export async function savedModelFacts(
  { savedModel, signatures, objectGraph }: SavedModelModel,
  options: WaitOptions,
): Promise<Facts> {
  const { metaGraphs, encoding, schemaVersion } = savedModel;
  const companions = await companionsOf(savedModel, options);
  const { problems, ...beside } = companions;
  const [first] = metaGraphs;
  const version = first?.tensorflowVersion;
  const graph = objectGraph();
  return {
    json: {
      encoding,
      schemaVersion: String(schemaVersion),
      metaGraphs: metaGraphs.map(metaGraphJson),
      signatures: signaturesJson(signatures),
      objectGraph: graph === undefined ? null : objectsJson(graph),
      ...beside,
    },
    headline: [
      "saved-model",
      version === undefined || version === "" ? "TensorFlow of no version" : `TensorFlow ${version}`,
      encoding === "pb" ? "" : `stored as ${encoding}`,
      companions.kerasVersion === null ? "" : `architecture of Keras ${companions.kerasVersion}`,
      companions.fingerprint === null ? "no fingerprint" : "fingerprint",
      companions.debugInfo ? "stack traces" : "",
    ].filter((fact) => fact !== ""),
    lines: metaGraphs.flatMap(metaGraphLines),
    problems,
  };
}

async function companionsOf(savedModel: SavedModelModel["savedModel"], options: WaitOptions): Promise<Companions> {
  const problems: ModelbytesError[] = [];
  const readable = async <T>(reading: Promise<T>): Promise<T | undefined> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  const fingerprint = await readable(savedModel.fingerprint(options));
  const metadata = await readable(savedModel.kerasMetadata(options));
  const debugInfo = await readable(savedModel.debugInfo(options));
  const keras = kerasOf(kerasNodes(metadata, savedModel.metaGraphs[0]?.objectGraph));
  return {
    fingerprint: fingerprint === undefined ? null : fingerprintJson(fingerprint),
    ...keras,
    debugInfo: debugInfo !== undefined,
    problems,
  };
}

type Fingerprint = NonNullable<Awaited<ReturnType<SavedModelModel["savedModel"]["fingerprint"]>>>;

/** The hashes in decimal, as TensorFlow prints them: they are beyond 2^53. */
function fingerprintJson(fingerprint: Fingerprint): Readonly<Record<string, unknown>> {
  const { savedModelChecksum, graphDefProgramHash, signatureDefHash, savedObjectGraphHash, checkpointHash } =
    fingerprint;
  return {
    savedModelChecksum: `${savedModelChecksum}`,
    graphDefProgramHash: `${graphDefProgramHash}`,
    signatureDefHash: `${signatureDefHash}`,
    savedObjectGraphHash: `${savedObjectGraphHash}`,
    checkpointHash: `${checkpointHash}`,
    uuid: fingerprint.uuid,
    producer: fingerprint.version?.producer ?? 0,
  };
}

/** What Keras 2 says of the model itself, of the root. */
function kerasOf(nodes: readonly KerasNode[]): Pick<Companions, "kerasVersion" | "architecture"> {
  const root = nodes.find(({ nodeId }) => nodeId === 0);
  const fields = new Map(Object.entries(jsonOf(root?.metadata) ?? {}));
  const version: unknown = fields.get("keras_version");
  return {
    kerasVersion: typeof version === "string" ? version : null,
    architecture: fields.get("model_config") ?? null,
  };
}

function metaGraphJson(metaGraph: MetaGraph): Readonly<Record<string, unknown>> {
  const { tags, tensorflowVersion, signatures, nodes, functions, assets, objectGraph } = metaGraph;
  return {
    tags,
    tensorflowVersion,
    signatures: signaturesJson(signatures),
    nodes: nodes.size,
    functions: functions.size,
    objects: objectGraph?.nodes.length ?? null,
    assets: assets.map(({ filename }) => filename),
  };
}

function signaturesJson(signatures: ReadonlyMap<string, Signature>): ReadonlyMap<string, unknown> {
  return new Map(
    [...signatures].map(([key, { inputs, outputs, methodName, defaults }]) => [
      key,
      {
        inputs: tensorsJson(inputs),
        outputs: tensorsJson(outputs),
        methodName,
        ...(defaults.size > 0 && { defaults: [...defaults.keys()] }),
      },
    ]),
  );
}

function tensorsJson(tensors: ReadonlyMap<string, SignatureTensor>): ReadonlyMap<string, unknown> {
  return new Map([...tensors].map(([key, { shape, ...rest }]) => [key, { ...rest, shape: shape ?? null }]));
}

/** What a MetaGraph is, and a table of what it can be asked for. */
function metaGraphLines(metaGraph: MetaGraph): string[] {
  const { tags, signatures, nodes, functions, assets, objectGraph } = metaGraph;
  const counts = [
    counted(nodes.size, "node"),
    counted(functions.size, "function"),
    objectGraph === undefined ? "no objects (TF1)" : counted(objectGraph.nodes.length, "object"),
    assets.length === 0
      ? ""
      : `${counted(assets.length, "asset")} (${assets.map(({ filename }) => printable(filename)).join(", ")})`,
  ].filter((count) => count !== "");
  const heading = `tags ${tags.map(printable).join(", ") || "none"}: ${counts.join(", ")}`;
  const callable = [...signatures].filter(([key]) => !RESERVED.has(key));
  const rows = callable.flatMap(([key, { inputs, outputs }]) => [
    ...[...inputs].map((input) => signatureRow(key, "in", input)),
    ...[...outputs].map((output) => signatureRow(key, "out", output)),
  ]);
  return rows.length === 0 ? ["", heading] : ["", heading, ...formatTable(SIGNATURE_COLUMNS, rows, undefined)];
}

/** What TensorFlow itself runs, where it loads the model. */
const RESERVED: ReadonlySet<string> = new Set(["__saved_model_init_op", "__saved_model_train_op"]);

const SIGNATURE_COLUMNS = [
  { title: "signature", align: "left" },
  { title: "", align: "left" },
  { title: "argument", align: "left" },
  { title: "dtype", align: "left" },
  { title: "shape", align: "left" },
] as const;

function signatureRow(
  key: string,
  direction: "in" | "out",
  [name, { dtype, shape }]: readonly [string, SignatureTensor],
): string[] {
  return [printable(key), direction, printable(name), dtype, shapeText(shape)];
}
