// A value as YAML's tree: what PyYAML's representer makes of it, before anything is written.

import { reprFloat } from "../float-repr.ts";
import { sortEntries } from "../key.ts";
import { isPyDict, isPyList, isPySet, isPyTuple, PyFloat, PyInt, type PyKey, type PyValue } from "../value.ts";
import { isPyObject } from "./object.ts";

/** How deep lists and dicts may nest: about as deep as PyYAML goes with Python's usual stack. */
export const MAX_DEPTH = 400;

/** A scalar, with the short name of its tag, e.g. `!!int`. */
export interface ScalarNode {
  readonly kind: "scalar";
  readonly tag: string;
  readonly text: string;
}

/** Bytes, which are written as a block. */
export const BINARY_TAG = "!!binary";
/** The tags that scalars need not show, as their texts tell them. */
const SILENT_TAGS = new Set(["!!str", "!!null", "!!bool", "!!int", "!!float"]);

/** Whether a node shows its tag. */
export function showsTag(node: YamlNode): boolean {
  return node.kind === "scalar" ? !SILENT_TAGS.has(node.tag) : !node.plain;
}

/** A list or a dict. `plain` tells one whose tag goes without saying. A dict's keys are at even places, its values after them. */
export interface CollectionNode {
  readonly kind: "sequence" | "mapping";
  readonly tag: string;
  readonly plain: boolean;
  readonly children: readonly YamlNode[];
  /** Whether it is written in brackets. */
  readonly flow: boolean;
}

/** A node. One that is met twice is one object. */
export type YamlNode = ScalarNode | CollectionNode;

/** What decides the tree, as `yaml.dump` takes it. */
export interface TreeOptions {
  readonly sortKeys: boolean;
  readonly defaultFlowStyle: boolean | null;
  readonly safe: boolean;
}

/**
 * The tree of a value. A list, dict, set or tuple that is met again is the same node, as PyYAML goes by identity.
 *
 * @throws RangeError for more than 400 lists and dicts in each other, so for a value that contains itself.
 * @throws TypeError for an object in a tree that shall be safe.
 */
export function toNode(value: PyValue, options: TreeOptions): YamlNode {
  return new Tree(options).node(value, 0);
}

class Tree {
  readonly #options: TreeOptions;
  readonly #nodes = new Map<PyValue, YamlNode>();

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  node(value: PyValue, depth: number): YamlNode {
    const scalar = toScalar(value);
    if (scalar !== undefined) return scalar;
    const known = this.#nodes.get(value);
    if (known !== undefined) return known;
    if (depth === MAX_DEPTH) {
      throw new RangeError(`more than ${MAX_DEPTH} lists and dicts in each other, or one in itself`);
    }
    const node = this.#collection(value, depth + 1);
    const isUnit = isPyTuple(value) && value.items.length === 0; // there is one () in Python, which is never named
    if (!isUnit) this.#nodes.set(value, node);
    return node;
  }

  #collection(value: PyValue, depth: number): YamlNode {
    if (isPyObject(value)) return this.#object(value, depth);
    if (isPyTuple(value)) {
      return this.#sequence(this.#options.safe ? "!!seq" : "!!python/tuple", value.items, depth);
    }
    if (isPyDict(value)) return this.#mapping("!!map", value, depth);
    if (isPyList(value)) return this.#sequence("!!seq", value, depth);
    if (!isPySet(value)) throw new TypeError("YAML: a value that is none of Python");
    const entries = Array.from(value, (key): [PyKey, null] => [key, null]);
    return this.#mapping("!!set", entries, depth);
  }

  #sequence(tag: string, items: readonly PyValue[], depth: number): CollectionNode {
    const children = items.map((item) => this.node(item, depth));
    return { kind: "sequence", tag, plain: tag === "!!seq", children, flow: this.#isFlow(children) };
  }

  #mapping(tag: string, entries: Iterable<readonly [PyKey, PyValue]>, depth: number): CollectionNode {
    const sorted = this.#options.sortKeys ? sortEntries(entries) : undefined;
    const children: YamlNode[] = [];
    for (const [key, value] of sorted ?? entries) children.push(this.node(key, depth), this.node(value, depth));
    return { kind: "mapping", tag, plain: tag === "!!map", children, flow: this.#isFlow(children) };
  }

  #object({ tag, content }: { readonly tag: string; readonly content: PyValue }, depth: number): YamlNode {
    if (this.#options.safe) throw new TypeError(`a safe YAML text cannot hold an object: ${tag}`);
    if (isPyDict(content)) return this.#mapping(`!!${tag}`, content, depth);
    if (isPyList(content)) return this.#sequence(`!!${tag}`, content, depth);
    return { kind: "scalar", tag: `!!${tag}`, text: String(content) };
  }

  /** In brackets by the options or, where those leave it open, when there is nothing but plain scalars inside. */
  #isFlow(children: readonly YamlNode[]): boolean {
    return this.#options.defaultFlowStyle ?? children.every(({ kind, tag }) => kind === "scalar" && tag !== BINARY_TAG);
  }
}

/** A value that stands for itself; an object of NumPy does not. */
function toScalar(value: PyValue): ScalarNode | undefined {
  if (typeof value === "string") return { kind: "scalar", tag: "!!str", text: value };
  if (value === null) return { kind: "scalar", tag: "!!null", text: "null" };
  if (typeof value === "boolean") return { kind: "scalar", tag: "!!bool", text: String(value) };
  if (isPyObject(value)) return undefined;
  if (value instanceof PyInt) return { kind: "scalar", tag: "!!int", text: value.text };
  if (value instanceof PyFloat) return { kind: "scalar", tag: "!!float", text: floatText(value.toNumber()) };
  return value instanceof Uint8Array ? { kind: "scalar", tag: BINARY_TAG, text: encodeBase64(value) } : undefined;
}

/** A float with the dot that YAML 1.1 asks for: `1.0e-07`. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = reprFloat(value);
  return text.includes(".") ? text : text.replace("e", ".0e");
}

/** Base64 in lines of 76 characters, each with its end, as Python's `encodebytes` writes it. */
function encodeBase64(bytes: Uint8Array): string {
  const LINE_BYTES = 57;
  let text = "";
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    text += `${btoa(String.fromCharCode(...bytes.subarray(at, at + LINE_BYTES)))}\n`;
  }
  return text;
}
