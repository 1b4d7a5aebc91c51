import type { Hdf5Attribute, Hdf5Link, Hdf5Object } from "../model.ts";
import { readAttributes } from "./attributes.ts";
import { decodeDataset, describeLayout } from "./dataset.ts";
import { isGroup, readLinks } from "./group.ts";
import { decodeDatatype } from "./messages/datatype.ts";
import type { StoredLink } from "./messages/link.ts";
import type { MetadataFile } from "./metadata-file.ts";
import { bodyOf, MESSAGE, messageOf, type ObjectHeader } from "./object-header.ts";

/** What a header is, with the addresses that the hard links of a group have. */
export interface Described {
  readonly object: Hdf5Object;
  readonly children: readonly (readonly [name: string, address: number])[];
}

/** Decodes all that describes an object. */
export async function describe(file: MetadataFile, header: ObjectHeader): Promise<Described> {
  const { path } = header;
  const attributes = new Map((await readAttributes(file, header)).map((entry) => [entry.name, withoutData(entry)]));
  if (isGroup(header)) {
    const stored = await readLinks(file, header);
    const links = new Map(stored.map((link) => [link.name, describeLink(link)]));
    const children = stored.flatMap((link) => (link.kind === "hard" ? [[link.name, link.address] as const] : []));
    return { object: { kind: "group", path, attributes, links }, children };
  }
  const type = messageOf(header, MESSAGE.datatype);
  if (
    type !== undefined &&
    messageOf(header, MESSAGE.layout) === undefined &&
    messageOf(header, MESSAGE.dataspace) === undefined
  ) {
    const datatype = decodeDatatype(await bodyOf(file, type, path));
    return { object: { kind: "datatype", path, attributes, datatype }, children: [] };
  }
  const dataset = await decodeDataset(file, header);
  const { datatype, shape, maxShape, filters } = dataset;
  const layout = describeLayout(dataset);
  return { object: { kind: "dataset", path, attributes, datatype, shape, maxShape, layout, filters }, children: [] };
}

function withoutData({ name, datatype, shape }: Hdf5Attribute): Hdf5Attribute {
  return { name, datatype, shape };
}

function describeLink(link: StoredLink): Hdf5Link {
  switch (link.kind) {
    case "hard":
      return { kind: "hard" };
    case "soft":
      return { kind: "soft", target: link.target };
    case "external":
      return { kind: "external", file: link.file, target: link.target };
    case "user-defined":
      return { kind: "user-defined", type: link.type };
  }
}
