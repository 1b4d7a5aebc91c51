import type { Sink } from "../sink.ts";
import type { Source } from "../source.ts";
import type { WritableFolder } from "../writable-folder.ts";

/** What a host with a file system offers. `node.ts` is Node's; `none.ts` stands in for it in browsers. */
export interface FileSystem {
  source(path: string | URL): Source;
  folder(path: string | URL): WritableFolder;
  sink(path: string | URL): Sink;
}
