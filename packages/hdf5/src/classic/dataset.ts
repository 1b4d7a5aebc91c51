import type { Datatype, Hdf5Filter, Hdf5Layout, Shape } from "../model.ts";
import { type Dataspace, decodeDataspace } from "./messages/dataspace.ts";
import { decodeDatatype } from "./messages/datatype.ts";
import { decodeFillValue, decodeOldFillValue } from "./messages/fill-value.ts";
import { decodeFilterPipeline } from "./messages/filter-pipeline.ts";
import { decodeLayout, type StoredLayout } from "./messages/layout.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { bodyOf, MESSAGE, messageOf, type ObjectHeader } from "./object-header.ts";

/** A dataset as its header describes it. */
export interface StoredDataset {
  readonly path: string;
  readonly header: ObjectHeader;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly maxShape: Dataspace["maxShape"];
  readonly layout: StoredLayout;
  /** Whether the elements are in other files. */
  readonly external: boolean;
  readonly filters: readonly Hdf5Filter[];
  /** The bytes of an element that was never written; `undefined` are zeros. */
  readonly fillValue: Uint8Array | undefined;
}

/** Decodes what the header of a dataset says. */
export async function decodeDataset(file: MetadataFile, header: ObjectHeader): Promise<StoredDataset> {
  const { path } = header;
  const body = async (type: number): Promise<MetadataReader | undefined> => {
    const message = messageOf(header, type);
    return message?.shared === true ? await bodyOf(file, message, path) : message?.body.copy();
  };
  const type = await body(MESSAGE.datatype);
  const space = await body(MESSAGE.dataspace);
  const stored = await body(MESSAGE.layout);
  const pipeline = await body(MESSAGE.filterPipeline);
  const fill = await body(MESSAGE.fillValue);
  const oldFill = fill === undefined ? await body(MESSAGE.oldFillValue) : undefined;
  if (type === undefined || space === undefined || stored === undefined) {
    const missing = type === undefined ? "type" : space === undefined ? "shape" : "layout";
    throw file.corrupt("dataset", `the header of a dataset says no ${missing}`, header.address, path);
  }
  const datatype = decodeDatatype(type);
  const { shape, maxShape } = decodeDataspace(space);
  const layout = decodeLayout(stored);
  if (layout.class === "chunked") {
    if (layout.chunk.length !== shape?.length)
      throw stored.corruptPiece("layout", "chunks of another rank than the dataset");
    if (layout.elementSize !== datatype.size) throw stored.corruptPiece("layout", "chunks of elements of another size");
  }
  return {
    path,
    header,
    datatype,
    shape,
    maxShape,
    layout,
    external: messageOf(header, MESSAGE.externalFiles) !== undefined,
    filters: pipeline === undefined ? [] : decodeFilterPipeline(pipeline),
    fillValue:
      fill !== undefined ? decodeFillValue(fill, datatype.size) : oldFill && decodeOldFillValue(oldFill, datatype.size),
  };
}

/** The layout as everyone sees it. */
export function describeLayout({ layout, external }: StoredDataset): Hdf5Layout {
  if (external) return { class: "external" };
  return layout.class === "chunked" ? { class: "chunked", chunk: layout.chunk } : { class: layout.class };
}
