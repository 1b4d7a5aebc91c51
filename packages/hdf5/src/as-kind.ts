import type { Hdf5Dataset, Hdf5Group, Hdf5Object } from "./model.ts";

/** The object as the group that it is. Throws a `TypeError` if it is something else. */
export function asGroup(object: Hdf5Object): Hdf5Group {
  if (object.kind === "group") return object;
  throw new TypeError(`${JSON.stringify(object.path)} is a ${object.kind}, not a group`);
}

/** The object as the dataset that it is. Throws a `TypeError` if it is something else. */
export function asDataset(object: Hdf5Object): Hdf5Dataset {
  if (object.kind === "dataset") return object;
  throw new TypeError(`${JSON.stringify(object.path)} is a ${object.kind}, not a dataset`);
}
