export { describeDType, keepsDType, type StoredElement } from "./descr.ts";
export {
  encodeNpyHeader,
  isNpy,
  MOST_HEADER_CHARACTERS,
  type NpyHeader,
  type ReadNpyOptions,
} from "./header.ts";
export { type DecodeNpyOptions, decodeNpy, type EncodedNpy, encodeFixedHead, encodeNpy } from "./npy.ts";
export { type NumpyEntry, NumpyFile } from "./numpy-file.ts";
export { type OpenNumpyOptions, openNpy, openNpz } from "./open.ts";
export type { VerifyOptions } from "./verify.ts";
export { type WritableArray, type WritableArrays, type WriteNpzOptions, writeNpz } from "./writer.ts";
