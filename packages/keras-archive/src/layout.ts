// The files of an archive, whether they are members of a zip archive or lie in a folder.

/** The architecture, in JSON. */
export const CONFIG = "config.json";
/** The version of Keras and the date, in JSON. Keras writes it and never reads it. */
export const METADATA = "metadata.json";
/** Weights in HDF5. */
export const WEIGHTS = "model.weights.h5";
/** What weights are called in the archives of Keras 2.11, where these were an experiment. */
export const PROTOTYPE_WEIGHTS = "variables.h5";
/** Weights as pickles. */
export const PICKLED_WEIGHTS = "model.weights.npz";
/** In front of the paths of assets: files that layers keep, such as vocabularies. */
export const ASSETS = "assets/";

/** Everything but assets. */
export const FILES: readonly string[] = [METADATA, CONFIG, WEIGHTS, PROTOTYPE_WEIGHTS, PICKLED_WEIGHTS];
