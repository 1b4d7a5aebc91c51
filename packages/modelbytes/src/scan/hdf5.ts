import { ModelbytesError, type Source, type WaitOptions } from "@modelbytes/bytes";
import type { Datatype, Hdf5Attribute, Hdf5Dataset, Hdf5File, Hdf5Link, Hdf5Object } from "@modelbytes/hdf5";
import type { KerasHdf5 } from "@modelbytes/keras-hdf5";
import { userBlockBytes } from "../content.ts";
import { ADVICE } from "./advice.ts";
import { scanConfigText } from "./config.ts";
import { type Finding, type FindingParts, finding } from "./finding.ts";

/** What libhdf5 does by itself, and LZF, which h5py brings: deflate, shuffle, fletcher32, szip, nbit, scaleoffset. */
const OWN_FILTERS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 32000]);
/** Keras's own limits: what claims more bytes than the first, and more than the second times what is stored, is refused. */
const MOST_BYTES: number = 2 ** 32;
const MOST_EXPANSION = 1000;

/** The dangers of a Keras file: what its objects lead to, and what its configs make Keras do. */
export async function scanKerasHdf5(
  weights: KerasHdf5,
  problems: ModelbytesError[],
  options: WaitOptions,
): Promise<Finding[]> {
  const { modelConfig, trainingConfig } = weights.metadata;
  const found: Finding[] = [];
  for (const [part, text] of [
    ["model_config", modelConfig],
    ["training_config", trainingConfig],
  ] as const) {
    if (text !== undefined) found.push(...scanConfigText(text, part, { file: "hdf5", place: { part } }));
  }
  for (const { name, file, source } of weights.parts) {
    const part = weights.parts.length > 1 ? `HDF5 ${name}` : "HDF5";
    found.push(...(await scanHdf5(file, source, part, problems, options)));
  }
  return found;
}

/** The dangers of an HDF5 file of anything: what is before it, and what its objects lead to. */
export async function scanHdf5(
  file: Hdf5File,
  source: Source,
  part: string,
  problems: ModelbytesError[],
  options: WaitOptions,
): Promise<Finding[]> {
  const found: Finding[] = [];
  try {
    const before = await userBlockBytes(source, options);
    if (before !== undefined && (await source.read(0, before, options)).some((byte) => byte !== 0)) {
      const reason = `is ${before} bytes before the file, which other programs may take for another file`;
      found.push(finding({ severity: "medium", what: "user block", reason, part, path: "" }));
    }
    const size = await source.size(options);
    for await (const object of everyObject(file, options)) {
      for (const danger of dangersOf(object, size)) found.push(finding({ part, path: object.path, ...danger }));
    }
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    problems.push(error); // the rest of the file cannot be found
  }
  return found;
}

/** The root, and every object below it once. */
async function* everyObject(file: Hdf5File, options: WaitOptions): AsyncGenerator<Hdf5Object, void, undefined> {
  yield await file.group("/", options);
  yield* file.walk(options);
}

function dangersOf(object: Hdf5Object, fileSize: number): FindingParts[] {
  const found: FindingParts[] = object.kind === "dataset" ? dangersOfDataset(object, fileSize) : [];
  if (object.kind === "group") {
    for (const [name, link] of object.links) {
      const danger = dangerOfLink(link);
      if (danger !== undefined) found.push({ ...danger, path: `${object.path}/${name}`.replace(/^\/+/, "") });
    }
  }
  for (const attribute of object.attributes.values()) {
    found.push(...dangersOfValue(`attribute ${attribute.name}`, attribute, fileSize));
  }
  return found;
}

/** The dangers of what a dataset or an attribute holds. */
function dangersOfValue(
  what: string,
  { datatype, shape }: Pick<Hdf5Attribute, "datatype" | "shape">,
  fileSize: number,
): FindingParts[] {
  const found: FindingParts[] = [];
  const bytes = shape?.reduce((product, size) => product * size, datatype.size) ?? 0; // may be beyond all numbers
  if (bytes > MOST_BYTES && bytes > MOST_EXPANSION * fileSize) {
    const reason = `claims ${bytes} bytes, in a file of ${fileSize}`;
    found.push({ severity: "high", what, reason, advice: ADVICE.size });
  }
  if (refers(datatype)) found.push({ severity: "low", what, reason: "points to objects of the file" });
  return found;
}

function dangerOfLink(link: Hdf5Link): FindingParts | undefined {
  switch (link.kind) {
    case "hard":
      return undefined;
    case "soft": {
      const reason = `leads to ${JSON.stringify(link.target)}`;
      return { severity: "medium", what: "soft link", reason, advice: ADVICE.otherFile };
    }
    case "external": {
      const reason = `leads to ${JSON.stringify(link.target)} in the file ${JSON.stringify(link.file)}`;
      return { severity: "high", what: "external link", reason, advice: ADVICE.otherFile };
    }
    case "user-defined":
      return {
        severity: "high",
        what: "user-defined link",
        reason: `of the type ${link.type} calls a program's own code`,
      };
  }
}

function dangersOfDataset(dataset: Hdf5Dataset, fileSize: number): FindingParts[] {
  const { layout, filters } = dataset;
  const found: FindingParts[] = [];
  if (layout.class === "external") {
    const reason = "is read from other files";
    found.push({ severity: "high", what: "external storage", reason, advice: ADVICE.otherFile });
  }
  if (layout.class === "virtual") {
    const reason = "is put together from other datasets, also of other files";
    found.push({ severity: "high", what: "virtual dataset", reason, advice: ADVICE.virtual });
  }
  for (const { id, name } of filters) {
    if (OWN_FILTERS.has(id)) continue;
    const reason = `${JSON.stringify(name)} needs a plugin, which is native code`;
    found.push({ severity: "medium", what: `filter ${id}`, reason });
  }
  return [...found, ...dangersOfValue("dataset", dataset, fileSize)];
}

/** Whether an element is a pointer to an object or a region, or has one in it. */
function refers(datatype: Datatype): boolean {
  if (datatype.class === "compound") return datatype.members.some(({ type }) => refers(type));
  if (datatype.class === "array" || datatype.class === "vlen") return refers(datatype.base);
  return datatype.class === "reference";
}
