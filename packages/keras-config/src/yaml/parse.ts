import type { Place } from "@modelbytes/bytes";
import {
  type AliasEvent,
  type DocumentEvent,
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
  YAMLException,
} from "js-yaml";
import { decodeText } from "../json/parse.ts";
import { isPyKey } from "../key.ts";
import { isPyDict, isPyList, type PyKey, type PyValue } from "../value.ts";
import { type Collection, constructCollection } from "./collection.ts";
import { MAX_DEPTH } from "./node.ts";
import { isArrayTag, NDARRAY_TAG } from "./numpy.ts";
import { PyListObject } from "./object.ts";
import { plainType } from "./resolver.ts";
import { isShapeTag, withoutClass } from "./tensorflow.ts";
import { YamlTrouble } from "./trouble.ts";
import { constructScalar, unknownTag } from "./typed-scalar.ts";

/** How many values a text may stand for when its aliases are written out: a few lines of aliases of aliases make billions. */
const MAX_VALUES = 10_000_000;

/**
 * The value of a YAML text, read as PyYAML's `FullLoader` reads it, with the tags that Keras's own texts have. Nothing is executed: tuples,
 * Python 2's strings and numbers, `OrderedDict`, lists, dicts and shapes of TensorFlow, numbers and arrays of NumPy are known by name, any
 * other tag is refused. What aliases name is one object in the result. Bytes are UTF-8. `place.file` is named in errors.
 *
 * @throws CorruptError `yaml` for a text that is no YAML or no value of Python, with its line, column and byte; `utf-8` for bytes that are
 * no UTF-8.
 * @throws UnsupportedError `yaml-tag` for any other tag; `too-deep` for more than 400 lists and dicts in each other; `too-large` for more
 * than 10 million values when aliases are written out, or an integer of more than 4,300 digits; `recursive` for a list or a dict that holds
 * itself.
 */
export function parseYaml(text: string | Uint8Array, place: Place = {}): PyValue {
  const source = typeof text === "string" ? text : decodeText(text, place);
  return new YamlReader(source, place).readAll();
}

const YAML_PREFIX = "tag:yaml.org,2002:";
const DEFAULT_HANDLES: readonly (readonly [handle: string, prefix: string])[] = [
  ["!", "!"],
  ["!!", YAML_PREFIX],
];

/** A list or a dict that is being read. */
interface Frame {
  readonly collection: Collection;
  /** What merge keys add before the dict's own entries. */
  readonly merged: (readonly [PyKey, PyValue])[];
  /** Where it begins. */
  readonly at: number;
  readonly anchor: Anchor | undefined;
  /** The key whose value comes next. */
  key: { readonly value: PyKey; readonly merges: boolean } | undefined;
  /** How many values it stands for, with those that aliases name. */
  count: number;
}

/** What an anchor names, once it is read. */
interface Anchor {
  value: PyValue | undefined;
  count: number;
}

type Tagged = Pick<ScalarEvent, "tagStart" | "tagEnd">;
type Anchored = Pick<ScalarEvent, "anchorStart" | "anchorEnd">;

class YamlReader {
  readonly #source: string;
  readonly #place: Place;
  readonly #anchors = new Map<string, Anchor>();
  readonly #frames: Frame[] = [];
  #handles: ReadonlyMap<string, string> = new Map();
  #root: PyValue = null;
  #documents = 0;
  #mergedEntries = 0;
  /** Where the node is that is being read. */
  #at = 0;

  constructor(source: string, place: Place) {
    this.#source = source;
    this.#place = place;
  }

  readAll(): PyValue {
    try {
      for (const event of this.#events()) this.#read(event);
    } catch (error) {
      throw error instanceof YamlTrouble ? error.at(this.#at, this.#source, this.#place) : error;
    }
    return this.#root;
  }

  #events(): readonly Event[] {
    try {
      return parseEvents(this.#source, { maxDepth: MAX_DEPTH + 1 });
    } catch (cause) {
      if (!(cause instanceof YAMLException)) throw cause;
      this.#at = cause.mark?.position ?? 0;
      if (cause.reason.includes("maxDepth")) throw tooDeep();
      throw new YamlTrouble(cause.reason, undefined, { cause });
    }
  }

  #read(event: Event): void {
    if (event.type === EVENT_ID.SCALAR) this.#addScalar(event);
    else if (event.type === EVENT_ID.MAPPING) this.#begin("mapping", event);
    else if (event.type === EVENT_ID.SEQUENCE) this.#begin("sequence", event);
    else if (event.type === EVENT_ID.POP) this.#end();
    else if (event.type === EVENT_ID.ALIAS) this.#addAlias(event);
    else this.#beginDocument(event);
  }

  #beginDocument({ directives }: DocumentEvent): void {
    if (++this.#documents > 1) throw new YamlTrouble("after this there is more than one document");
    const own = directives.flatMap((each) => (each.kind === "tag" ? [[each.handle, each.prefix] as const] : []));
    this.#handles = new Map([...DEFAULT_HANDLES, ...own]);
  }

  #begin(kind: Collection["kind"], event: SequenceEvent | MappingEvent): void {
    this.#at = event.start;
    if (this.#frames.length === MAX_DEPTH) throw tooDeep();
    const tag = this.#tag(event) ?? (kind === "sequence" ? "seq" : "map");
    const collection: Collection = { kind, tag, items: [], entries: [] };
    this.#frames.push({
      collection,
      merged: [],
      at: event.start,
      anchor: this.#newAnchor(event),
      key: undefined,
      count: 1,
    });
  }

  /** Ends the innermost list or dict; the document itself has no frame. */
  #end(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    const { collection, merged, anchor, count } = frame;
    this.#at = frame.at;
    const value = constructCollection({ ...collection, entries: [...merged, ...collection.entries] });
    const total = isArrayTag(collection.tag) ? count + countNumbers(value) : count;
    if (anchor !== undefined) {
      anchor.value = value;
      anchor.count = total;
    }
    this.#add(value, total);
  }

  #addScalar(event: ScalarEvent): void {
    this.#at = event.tagStart >= 0 ? event.tagStart : Math.max(event.valueStart, 0);
    const text = getScalarValue(this.#source, event);
    const isPlain = event.style === SCALAR_STYLE.PLAIN || event.tagStart >= 0; // with the tag `!` also one in quotes is
    const type = this.#tag(event) ?? (isPlain ? plainType(text) : "str");
    const frame = this.#frames.at(-1);
    const isKey = frame?.collection.kind === "mapping" && frame.key === undefined;
    const anchor = this.#newAnchor(event);
    const merges = isKey && type === "merge";
    const value = merges || (isKey && type === "value") ? text : constructScalar(type, text);
    if (anchor !== undefined) anchor.value = value;
    this.#add(value, 1, merges);
  }

  #addAlias(event: AliasEvent): void {
    this.#at = event.anchorStart;
    const name = this.#source.slice(event.anchorStart, event.anchorEnd);
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) throw new YamlTrouble(`there is no anchor ${name}`);
    if (anchor.value === undefined) throw new YamlTrouble(`*${name} is inside of what it names`, "recursive");
    this.#add(anchor.value, anchor.count);
  }

  /** Puts a value that stands for `count` values into the list or dict that is being read. */
  #add(made: PyValue, count: number, merges = false): void {
    const value = made instanceof PyListObject ? this.#placed(made) : made;
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      this.#root = value;
      return;
    }
    frame.count += count;
    this.#checkCount(frame.count);
    const { collection, key } = frame;
    if (collection.kind === "sequence") collection.items.push(value);
    else if (key !== undefined) {
      frame.key = undefined;
      if (key.merges) this.#merge(frame, value);
      else collection.entries.push([key.value, value]);
    } else if (isPyKey(value)) frame.key = { value, merges };
    else throw new YamlTrouble("a list, a dict or a set cannot be a key");
  }

  /** An object that means something only as an argument of another one is refused, or loses its class, in other places. */
  #placed(value: PyListObject): PyValue {
    const outer = this.#frames.at(-2)?.collection.tag ?? "";
    if (value.tag === NDARRAY_TAG && !isArrayTag(outer)) throw unknownTag(value.tag);
    return isShapeTag(outer) ? value : withoutClass(value);
  }

  /** Takes over the entries that a merge key names; of a list of dicts the first one counts most. */
  #merge(frame: Frame, value: PyValue): void {
    const dicts = isPyList(value) ? value.toReversed() : [value];
    for (const dict of dicts) {
      if (!isPyDict(dict)) throw new YamlTrouble("<< merges a dict or a list of dicts");
      this.#mergedEntries += dict.size;
      this.#checkCount(this.#mergedEntries);
      for (const entry of dict) frame.merged.push(entry);
    }
  }

  #checkCount(count: number): void {
    if (count <= MAX_VALUES) return;
    throw new YamlTrouble(`more than ${MAX_VALUES} values with the aliases written out`, "too-large");
  }

  /** The tag of a node without YAML's prefix, undefined for one that has none or only `!`. */
  #tag({ tagStart, tagEnd }: Tagged): string | undefined {
    if (tagStart < 0) return undefined;
    const raw = this.#source.slice(tagStart, tagEnd);
    if (raw === "!") return undefined;
    const handle = /^!(?:[\w-]*!)?/.exec(raw)?.[0] ?? "!";
    const prefix = this.#handles.get(handle) ?? handle;
    const full = raw.startsWith("!<") ? raw.slice(2, -1) : prefix + raw.slice(handle.length);
    return full.startsWith(YAML_PREFIX) ? full.slice(YAML_PREFIX.length) : full;
  }

  #newAnchor({ anchorStart, anchorEnd }: Anchored): Anchor | undefined {
    if (anchorStart < 0) return undefined;
    const name = this.#source.slice(anchorStart, anchorEnd);
    if (this.#anchors.has(name)) throw new YamlTrouble(`the anchor ${name} is there twice`);
    const anchor: Anchor = { value: undefined, count: 1 };
    this.#anchors.set(name, anchor);
    return anchor;
  }
}

/** How many numbers are in the lists of an array. */
function countNumbers(value: PyValue): number {
  return isPyList(value) ? value.reduce<number>((count, each) => count + countNumbers(each), 0) : 1;
}

function tooDeep(): YamlTrouble {
  return new YamlTrouble(`more than ${MAX_DEPTH} lists and dicts in each other`, "too-deep");
}
