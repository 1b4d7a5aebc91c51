import { type Folder, type FolderLike, type HttpOptions, isFolder, toFolder } from "@modelbytes/bytes";

/**
 * Where a person points: a path, a URL or a place inside a folder. All three know how to reach a file beside them, by a name that
 * is taken literally, so whoever looks for files needs not know which it is.
 */

/** A path inside a folder, and how to go on from there. */
export interface Spot {
  readonly folder: Folder;
  /** Relative to `folder`; empty for the folder itself. */
  readonly path: string;
  /** What a person would call it. */
  readonly name: string;
  /** A path relative to this one, or an absolute one. */
  resolve(path: string): Spot;
}

/** The spot that a person points at. `prefix` is a path inside `from`. Does no I/O. */
export function spotOf(from: FolderLike, prefix: string, options: HttpOptions): Spot {
  if (typeof from === "string") return pathSpot(join(from, prefix));
  if (from instanceof URL) return urlSpot(prefix === "" ? from : new URL(prefix, asDirectory(from)), options);
  return folderSpot(isFolder(from) ? from : toFolder(from, options), prefix);
}

function pathSpot(path: string): Spot {
  const trimmed = path.length > 1 ? path.replace(/[/\\]+$/, "") : path;
  const resolve = (next: string) => pathSpot(/^([/\\]|[A-Za-z]:)/.test(next) ? next : join(trimmed, next));
  const cut = Math.max(trimmed.lastIndexOf("/"), trimmed.lastIndexOf("\\"));
  const last = trimmed.slice(cut + 1);
  if (last === "." || last === "..") return { folder: toFolder(trimmed), path: "", name: trimmed, resolve };
  const folder = cut < 0 ? "." : trimmed.slice(0, Math.max(cut, 1));
  return { folder: toFolder(folder), path: last, name: trimmed, resolve };
}

function urlSpot(url: URL, options: HttpOptions): Spot {
  const whole = new URL(url);
  whole.pathname = whole.pathname.replace(/\/+$/, "");
  const folder = new URL(".", whole);
  folder.search = url.search;
  const path = decodePath(whole.pathname.slice(whole.pathname.lastIndexOf("/") + 1));
  const resolve = (next: string) => {
    const resolved = new URL(next.split("/").map(encodeURIComponent).join("/"), asDirectory(whole));
    resolved.search = url.search;
    return urlSpot(resolved, options);
  };
  return { folder: toFolder(folder, options), path, name: `${whole.origin}${whole.pathname}`, resolve };
}

function folderSpot(folder: Folder, path: string): Spot {
  const resolve = (next: string) => folderSpot(folder, withoutDots(join(path, next)));
  return { folder, path, name: join(folder.name, path), resolve };
}

/** A name in a URL as it is, where it is no valid escape. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A path inside a folder, without `.` and `..`. What would leave the folder ends at its root. */
function withoutDots(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "." && name !== "") names.push(name);
  }
  return names.join("/");
}

function asDirectory(url: URL): URL {
  const directory = new URL(url);
  if (!directory.pathname.endsWith("/")) directory.pathname += "/";
  return directory;
}

/** Two paths as one. */
export function join(base: string, next: string): string {
  return base === "" || next === "" ? base + next : `${base}/${next}`;
}
