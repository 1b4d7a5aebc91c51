import type { WaitOptions } from "@modelbytes/bytes";
import type { Selection } from "@modelbytes/tensor";
import type { Hdf5Dataset, Hdf5Group, Hdf5Object } from "./model.ts";
import type { Hdf5Value } from "./value.ts";

/** How a dataset is read. */
export interface Hdf5ReadOptions extends WaitOptions {
  /** Reads only this part, and only its bytes; of filtered datasets, the chunks that it is in. */
  readonly select?: Selection | undefined;
  /**
   * Memory of at least as many bytes as the elements take, in which the result may lie. It is then only to be looked at, and good
   * until `scratch` is used again.
   */
  readonly scratch?: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * An open HDF5 file, whatever reads it. A path is names with "/" between them from the root on: `""` and `"/"` are the root group;
 * a `"/"` in front, at the end or twice changes nothing. Soft links are followed, and external ones where
 * `external` allows it.
 *
 * Every method rejects with a `NotFoundError` (`"no-object"`, `"no-attribute"`) for what is not there, with a `CorruptError` for
 * what is damaged, and with an `UnsupportedError` for what HDF5 allows and the engine cannot. Errors name the path as `tensor`.
 */
export interface Hdf5File extends AsyncDisposable {
  /** The file's name as its source gives it. */
  readonly name: string;
  /** What reads it: our own code, which reads ranges, or libhdf5 in WebAssembly, which takes the file whole. */
  readonly engine: "classic" | "h5wasm";
  /** What the path leads to. */
  object(path: string, options?: WaitOptions): Promise<Hdf5Object>;
  /** The group at a path. Rejects with a `TypeError` if the path leads to something else. */
  group(path: string, options?: WaitOptions): Promise<Hdf5Group>;
  /** The dataset at a path, without its values. Rejects with a `TypeError` if the path leads to something else. */
  dataset(path: string, options?: WaitOptions): Promise<Hdf5Dataset>;
  /** The value of one attribute of the object at a path. */
  attribute(path: string, name: string, options?: WaitOptions): Promise<Hdf5Value>;
  /** The values of all attributes of the object at a path, in the order in which h5py gives them. */
  attributes(path: string, options?: WaitOptions): Promise<Map<string, Hdf5Value>>;
  /** The values of the dataset at a path, or of a part of it. */
  read(path: string, options?: Hdf5ReadOptions): Promise<Hdf5Value>;
  /**
   * Every object below the root once, each before those in it, by name: the order of h5py's `visititems`. Only hard links are
   * followed.
   */
  walk(options?: WaitOptions): AsyncIterable<Hdf5Object>;
  /** Lets go of the file. */
  close(): Promise<void>;
}
