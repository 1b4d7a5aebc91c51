import type { Datatype, Shape } from "../model.ts";

/** Bytes in pieces, in order; a piece may be memory that its maker uses again once the next is asked for. */
export type Hdf5Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The bytes of a dataset as the file stores them: row-major, in the byte order of its datatype. A function is called when they are due. */
export type Hdf5Data = Uint8Array | Hdf5Pieces | (() => Uint8Array | Promise<Uint8Array> | Hdf5Pieces);

/** h5py's `file.create_group(path)`: groups missing on the way are made, too. */
export interface CreateGroup {
  readonly kind: "group";
  readonly path: string;
}

/** A new dataset. Its parents are made where they are missing. */
export interface CreateDataset {
  readonly kind: "dataset";
  readonly path: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  /**
   * `"create_dataset"` is h5py's method of this name, which names the dataset before it is written; `"assignment"` is
   * `group[name] = array`, which names it afterwards. The file differs. Default: `"create_dataset"`.
   */
  readonly by?: "create_dataset" | "assignment" | undefined;
  /** Where the data is stored: as one block of the file, or in the header of the dataset. Default: `"contiguous"`. */
  readonly layout?: "contiguous" | "compact" | undefined;
  /**
   * What is written right away. Without it nothing is, and unless a `WriteDataset` follows readers see zeros. Of strings of any
   * length a list with one piece each; of a compact dataset a `Uint8Array`: both are part of the plan.
   */
  readonly data?: Hdf5Data | undefined;
}

/** h5py's `file[path][...] = array`, for a dataset that was created without data. */
export interface WriteDataset {
  readonly kind: "write";
  readonly path: string;
  readonly data: Hdf5Data;
}

/** h5py's `file[path].attrs[name] = value`, for a name that the object does not have yet. */
export interface CreateAttribute {
  readonly kind: "attribute";
  /** The object: `""` or `"/"` is the root. */
  readonly path: string;
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  /** The bytes of the elements, or of strings of any length a list with one each. H5S_NULL has none. */
  readonly value: Uint8Array | readonly Uint8Array[];
}

/** h5py's `file.flush()`, which decides where later blocks go. */
export interface Flush {
  readonly kind: "flush";
}

/** What a program does with h5py to a new file; the order decides where everything lies. */
export type Hdf5Operation = CreateGroup | CreateDataset | WriteDataset | CreateAttribute | Flush;
