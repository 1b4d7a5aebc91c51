import { CorruptError, NotFoundError, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { namesOf, normalPath } from "../path.ts";
import { findLink, isGroup } from "./group.ts";
import { MAX_LINK_HOPS } from "./limits.ts";
import type { StoredLink } from "./messages/link.ts";
import type { MetadataFile } from "./metadata-file.ts";
import { type ObjectHeader, readObjectHeader } from "./object-header.ts";
import type { Reading } from "./reading.ts";

/** An object, and the file that it is in: links may lead to others. */
export interface Found {
  readonly file: MetadataFile;
  readonly header: ObjectHeader;
}

/** A way that goes on in another file. */
interface Elsewhere {
  readonly name: string;
  readonly names: readonly string[];
}

/**
 * Follows a path from the root, along soft links, and along external ones where the caller allows it. Throws a `NotFoundError`
 * (`"no-object"`), a `CorruptError` (`"link-cycle"`) and an `UnsupportedError` (`"external-link"`).
 */
export async function followPath(file: MetadataFile, path: string, options: WaitOptions): Promise<Found> {
  const wanted = normalPath(path);
  const hops: Hops = { left: MAX_LINK_HOPS };
  let names = namesOf(path);
  for (let at = file; ; ) {
    const found = await at.run(follow(at, names, wanted, hops), options);
    if (!("names" in found)) return { file: at, header: found };
    const place = { file: at.name, tensor: wanted };
    at = await at.others.file(found.name, "external-link", place);
    options.signal?.throwIfAborted();
    names = [...found.names];
  }
}

/** Links that are followed yet. */
interface Hops {
  left: number;
}

function* follow(
  file: MetadataFile,
  names: readonly string[],
  wanted: string,
  hops: Hops,
): Reading<ObjectHeader | Elsewhere> {
  const { root } = file.superblock;
  const place = { file: file.name, tensor: wanted };
  let header = yield* readObjectHeader(file, root, names.length === 0 ? wanted : "/");
  /** The names that led to `header`, for soft links from its group. */
  let way: string[] = [];
  const left = [...names];
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const link = isGroup(header) ? yield* findLink(file, header, name) : undefined;
    if (link === undefined) {
      const reason = `${JSON.stringify(way.join("/") || "/")} has no ${JSON.stringify(name)} in it`;
      throw new NotFoundError("no-object", reason, place);
    }
    if (link.kind === "hard") {
      way.push(name);
      header = yield* readObjectHeader(file, link.address, left.length === 0 ? wanted : way.join("/"));
      continue;
    }
    if (--hops.left < 0) throw new CorruptError("link-cycle", "links that lead to each other", place);
    const target = targetOf(link, place);
    left.unshift(...namesOf(target));
    if (link.kind === "external") return { name: link.file, names: left };
    const isAbsolute = target.startsWith("/");
    if (isAbsolute) way = [];
    const start = isAbsolute ? root : header.address;
    header = yield* readObjectHeader(file, start, left.length === 0 ? wanted : way.join("/") || "/");
  }
  return header;
}

function targetOf(link: Exclude<StoredLink, { kind: "hard" }>, place: { file: string; tensor: string }): string {
  if (link.kind !== "user-defined") return link.target;
  throw new UnsupportedError("external-link", `a user-defined link of type ${link.type}`, place);
}
