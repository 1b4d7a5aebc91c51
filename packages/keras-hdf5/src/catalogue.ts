import { CorruptError, ModelbytesError } from "@modelbytes/bytes";
import type { KerasHdf5Contents, KerasHdf5Entry, KerasWeight, KerasWeightRole, Listed, Lists } from "./contents.ts";
import type { Form } from "./form.ts";
import { readableNames } from "./readable-names.ts";
import { describeTensor } from "./stored-tensor.ts";
import { type Survey, typed } from "./survey.ts";

/** A listed name, and whose it is. */
interface Row {
  readonly listed: Listed;
  readonly role: KerasWeightRole;
  readonly layer?: string;
}

/** Finds the dataset of every name that a file lists, and the datasets that it lists nowhere. */
export async function catalogue(survey: Survey, { kind, lists, metadata }: Form): Promise<KerasHdf5Contents> {
  const rows = [...rowsOf(lists)];
  const unlisted = unlistedKeys(survey, rows);
  for (const key of unlisted) rows.push({ listed: { name: key, key, readable: [] }, role: "unlisted" });

  const objects = await Promise.all(rows.map(({ listed }) => survey.find(listed.key)));
  const described = await Promise.all(
    objects.map(async (object) => {
      if (object === undefined || object instanceof ModelbytesError) return object;
      return object.kind === "dataset" ? await typed(describeTensor(survey.file, object, kind)) : object.kind;
    }),
  );
  const names = readableNames(rows.map(({ listed }) => listed));
  const entries = new Map<string, KerasHdf5Entry>();
  const problems: ModelbytesError[] = [];
  const unreadable = new Map<string, ModelbytesError>();
  for (const [index, { listed, role, layer }] of rows.entries()) {
    const { key } = listed;
    const stored = described[index];
    if (stored === undefined || typeof stored === "string") reportMissing(survey, listed, layer, stored);
    else if (stored instanceof ModelbytesError) unreadable.set(key, stored);
    else if (!entries.has(key)) {
      const { unmarked: isUnmarked, ...tensor } = stored;
      entries.set(key, { ...tensor, name: names.get(key) ?? key, role, ...(layer !== undefined && { layer }) });
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
    damage: survey.damage,
  };
}

const UNMARKED = "two bytes an element, and nothing says that they are bfloat16: Keras cannot read them";

function* rowsOf({ layers, topLevel, optimizer, metrics }: Lists): Generator<Row> {
  for (const { path, weights } of layers) for (const listed of weights) yield { listed, role: "layer", layer: path };
  for (const listed of topLevel) yield { listed, role: "top-level" };
  for (const listed of optimizer) yield { listed, role: "optimizer" };
  for (const listed of metrics) yield { listed, role: "metric" };
}

function unlistedKeys(survey: Survey, rows: readonly Row[]): string[] {
  const listed = new Set(rows.map(({ listed }) => listed.key));
  const datasets = [...survey.objects()].filter(({ kind }) => kind === "dataset");
  return datasets.map(({ path }) => path).filter((path) => !listed.has(path));
}

function reportMissing(
  survey: Survey,
  { name, key }: Listed,
  layer: string | undefined,
  found: string | undefined,
): void {
  const owner = layer === undefined ? "the file" : `the layer at ${JSON.stringify(layer)}`;
  const instead = found === undefined ? "there is no such dataset" : `that is a ${found}`;
  survey.corrupt("weight", `${owner} lists the weight ${JSON.stringify(name)}, but ${instead}`, key);
}
