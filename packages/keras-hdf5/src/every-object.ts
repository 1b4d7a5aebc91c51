import { ModelbytesError, sortNames, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5File, Hdf5Group, Hdf5Object } from "@modelbytes/hdf5";
import { pathIn } from "./path.ts";
import { typed } from "./typed.ts";

/** What is at a place of a file: an object, or the error that looking for it gives. */
export type FoundObject = Hdf5Object | ModelbytesError;

/** Paths that are looked at. A damaged file may have groups in themselves, which only the file's own walk would notice. */
const MOST_OBJECTS: number = 2 ** 16;
/** Groups in one another; Keras's are a tenth as deep. */
const DEEPEST = 100;

/** How a file is looked through. */
export interface WalkOptions extends WaitOptions {
  /** Whether what cannot be read is passed over and given as its error; otherwise that rejects. */
  readonly tolerant?: boolean | undefined;
}

/** Every object by its path, the root first, each before those in it; in a damaged file, some of them twice. */
export async function everyObject(
  file: Hdf5File,
  root: Hdf5Group,
  { signal, tolerant }: WalkOptions,
): Promise<Map<string, FoundObject>> {
  const found = new Map<string, FoundObject>([["/", root]]);
  try {
    for await (const object of file.walk({ signal })) found.set(object.path, object);
  } catch (error) {
    if (tolerant !== true || !(error instanceof ModelbytesError)) throw error;
    for await (const [path, object] of damagedObjects(file, root, { signal })) found.set(path, object);
  }
  return found;
}

/**
 * Every object below the root, each before those in it, of a file whose own walk ends at the first object that is damaged: one that
 * cannot be read is given as its error, and what it holds, if it is a group, is lost. Hard links alone are followed.
 */
export async function* damagedObjects(
  file: Hdf5File,
  root: Hdf5Group,
  options: WaitOptions,
): AsyncGenerator<readonly [path: string, FoundObject], void, undefined> {
  let left = MOST_OBJECTS;
  const groups = [root];
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    const { path, links } = group;
    const names = sortNames(links.keys()).filter((name) => links.get(name)?.kind === "hard");
    const paths = names.map((name) => pathIn(path, name));
    left -= paths.length;
    if (left < 0 || path.split("/").length > DEEPEST) {
      const reason = "the file is damaged, and has more in it than is looked through";
      yield [path, new UnsupportedError("too-large", reason, { file: file.name, tensor: path })];
      return;
    }
    const found = await Promise.all(paths.map((each) => typed(file.object(each, options))));
    const inner: Hdf5Group[] = [];
    for (const [index, object] of found.entries()) {
      yield [paths[index] ?? "", object];
      if ("kind" in object && object.kind === "group") inner.push(object);
    }
    groups.push(...inner.reverse());
  }
}
