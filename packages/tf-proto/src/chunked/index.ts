export { type ChunkedFile, readChunkedFile } from "./chunked-file.ts";
export type { Decompress, Decompressors } from "./decompress.ts";
export { joinChunks, mergeChunks } from "./join.ts";
export { type RiegeliRecord, readRecords } from "./records.ts";
