import { sortNames, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5Object } from "../model.ts";
import { pathTo } from "../path.ts";
import { Budget } from "./budget.ts";
import { type Described, describe } from "./describe.ts";
import type { MetadataFile } from "./metadata-file.ts";
import { type ObjectHeader, readObjectHeader } from "./object-header.ts";

/** Headers that are read at once. */
const HEADERS_AT_ONCE = 1024;
/** The least bytes that a link takes in a file. */
const LINK_BYTES = 8;

/** An object with the address of its header. */
export interface Visited {
  readonly address: number;
  readonly object: Hdf5Object;
}

type Outcome = Described | { readonly error: unknown };

/**
 * Every object below the root once, in the order of h5py's `visititems`. The headers are read level by level, all of a level at
 * once, so that few requests bring them; the error of an object comes when it is its turn.
 */
export async function* walkObjects(
  file: MetadataFile,
  root: ObjectHeader,
  { signal }: WaitOptions,
): AsyncGenerator<Visited, void, undefined> {
  const objects = await readLevels(file, root, signal);
  const seen = new Set([root.address]);
  const stack = [childrenOf(objects.get(root.address), "")];
  for (let children = stack.at(-1); children !== undefined; children = stack.at(-1)) {
    const next = children.pop();
    if (next === undefined) {
      stack.pop();
      continue;
    }
    const { address, path } = next;
    if (seen.has(address)) continue;
    seen.add(address);
    const outcome = objects.get(address);
    if (outcome === undefined) continue;
    if ("error" in outcome) throw outcome.error;
    yield { address, object: { ...outcome.object, path } };
    stack.push(childrenOf(outcome, path));
  }
}

interface Child {
  readonly address: number;
  readonly path: string;
}

/** The children of a group, the first one last. Whatever order the group keeps, visiting goes by name. */
function childrenOf(outcome: Outcome | undefined, path: string): Child[] {
  if (outcome === undefined) return [];
  if ("error" in outcome) throw outcome.error;
  const addresses = new Map(outcome.children);
  const names = sortNames(addresses.keys()).reverse();
  return names.map((name) => ({ address: addresses.get(name) ?? 0, path: pathTo(path, name) }));
}

async function readLevels(
  file: MetadataFile,
  root: ObjectHeader,
  signal: AbortSignal | undefined,
): Promise<Map<number, Outcome>> {
  const outcomes = new Map<number, Outcome>();
  const headers = new Budget(file.size);
  const links = new Budget(file.size);
  let level: Child[] = [{ address: root.address, path: "/" }];
  while (level.length > 0) {
    const next = new Map<number, Child>();
    for (let start = 0; start < level.length; start += HEADERS_AT_ONCE) {
      signal?.throwIfAborted();
      const some = level.slice(start, start + HEADERS_AT_ONCE);
      const described = await Promise.all(some.map((child) => attempt(file, child, headers)));
      for (const [index, outcome] of described.entries()) {
        const { address, path } = some[index] ?? root;
        outcomes.set(address, outcome);
        if ("error" in outcome) continue;
        links.spend(LINK_BYTES * outcome.children.length, { file: file.name, tensor: path });
        for (const [name, child] of outcome.children) next.set(child, { address: child, path: pathTo(path, name) });
      }
    }
    level = [...next.values()].filter(({ address }) => !outcomes.has(address));
  }
  return outcomes;
}

async function attempt(file: MetadataFile, { address, path }: Child, headers: Budget): Promise<Outcome> {
  try {
    const header = await readObjectHeader(file, address, path);
    headers.spend(header.size, { file: file.name, tensor: path });
    return await describe(file, header);
  } catch (error) {
    return { error };
  }
}
