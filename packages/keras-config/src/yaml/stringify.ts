import type { PyValue } from "../value.ts";
import { LineWriter } from "./line-writer.ts";
import { BINARY_TAG, type CollectionNode, type ScalarNode, showsTag, toNode, type YamlNode } from "./node.ts";
import { fitsSimpleKey, type ScalarStyle, stringStyle, writeScalar } from "./scalar.ts";

/** What `yaml.dump` takes, with the defaults of PyYAML 5.1 and later. */
export interface YamlOptions {
  /** Whether keys are sorted; `true` by default. Keys that Python cannot sort stay as they are. */
  readonly sortKeys?: boolean;
  /** `false`, the default: lines; `true`: brackets; `null`: brackets around what holds scalars only, as PyYAML before 5.1 wrote. */
  readonly defaultFlowStyle?: boolean | null;
  /** The column beyond which lines are folded; 80 by default. */
  readonly width?: number;
  /** Spaces for each depth, 2 to 9; 2 by default. */
  readonly indent?: number;
  /** Whether it shall be `yaml.safe_dump`: tuples are written as lists, objects refused; `false` by default. */
  readonly safe?: boolean;
}

/**
 * A value as PyYAML's `yaml.dump` writes it, byte for byte: lists and dicts that are met again are aliases, by identity as in Python.
 *
 * @throws RangeError for more than 400 lists and dicts in each other, so for a value that contains itself.
 * @throws TypeError for an object, when it shall be safe.
 */
export function stringifyYaml(value: PyValue, options: YamlOptions = {}): string {
  const { sortKeys = true, defaultFlowStyle = false, safe = false } = options;
  return new YamlWriter(options).writeAll(toNode(value, { sortKeys, defaultFlowStyle, safe }));
}

/** Where a node stands. */
interface Context {
  readonly inMapping?: boolean;
  readonly asSimpleKey?: boolean;
}

/** The length from which a key is written after `? `. */
const MAX_SIMPLE_KEY = 128;

class YamlWriter {
  readonly #out: LineWriter;
  readonly #step: number;
  /** The margin of the innermost list or dict; nothing is around the first one. */
  #indent: number | undefined;
  #flowDepth = 0;
  /** The names of the nodes that are met again, by the order in which they are found to be. */
  #anchors = new Map<YamlNode, string>();
  readonly #written = new Set<YamlNode>();

  constructor({ width = 80, indent = 2 }: YamlOptions) {
    this.#step = indent > 1 && indent < 10 ? indent : 2;
    this.#out = new LineWriter(width > this.#step * 2 ? width : 80);
  }

  writeAll(root: YamlNode): string {
    this.#anchors = nameRepeated(root);
    this.#write(root, {});
    this.#writeIndent();
    if (root.kind === "scalar" && this.#style(root, false) === "") this.#out.write("...\n"); // says where a plain scalar ends
    return this.#out.text();
  }

  #write(node: YamlNode, context: Context): void {
    const anchor = this.#anchors.get(node);
    if (anchor !== undefined && this.#written.has(node)) {
      this.#out.writeIndicator(`*${anchor}`, true);
      return;
    }
    if (anchor !== undefined) {
      this.#written.add(node);
      this.#out.writeIndicator(`&${anchor}`, true);
    }
    if (showsTag(node)) this.#out.writeIndicator(node.tag, true);
    if (node.kind === "scalar") this.#writeScalar(node, context.asSimpleKey ?? false);
    else this.#writeCollection(node, context);
  }

  #writeScalar(node: ScalarNode, asSimpleKey: boolean): void {
    this.#inside(true, () => {
      this.#out.indent = this.#indent ?? 0;
      writeScalar(this.#out, node.text, this.#style(node, asSimpleKey), !asSimpleKey);
    });
  }

  #style(node: ScalarNode, asSimpleKey: boolean): ScalarStyle {
    if (node.tag === "!!str") return stringStyle(node.text, this.#flowDepth > 0, asSimpleKey);
    if (node.tag !== BINARY_TAG) return showsTag(node) ? "'" : "";
    return this.#flowDepth > 0 || asSimpleKey || node.text === "" ? '"' : "|";
  }

  #writeCollection(node: CollectionNode, { inMapping = false }: Context): void {
    if (this.#flowDepth > 0 || node.flow || node.children.length === 0) {
      const [open, close] = node.kind === "sequence" ? ["[", "]"] : ["{", "}"];
      this.#out.writeIndicator(open, true, { whitespace: true });
      this.#flowDepth++;
      this.#inside(true, () => (node.kind === "sequence" ? this.#writeFlowItems(node) : this.#writeFlowEntries(node)));
      this.#flowDepth--;
      this.#out.writeIndicator(close, false);
    } else if (node.kind === "sequence") {
      const indentless = inMapping && !this.#out.indention;
      this.#inside(false, () => this.#writeBlockItems(node), indentless);
    } else this.#inside(false, () => this.#writeBlockEntries(node));
  }

  /** Writes what is inside of a node, at its margin. */
  #inside(flow: boolean, write: () => void, indentless = false): void {
    const outer = this.#indent;
    if (outer === undefined) this.#indent = flow ? this.#step : 0;
    else if (!indentless) this.#indent = outer + this.#step;
    write();
    this.#indent = outer;
  }

  #writeIndent(): void {
    this.#out.indent = this.#indent ?? 0;
    this.#out.writeIndent();
  }

  /** Between brackets a line ends after a comma beyond the width. */
  #writeComma(index: number): void {
    if (index > 0) this.#out.writeIndicator(",", false);
    if (this.#out.column > this.#out.width) this.#writeIndent();
  }

  #writeFlowItems({ children }: CollectionNode): void {
    for (const [index, item] of children.entries()) {
      this.#writeComma(index);
      this.#write(item, {});
    }
  }

  #writeFlowEntries(node: CollectionNode): void {
    for (const [index, [key, value]] of entriesOf(node).entries()) {
      this.#writeComma(index);
      if (this.#isSimpleKey(key)) {
        this.#write(key, { inMapping: true, asSimpleKey: true });
        this.#out.writeIndicator(":", false);
      } else {
        this.#out.writeIndicator("?", true);
        this.#write(key, { inMapping: true });
        if (this.#out.column > this.#out.width) this.#writeIndent();
        this.#out.writeIndicator(":", true);
      }
      this.#write(value, { inMapping: true });
    }
  }

  #writeBlockItems({ children }: CollectionNode): void {
    for (const item of children) {
      this.#writeIndent();
      this.#out.writeIndicator("-", true, { indention: true });
      this.#write(item, {});
    }
  }

  #writeBlockEntries(node: CollectionNode): void {
    for (const [key, value] of entriesOf(node)) {
      this.#writeIndent();
      if (this.#isSimpleKey(key)) {
        this.#write(key, { inMapping: true, asSimpleKey: true });
        this.#out.writeIndicator(":", false);
      } else {
        this.#out.writeIndicator("?", true, { indention: true });
        this.#write(key, { inMapping: true });
        this.#writeIndent();
        this.#out.writeIndicator(":", true, { indention: true });
      }
      this.#write(value, { inMapping: true });
    }
  }

  /** Whether a key needs no `? `: it is on one line, and short together with its anchor and its tag, even one that is not written. */
  #isSimpleKey(key: YamlNode): boolean {
    const anchor = this.#anchors.get(key)?.length ?? 0;
    if (this.#written.has(key)) return anchor < MAX_SIMPLE_KEY;
    const length = anchor + key.tag.length;
    if (key.kind !== "scalar") return key.children.length === 0 && length < MAX_SIMPLE_KEY;
    return fitsSimpleKey(key.text) && length + countCharacters(key.text) < MAX_SIMPLE_KEY;
  }
}

function entriesOf({ children }: CollectionNode): [key: YamlNode, value: YamlNode][] {
  const entries: [YamlNode, YamlNode][] = [];
  for (let index = 0; index + 1 < children.length; index += 2) {
    const [key, value] = children.slice(index, index + 2);
    if (key !== undefined && value !== undefined) entries.push([key, value]);
  }
  return entries;
}

/** Characters as Python counts them; more than a key may have are not all counted. */
function countCharacters(text: string): number {
  return Array.from(text.slice(0, MAX_SIMPLE_KEY * 2)).length;
}

/** Names for the nodes that are met more than once: `id001` is the first of which that is found out. */
function nameRepeated(root: YamlNode): Map<YamlNode, string> {
  const names = new Map<YamlNode, string>();
  const met = new Set<YamlNode>();
  const visit = (node: YamlNode): void => {
    if (node.kind === "scalar" && !showsTag(node)) return;
    if (!met.has(node)) {
      met.add(node);
      if (node.kind !== "scalar") node.children.forEach(visit);
    } else if (!names.has(node)) names.set(node, `id${String(names.size + 1).padStart(3, "0")}`);
  };
  visit(root);
  return names;
}
