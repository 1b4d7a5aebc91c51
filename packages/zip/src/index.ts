export { crc32 } from "./crc32.ts";
export { toZipDate } from "./date.ts";
export type { ZipMember } from "./member.ts";
export type { MemberData, Replayable } from "./member-data.ts";
export { type OpenZipOptions, openZip } from "./open.ts";
export { type WriteZipOptions, writeZip, type ZipMemberToWrite } from "./write.ts";
export { ZipArchive } from "./zip-archive.ts";
