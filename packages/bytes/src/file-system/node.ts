import { fileURLToPath } from "node:url";
import type { FileSystem } from "./file-system.ts";
import { FileFolder } from "./node-folder.ts";
import { FileSink } from "./node-sink.ts";
import { FileSource } from "./node-source.ts";

/** Node's file system. Only the `node…` files of this folder may import Node. */
export const fileSystem: FileSystem = {
  source: (path) => new FileSource(toPath(path)),
  folder: (path) => new FileFolder(toPath(path)),
  sink: (path) => new FileSink(toPath(path)),
};

function toPath(path: string | URL): string {
  return typeof path === "string" ? path : fileURLToPath(path);
}
