import { UnsupportedError } from "@modelbytes/bytes";
import { elementCount } from "@modelbytes/tensor";
import type { Datatype, Shape } from "../model.ts";
import type { FileSpace } from "./file-space.ts";
import type { GlobalHeap } from "./global-heap.ts";
import * as message from "./message.ts";
import { ObjectHeader } from "./object-header.ts";
import type { CreateDataset, Hdf5Data } from "./operation.ts";

/** Room for messages in the header of a new dataset, next to compact data. */
const FIRST_BLOCK = 256;

/** Data of a dataset and where it lies. */
export interface PlacedData {
  readonly address: number;
  readonly size: number;
  readonly data: Hdf5Data;
}

/** A dataset of the file that is planned. */
export class DatasetNode {
  readonly header: ObjectHeader;
  readonly attributes: Set<string> = new Set();
  readonly #varies: boolean;
  readonly #compact: boolean;
  readonly #size: number;
  readonly #count: number;
  readonly #setLayout: (body: Uint8Array) => void;
  #written = false;

  /** `type` is the encoded datatype. */
  constructor(space: FileSpace, operation: CreateDataset, type: Uint8Array) {
    checkWritten(operation);
    const { datatype, shape, layout = "contiguous" } = operation;
    this.#varies = datatype.class === "vlen-string";
    this.#compact = layout === "compact";
    if (this.#compact && this.#varies) throw new RangeError("strings of any length are not stored in a header");
    this.#count = countOf(shape);
    this.#size = byteSize(datatype, shape);
    const dataspace = message.encodeDataspace(shape);
    const body = this.#compact
      ? message.compactLayout(new Uint8Array(this.#size))
      : message.contiguousLayout(undefined, this.#size);
    this.header = new ObjectHeader(space, FIRST_BLOCK + (this.#compact ? Math.ceil(this.#size / 8) * 8 : 0));
    this.header.add(message.dataspaceMessage(dataspace));
    this.header.add(message.datatypeMessage(type));
    this.header.add(message.fillValueMessage(this.#compact ? "early" : "late", this.#varies));
    this.#setLayout = this.header.add(message.layoutMessage(body));
  }

  /** Finds a place for the data; nothing where there is none, or where it is part of the header. */
  write(data: Hdf5Data, space: FileSpace, strings: GlobalHeap): PlacedData | undefined {
    if (this.#written) throw new RangeError("a dataset is written once");
    this.#written = true;
    if (this.#compact) {
      this.#setLayout(message.compactLayout(bytesOf(data, this.#size)));
      return undefined;
    }
    const elements = this.#varies ? elementsOf(data, this.#count) : [];
    if (!this.#varies && data instanceof Uint8Array) bytesOf(data, this.#size);
    if (this.#size === 0) return { address: 0, size: 0, data };
    const address = space.allocate("raw", this.#size);
    this.#setLayout(message.contiguousLayout(address, this.#size));
    return { address, size: this.#size, data: this.#varies ? strings.addAll(elements) : data };
  }
}

/** What says that a dataset is stored in chunks: names of h5py, and those of a dataset that was read. */
const CHUNKED = ["chunks", "compression", "shuffle", "fletcher32", "maxshape", "filters", "maxShape"] as const;

/** Throws an `UnsupportedError` (`"chunks-not-written"`) for what would be stored in chunks: it must not be left out in silence. */
function checkWritten(operation: CreateDataset): void {
  const { layout = "contiguous" } = operation;
  const asked = layout === "contiguous" || layout === "compact" ? CHUNKED.find((name) => name in operation) : "layout";
  if (asked === undefined) return;
  const reason = `datasets are written contiguous or compact; chunks, filters and shapes that grow (\`${asked}\`) are not written`;
  throw new UnsupportedError("chunks-not-written", reason);
}

/** Elements of a shape. */
export function countOf(shape: Shape): number {
  return shape === null ? 0 : elementCount(shape);
}

/** Bytes of all elements. Throws a `RangeError` for 2^53 of them or more. */
export function byteSize({ size }: Datatype, shape: Shape): number {
  const bytes = countOf(shape) * size;
  if (!Number.isSafeInteger(bytes)) throw new RangeError(`${bytes} bytes are too many`);
  return bytes;
}

/** `data` as bytes, which have to be at hand and of `size`. */
export function bytesOf(data: unknown, size: number): Uint8Array {
  if (!(data instanceof Uint8Array)) throw new TypeError("the bytes of the elements are wanted as a Uint8Array");
  if (data.length !== size) throw new RangeError(`${data.length} bytes, where datatype and shape take ${size}`);
  return data;
}

/** `data` as strings, which have to be at hand and `count`. */
export function elementsOf(data: unknown, count: number): readonly Uint8Array[] {
  if (!isListOfBytes(data)) throw new TypeError("strings of any length are wanted as an array of Uint8Arrays");
  if (data.length !== count) throw new RangeError(`${data.length} strings, where the shape takes ${count}`);
  return data;
}

function isListOfBytes(data: unknown): data is readonly Uint8Array[] {
  return Array.isArray(data) && data.every((element) => element instanceof Uint8Array);
}
