import type { ObjectGraph, ObjectReference } from "@modelbytes/tf-proto";
import type { StoredStream } from "../bundle-stream.ts";
import { derivedStream } from "./derive.ts";
import { edgesOf, KeyIndex, parseKey, unescapeLocalName } from "./graph.ts";
import type { HeadedStream } from "./heads.ts";

/**
 * The tensors under other names; bytes and order stay. `rename` has to give the same name each time it is asked, and is not asked
 * about the object graph, which follows: its keys are renamed, and where an old and a new key spell paths of the same length, the
 * local names in which they differ. So `model/a/…` renamed to `model/b/…` is restored into the attribute `b` of the model. Of the
 * several paths that may lead to one object only the one that the key spells is renamed. Slot variables follow their variable,
 * and their slot takes the name that the key ends with.
 *
 * Writing it throws a `RangeError` where two names become one, where two keys want one local name to become different ones or two
 * children of one object to be called the same, and where the keys of one table are renamed in different ways.
 */
export function renameTensors(stream: StoredStream, rename: (name: string) => string): HeadedStream {
  const { header, partitioned } = stream.layout;
  const layouts = new Map([...partitioned].map(([name, layout]) => [rename(name), layout]));
  return derivedStream(stream, { header, partitioned: layouts }, async () => {
    const names = new Map<string, string>();
    const taken = new Map<string, string>();
    return {
      derive: (head) => {
        const name = rename(head.name);
        const other = taken.get(name) ?? head.name;
        if (other !== head.name) {
          const both = `${JSON.stringify(other)} and ${JSON.stringify(head.name)}`;
          throw new RangeError(`both ${both} would be called ${JSON.stringify(name)}`);
        }
        names.set(head.name, name);
        taken.set(name, head.name);
        return [{ ...head, name }];
      },
      editGraph: (graph) => renamedGraph(graph, names),
    };
  });
}

/** The graph of a bundle whose keys got the new names in `names`. */
function renamedGraph(graph: ObjectGraph, names: ReadonlyMap<string, string>): ObjectGraph {
  const index = new KeyIndex(names.keys());
  const renames = new LocalNames(graph);
  let changed = false;
  const nodes = graph.nodes.map((node, id) => {
    const attributes = node.attributes.map((attribute) => {
      const { checkpointKey } = attribute;
      const renamed = renamedKey(checkpointKey, index.of(checkpointKey), names);
      if (renamed !== checkpointKey) changed = true;
      renames.follow(id, checkpointKey, renamed);
      return { ...attribute, checkpointKey: renamed };
    });
    return { ...node, attributes };
  });
  return changed ? renames.apply({ nodes }) : graph;
}

/** What becomes of a key of the graph. A table has several in the bundle, which begin with it. */
function renamedKey(key: string, keys: readonly string[], names: ReadonlyMap<string, string>): string {
  const renamed = keys.map((inBundle) => {
    const name = names.get(inBundle) ?? inBundle;
    const suffix = inBundle.slice(key.length);
    if (name.endsWith(suffix)) return name.slice(0, name.length - suffix.length);
    throw new RangeError(`the new name of ${JSON.stringify(inBundle)}, a key of a table, has to end with ${suffix}`);
  });
  const [first = key, ...others] = renamed;
  if (others.every((other) => other === first)) return first;
  throw new RangeError(`the keys ${keys.join(", ")} are of one object and have to be renamed in the same way`);
}

const SLOT = ".OPTIMIZER_SLOT";

/** Collects what the renamed keys want the local names of the graph to be. */
class LocalNames {
  readonly #graph: ObjectGraph;
  /** New names of children by `node:child`. */
  readonly #children = new Map<string, string>();
  /** New names of slots by the slot variable. */
  readonly #slots = new Map<number, string>();

  constructor(graph: ObjectGraph) {
    this.#graph = graph;
  }

  /** `node` has a value that was stored under the key `before` and is now under `after`. */
  follow(node: number, before: string, after: string): void {
    const old = parseKey(before)?.path ?? [];
    const path = parseKey(after)?.path ?? [];
    const slot = old.indexOf(SLOT);
    if (old.length !== path.length || slot !== path.indexOf(SLOT)) return;
    if (slot < 0) {
      this.#along(old, path, true);
      return;
    }
    // <path of the variable>/.OPTIMIZER_SLOT/<path of the optimizer>/<slot>
    this.#along(old.slice(0, slot), path.slice(0, slot), false);
    this.#along(old.slice(slot + 1, -1), path.slice(slot + 1, -1), false);
    const [name = ""] = path.slice(-1);
    if (name !== old.at(-1)) this.#slots.set(node, unescapeLocalName(name));
  }

  apply({ nodes }: ObjectGraph): ObjectGraph {
    return {
      nodes: nodes.map((node, id) => {
        const children = node.children.map((child, at) => {
          return { ...child, localName: this.#children.get(`${id}:${at}`) ?? child.localName };
        });
        if (namesOf(children).size < namesOf(node.children).size) {
          throw new RangeError(`two children of node ${id} of the object graph would be called the same`);
        }
        const slotVariables = node.slotVariables.map((slot) => {
          return { ...slot, slotName: this.#slots.get(slot.slotVariableNodeId) ?? slot.slotName };
        });
        return { ...node, children, slotVariables };
      }),
    };
  }

  /** `keep`: whether a name that stays the same must not be changed by another key. */
  #along(before: readonly string[], after: readonly string[], keep: boolean): void {
    for (const [depth, { node, child }] of [...edgesOf(this.#graph, before)].entries()) {
      const edge = `${node}:${child}`;
      const name = unescapeLocalName(after[depth] ?? "");
      if (!keep && before[depth] === after[depth]) continue;
      const other = this.#children.get(edge) ?? name;
      if (other !== name) {
        const both = `${JSON.stringify(other)} and ${JSON.stringify(name)}`;
        throw new RangeError(`the part ${JSON.stringify(before[depth])} of a key would be called both ${both}`);
      }
      this.#children.set(edge, name);
    }
  }
}

function namesOf(children: readonly ObjectReference[]): Set<string> {
  return new Set(children.map(({ localName }) => localName));
}
