import type { Datatype, Hdf5Filter, Hdf5Layout, Shape } from "../model.ts";
import { type Dataspace, decodeDataspace } from "./messages/dataspace.ts";
import { decodeDatatype } from "./messages/datatype.ts";
import { decodeExternalFiles, type ExternalFiles } from "./messages/external-files.ts";
import { decodeFillValue, decodeOldFillValue } from "./messages/fill-value.ts";
import { decodeFilterPipeline } from "./messages/filter-pipeline.ts";
import { decodeLayout, type StoredLayout } from "./messages/layout.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { bodyOf, MESSAGE, messageOf, type ObjectHeader } from "./object-header.ts";
import { AtHand, type Reading } from "./reading.ts";

/** A dataset as its header describes it. */
export interface StoredDataset {
  readonly path: string;
  readonly header: ObjectHeader;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly maxShape: Dataspace["maxShape"];
  readonly layout: StoredLayout;
  /** Where the elements are if they are in other files. */
  readonly external: ExternalFiles | undefined;
  readonly filters: readonly Hdf5Filter[];
  /** The bytes of an element that was never written; `undefined` are zeros. */
  readonly fillValue: Uint8Array | undefined;
}

/** Decodes what the header of a dataset says. */
export function* decodeDataset(file: MetadataFile, header: ObjectHeader): Reading<StoredDataset> {
  const { path } = header;
  const type = yield* body(file, header, MESSAGE.datatype);
  const space = yield* body(file, header, MESSAGE.dataspace);
  const stored = yield* body(file, header, MESSAGE.layout);
  const pipeline = yield* body(file, header, MESSAGE.filterPipeline);
  const fill = yield* body(file, header, MESSAGE.fillValue);
  const oldFill = fill === undefined ? yield* body(file, header, MESSAGE.oldFillValue) : undefined;
  const external = yield* body(file, header, MESSAGE.externalFiles);
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
    external: external === undefined ? undefined : decodeExternalFiles(external),
    filters: pipeline === undefined ? [] : decodeFilterPipeline(pipeline),
    fillValue:
      fill !== undefined ? decodeFillValue(fill, datatype.size) : oldFill && decodeOldFillValue(oldFill, datatype.size),
  };
}

function body(file: MetadataFile, header: ObjectHeader, type: number): Reading<MetadataReader | undefined> {
  const message = messageOf(header, type);
  return message === undefined ? NONE : bodyOf(file, message, header.path);
}

const NONE = new AtHand(undefined);

/** The layout as everyone sees it. */
export function describeLayout({ layout, external }: StoredDataset): Hdf5Layout {
  if (external !== undefined) return { class: "external" };
  return layout.class === "chunked" ? { class: "chunked", chunk: layout.chunk } : { class: layout.class };
}
