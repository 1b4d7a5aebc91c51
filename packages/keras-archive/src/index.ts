export { type KerasArchiveContents, type KerasArchiveFile, toKerasArchive } from "./contents.ts";
export { KerasArchive, type VerifyKerasArchiveOptions } from "./keras-archive.ts";
export type { KerasArchiveMetadata } from "./metadata.ts";
export { type OpenKerasArchiveOptions, openKerasArchive } from "./open.ts";
export { type WriteKerasArchiveOptions, writeKerasArchive } from "./write.ts";
