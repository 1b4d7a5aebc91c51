import type { Hdf5Attribute, Hdf5Link, Hdf5Object } from "../model.ts";
import { readAttributes } from "./attributes.ts";
import { decodeDataset, describeLayout } from "./dataset.ts";
import { isGroup, readLinks } from "./group.ts";
import { decodeDatatype } from "./messages/datatype.ts";
import type { StoredLink } from "./messages/link.ts";
import type { MetadataFile } from "./metadata-file.ts";
import { bodyOf, MESSAGE, messageOf, type ObjectHeader } from "./object-header.ts";
import type { Reading } from "./reading.ts";

/** What a header is, with the hard links of a group. */
export interface Described {
  readonly object: Hdf5Object;
  readonly children: readonly HardLink[];
}

type HardLink = Extract<StoredLink, { kind: "hard" }>;

/** Decodes all that describes an object. */
export function* describe(file: MetadataFile, header: ObjectHeader): Reading<Described> {
  const { path } = header;
  const entries = yield* readAttributes(file, header);
  const attributes =
    entries.length === 0 ? NO_ATTRIBUTES : new Map(entries.map((entry) => [entry.name, withoutData(entry)]));
  if (isGroup(header)) {
    const stored = yield* readLinks(file, header);
    const links = new Map<string, Hdf5Link>();
    const children: HardLink[] = [];
    for (const link of stored) {
      links.set(link.name, describeLink(link));
      if (link.kind === "hard") children.push(link);
    }
    return { object: { kind: "group", path, attributes, links, creationOrder: creationOrder(stored) }, children };
  }
  const type = messageOf(header, MESSAGE.datatype);
  if (
    type !== undefined &&
    messageOf(header, MESSAGE.layout) === undefined &&
    messageOf(header, MESSAGE.dataspace) === undefined
  ) {
    const datatype = decodeDatatype(yield* bodyOf(file, type, path));
    return { object: { kind: "datatype", path, attributes, datatype }, children: NO_CHILDREN };
  }
  const dataset = yield* decodeDataset(file, header);
  const { datatype, shape, maxShape, filters } = dataset;
  const layout = describeLayout(dataset);
  return {
    object: { kind: "dataset", path, attributes, datatype, shape, maxShape, layout, filters },
    children: NO_CHILDREN,
  };
}

function creationOrder(links: readonly StoredLink[]): readonly string[] | undefined {
  if (links.some(({ order }) => order === undefined)) return undefined;
  return links.toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0)).map(({ name }) => name);
}

const NO_CHILDREN: Described["children"] = [];
/** Most datasets have none. */
const NO_ATTRIBUTES: ReadonlyMap<string, Hdf5Attribute> = new Map();

function withoutData({ name, datatype, shape }: Hdf5Attribute): Hdf5Attribute {
  return { name, datatype, shape };
}

const HARD: Hdf5Link = { kind: "hard" };

function describeLink(link: StoredLink): Hdf5Link {
  switch (link.kind) {
    case "hard":
      return HARD;
    case "soft":
      return { kind: "soft", target: link.target };
    case "external":
      return { kind: "external", file: link.file, target: link.target };
    case "user-defined":
      return { kind: "user-defined", type: link.type };
  }
}
