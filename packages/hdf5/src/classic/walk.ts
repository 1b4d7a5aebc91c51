import { sortNames, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5Object } from "../model.ts";
import { pathTo } from "../path.ts";
import { Budget } from "./budget.ts";
import { type Described, describe } from "./describe.ts";
import type { MetadataFile } from "./metadata-file.ts";
import { type ObjectHeader, readObjectHeader } from "./object-header.ts";
import { all, type Reading } from "./reading.ts";

/** Headers that are read at once. */
const HEADERS_AT_ONCE = 1024;
/** The least bytes that a link takes in a file. */
const LINK_BYTES = 8;

/** An object with the address of its header. */
export interface Visited {
  readonly address: number;
  readonly object: Hdf5Object;
}

/** An object, and if it is a group what is in it, by name. */
type Outcome = { readonly object: Hdf5Object; readonly children: readonly Child[] } | { readonly error: unknown };

interface At {
  readonly address: number;
  readonly path: string;
}

interface Child extends At {
  readonly name: string;
}

/**
 * Every object below the root once, in the order of h5py's `visititems`. The headers are read level by level, all of a level at
 * once, so that few requests bring them; the error of an object comes when it is its turn.
 */
export async function walkObjects(
  file: MetadataFile,
  root: ObjectHeader,
  options: WaitOptions,
): Promise<Iterable<Visited>> {
  return visit(await readLevels(file, root, options), root.address);
}

function* visit(objects: ReadonlyMap<number, Outcome>, root: number): Generator<Visited, void, undefined> {
  const seen = new Set([root]);
  const stack = [inside(objects.get(root), "/")];
  for (let children = stack.at(-1); children !== undefined; children = stack.at(-1)) {
    const next = children.next();
    if (next.done === true) {
      stack.pop();
      continue;
    }
    const { address, path } = next.value;
    if (seen.has(address)) continue;
    seen.add(address);
    const outcome = objects.get(address);
    if (outcome === undefined) continue;
    if ("error" in outcome) throw outcome.error;
    const { object, children: below } = outcome;
    yield { address, object: object.path === path ? object : { ...object, path } };
    if (below.length > 0) stack.push(inside(outcome, path));
  }
}

/** What is in the group at `path`, which may have been read by another path. */
function inside(outcome: Outcome | undefined, path: string): Iterator<Child, undefined> {
  if (outcome === undefined) return [].values();
  if ("error" in outcome) throw outcome.error;
  const { object, children } = outcome;
  if (object.path === path) return children.values();
  return children.map((child) => ({ ...child, path: pathTo(path, child.name) })).values();
}

/** Whatever order a group keeps, visiting goes by name. */
function childrenOf({ object, children }: Described): Child[] {
  if (children.length === 0) return NO_CHILDREN;
  const addresses = new Map(children.map(({ name, address }) => [name, address]));
  return sortNames(addresses.keys()).map((name) => ({
    name,
    address: addresses.get(name) ?? 0,
    path: pathTo(object.path, name),
  }));
}

const NO_CHILDREN: Child[] = [];

async function readLevels(
  file: MetadataFile,
  root: ObjectHeader,
  { signal }: WaitOptions,
): Promise<Map<number, Outcome>> {
  const outcomes = new Map<number, Outcome>();
  const headers = new Budget(file.size);
  const links = new Budget(file.size);
  let level: At[] = [{ address: root.address, path: "/" }];
  while (level.length > 0) {
    const next = new Map<number, Child>();
    for (let start = 0; start < level.length; start += HEADERS_AT_ONCE) {
      signal?.throwIfAborted();
      const some = level.slice(start, start + HEADERS_AT_ONCE);
      const described = await file.run(all(attempts(file, some, headers)), { signal });
      for (const [index, outcome] of described.entries()) {
        const { address, path } = some[index] ?? root;
        outcomes.set(address, outcome);
        if ("error" in outcome) continue;
        links.spend(LINK_BYTES * outcome.children.length, { place: { file: file.name, tensor: path } });
        for (const child of outcome.children) next.set(child.address, child);
      }
    }
    level = [...next.values()].filter(({ address }) => !outcomes.has(address));
  }
  return outcomes;
}

/** One after another, as each is over before the next begins where all is at hand. */
function* attempts(file: MetadataFile, children: readonly At[], headers: Budget): Generator<Reading<Outcome>> {
  for (const child of children) yield attempt(file, child, headers);
}

function* attempt(file: MetadataFile, { address, path }: At, headers: Budget): Reading<Outcome> {
  try {
    const header = yield* readObjectHeader(file, address, path);
    headers.spend(header.size, { place: { file: file.name, tensor: path } });
    const described = yield* describe(file, header);
    return { object: described.object, children: childrenOf(described) };
  } catch (error) {
    return { error };
  }
}
