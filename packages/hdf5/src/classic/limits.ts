/**
 * What no real file comes near, so that a hostile one is refused before it costs memory or time. Where the file's own size bounds
 * a thing (bytes read, links listed), that is the limit instead.
 */

/** Dimensions of a dataspace; the format's own limit. */
export const MAX_RANK = 32;
/** Types within types; h5py's deepest are four. */
export const MAX_TYPE_DEPTH = 16;
/** Bytes of an object header, all its blocks together. */
export const MAX_HEADER_BYTES: number = 2 ** 26;
/** Blocks of an object header. */
export const MAX_HEADER_BLOCKS = 4096;
/** Bytes of the names of one group; 65,536 names of 1,000 letters. */
export const MAX_LOCAL_HEAP_BYTES: number = 2 ** 26;
/** Levels of a B-tree. */
export const MAX_TREE_DEPTH = 32;
/** Links that a path may lead through, as in libhdf5. */
export const MAX_LINK_HOPS = 16;
/** Virtual datasets that are read as sources of one. */
export const MAX_VIRTUAL_SOURCES = 4096;
/** Filters of a pipeline; the format's own limit. */
export const MAX_FILTERS = 32;
/** Bytes of one chunk that is decoded in memory. */
export const MAX_CHUNK_BYTES: number = 2 ** 30;
/** A dataset above this many bytes must not be this many times larger than its file: it would be nearly all fill values. */
export const BOMB_BYTES: number = 2 ** 26;
export const BOMB_RATIO = 1000;
/** Elements of all lists within lists that one value may have. */
export const MAX_NESTED_ELEMENTS: number = 2 ** 24;
