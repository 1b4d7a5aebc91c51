import { fileSystem } from "#file-system";
import { BlobSource } from "./blob-source.ts";
import { BytesSource } from "./bytes-source.ts";
import { type HttpOptions, HttpSource } from "./http-source.ts";
import type { Source } from "./source.ts";

/** A string is a path (Node only), a `URL` is fetched by ranges, a `Blob` or bytes are read where they are. */
export type SourceLike = string | URL | Blob | ArrayBuffer | Uint8Array | Source;

/** Options of `toSource`. */
export interface SourceOptions extends HttpOptions {
  /** What errors call bytes and Blobs, which have no path. */
  readonly name?: string | undefined;
}

/**
 * A `Source` of anything that holds bytes. A `Source` comes back as it is. Does no I/O.
 *
 * Throws an `UnsupportedError` for a path in a browser (`"no-file-system"`) and for a URL that is neither `file:` nor `http(s):`
 * (`"url-scheme"`), and a `TypeError` for what holds no bytes.
 */
export function toSource(from: SourceLike, options: SourceOptions = {}): Source {
  if (typeof from === "string") return fileSystem.source(from);
  if (from instanceof URL) return from.protocol === "file:" ? fileSystem.source(from) : new HttpSource(from, options);
  if (from instanceof Blob) return new BlobSource(from, options.name);
  if (from instanceof ArrayBuffer) return new BytesSource(new Uint8Array(from), options.name);
  if (from instanceof Uint8Array) return new BytesSource(from, options.name);
  if (isSource(from)) return from;
  throw new TypeError("a source is a path, a URL, a Blob, an ArrayBuffer, a Uint8Array, or has `read` and `size`");
}

/** The types say so already, but callers in JavaScript pass an `undefined`, or a `Float32Array`, sooner or later. */
function isSource(from: unknown): from is Source {
  if (typeof from !== "object" || from === null) return false;
  return "read" in from && typeof from.read === "function" && "size" in from && typeof from.size === "function";
}
