import { UnsupportedError } from "../errors.ts";
import type { FileSystem } from "./file-system.ts";

/** The file system of a host that has none. */
export const fileSystem: FileSystem = { source: refuse, folder: refuse, sink: refuse };

function refuse(path: string | URL): never {
  throw new UnsupportedError("no-file-system", "paths need Node; here pass a URL object, a File, a Blob or bytes", {
    file: String(path),
  });
}
