import { fileSystem } from "#file-system";
import { BlobSource } from "./blob-source.ts";
import { BytesSource } from "./bytes-source.ts";
import { type HttpOptions, HttpSource } from "./http-source.ts";
import type { Source } from "./source.ts";

/** A string is a path (Node only), a `URL` is fetched by ranges, a `Blob` or bytes are read where they are. */
export type SourceLike = string | URL | Blob | ArrayBuffer | Uint8Array | Source;

export interface SourceOptions extends HttpOptions {
  /** What errors call the file, where the source has no name of its own. */
  readonly name?: string | undefined;
}

/** A `Source` of anything that holds bytes. A `Source` comes back as it is. Does no I/O. */
export function toSource(from: SourceLike, options: SourceOptions = {}): Source {
  if (typeof from === "string") return fileSystem.source(from);
  if (from instanceof URL) return from.protocol === "file:" ? fileSystem.source(from) : new HttpSource(from, options);
  if (from instanceof Blob) return new BlobSource(from, options.name);
  if (from instanceof ArrayBuffer) return new BytesSource(new Uint8Array(from), options.name);
  if (from instanceof Uint8Array) return new BytesSource(from, options.name);
  return from;
}
