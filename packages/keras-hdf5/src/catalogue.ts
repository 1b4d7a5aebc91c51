import { CorruptError, ModelbytesError } from "@modelbytes/bytes";
import type {
  KerasHdf5Contents,
  KerasHdf5Entry,
  KerasHdf5Kind,
  KerasWeight,
  KerasWeightRole,
  Listed,
  Lists,
} from "./contents.ts";
import type { Form } from "./form.ts";
import { readableNames } from "./readable-names.ts";
import { describeTensor, readMark, type StoredTensor } from "./stored-tensor.ts";
import type { Survey } from "./survey.ts";
import { typed } from "./typed.ts";

/** Whose a tensor is. */
interface Owner {
  readonly role: KerasWeightRole;
  readonly layer?: string;
}

/** A listed name, and whose it is. */
type Row = readonly [listed: Listed, owner: Owner];

/** Finds the dataset of every name that a file lists, and the datasets that it lists nowhere. */
export async function catalogue(survey: Survey, { kind, lists, metadata }: Form): Promise<KerasHdf5Contents> {
  const rows = [...rowsOf(lists)];
  const unlisted = unlistedKeys(survey, rows);
  for (const key of unlisted) rows.push([{ name: key, key, readable: [] }, { role: "unlisted" }]);

  const described = await Promise.all(rows.map(([{ key }]) => typed(describe(survey, key, kind))));
  const names = readableNames(rows.map(([listed]) => listed));
  const entries = new Map<string, KerasHdf5Entry>();
  const problems: ModelbytesError[] = [];
  const unreadable = new Map<string, ModelbytesError>();
  for (const [index, [listed, owner]] of rows.entries()) {
    const { key } = listed;
    const stored = described[index];
    if (stored === undefined || typeof stored === "string") reportMissing(survey, listed, owner, stored);
    else if (stored instanceof ModelbytesError) unreadable.set(key, stored);
    else if (!entries.has(key)) {
      const { dtype, shape, byteLength, unmarked: isUnmarked } = stored;
      entries.set(key, { dtype, shape, byteLength, name: names.get(key) ?? key, ...owner });
      if (isUnmarked) problems.push(new CorruptError("unmarked", UNMARKED, { file: survey.file.name, tensor: key }));
    }
  }
  const weightsOf = (list: readonly Listed[]): KerasWeight[] =>
    list.flatMap(({ name, key }) => {
      const entry = entries.get(key);
      return entry === undefined ? [] : [{ name, key, dtype: entry.dtype, shape: entry.shape }];
    });
  return {
    kind,
    metadata,
    entries,
    layers: lists.layers.map(({ name, path, weights }) => ({ name, path, weights: weightsOf(weights) })),
    topLevelWeights: weightsOf(lists.topLevel),
    optimizerWeights: weightsOf(lists.optimizer),
    metricWeights: weightsOf(lists.metrics),
    unlisted,
    problems,
    unreadable,
    damage: [...new Set([...survey.damage, ...survey.broken()])],
  };
}

/** The tensor that a path leads to; what else it leads to, if anything. Rejects where that is no tensor. */
async function describe(
  survey: Survey,
  key: string,
  kind: KerasHdf5Kind,
): Promise<StoredTensor | ModelbytesError | "group" | "datatype" | undefined> {
  const object = survey.known(key) ?? (await survey.find(key));
  if (object === undefined || object instanceof ModelbytesError) return object;
  if (object.kind !== "dataset") return object.kind;
  const mark = object.datatype.class === "opaque" ? await readMark(survey.file, object) : undefined;
  return describeTensor(survey.file, object, kind, mark);
}

const UNMARKED = "two bytes an element, and nothing says that they are bfloat16: Keras cannot read them";

function* rowsOf({ layers, topLevel, optimizer, metrics }: Lists): Generator<Row> {
  for (const { path, weights } of layers) for (const listed of weights) yield [listed, { role: "layer", layer: path }];
  for (const listed of topLevel) yield [listed, { role: "top-level" }];
  for (const listed of optimizer) yield [listed, { role: "optimizer" }];
  for (const listed of metrics) yield [listed, { role: "metric" }];
}

function unlistedKeys(survey: Survey, rows: readonly Row[]): string[] {
  const listed = new Set(rows.map(([{ key }]) => key));
  const keys: string[] = [];
  for (const { kind, path } of survey.objects()) if (kind === "dataset" && !listed.has(path)) keys.push(path);
  return keys;
}

function reportMissing(survey: Survey, { name, key }: Listed, { layer }: Owner, found: string | undefined): void {
  const owner = layer === undefined ? "the file" : `the layer at ${JSON.stringify(layer)}`;
  const instead = found === undefined ? "there is no such dataset" : `that is a ${found}`;
  survey.corrupt("weight", `${owner} lists the weight ${JSON.stringify(name)}, but ${instead}`, key);
}
