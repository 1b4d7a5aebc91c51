// Lists and dicts by their tags: what PyYAML's constructors make of them, and the objects that Keras's own texts have.

import { isPyKey, keyIdentity } from "../key.ts";
import { isPyDict, isPyList, isPyTuple, type PyDict, type PyKey, PyTuple, type PyValue } from "../value.ts";
import { constructNumpy } from "./numpy.ts";
import { PyDictObject } from "./object.ts";
import { constructTensorFlow, dictItems, listArgument } from "./tensorflow.ts";
import { YamlTrouble } from "./trouble.ts";
import { unknownTag } from "./typed-scalar.ts";

/** A list or a dict as it was read, its tag without YAML's prefix. */
export interface Collection {
  readonly kind: "sequence" | "mapping";
  readonly tag: string;
  readonly items: PyValue[];
  readonly entries: (readonly [PyKey, PyValue])[];
}

const ORDERED_DICT = "python/object/apply:collections.OrderedDict";
/** What became of a dict that TensorFlow had wrapped: `dict(…)` of it, also under Python 2's name. */
const DICT_CALL = /^python\/object\/apply:(?:builtins|__builtin__)\.dict$/;

/**
 * The value of a list or a dict by its tag.
 *
 * @throws YamlTrouble for a tag that is none of these, and for one whose content does not fit.
 */
export function constructCollection({ kind, tag, items, entries }: Collection): PyValue {
  const value = kind === "mapping" ? fromEntries(tag, toDict(entries)) : fromItems(tag, items);
  if (value !== undefined) return value;
  if (KNOWN.has(tag)) throw new YamlTrouble(`the tag !!${tag} is for something else than a ${kind}`);
  throw unknownTag(tag);
}

function fromEntries(tag: string, dict: PyDict): PyValue | undefined {
  if (tag === "map" || tag === "python/dict") return dict;
  if (tag === "set") return new Set(dict.keys());
  if (tag === ORDERED_DICT) return new PyDictObject(tag, dictItems(tag, dict), dict);
  return constructObject(tag, dict);
}

function fromItems(tag: string, items: readonly PyValue[]): PyValue | undefined {
  if (tag === "seq" || tag === "python/list") return items;
  if (tag === "python/tuple") return new PyTuple(items);
  if (tag === ORDERED_DICT) return new PyDictObject(tag, toDict(pairs(items)), items);
  const [argument] = items;
  if (DICT_CALL.test(tag) && isPyDict(argument) && items.length === 1) return new PyDictObject(tag, argument, items);
  return constructObject(tag, items);
}

function constructObject(tag: string, content: readonly PyValue[] | PyDict): PyValue | undefined {
  const value = constructTensorFlow(tag, content);
  return value === undefined ? constructNumpy(tag, content) : value;
}

/** Tags that are read, though not for everything: the others are not known at all. */
const KNOWN = new Set("map set seq str null bool int float binary python/tuple python/list python/dict".split(" "));

/** Keys that Python calls equal are one: the first's place, the last's value. */
function toDict(entries: readonly (readonly [PyKey, PyValue])[]): Map<PyKey, PyValue> {
  if (entries.every(([key]) => typeof key === "string")) return new Map(entries);
  const keys = new Map<string, PyKey>();
  const dict = new Map<PyKey, PyValue>();
  for (const [key, value] of entries) {
    const identity = keyIdentity(key);
    const first = keys.get(identity) ?? key;
    keys.set(identity, first);
    dict.set(first, value);
  }
  return dict;
}

/** The entries of an OrderedDict: pairs, as lists or as tuples. */
function pairs(args: readonly PyValue[]): (readonly [PyKey, PyValue])[] {
  return listArgument(ORDERED_DICT, args).map((pair) => {
    const items = isPyTuple(pair) ? pair.items : isPyList(pair) ? pair : [];
    const [key, value] = items;
    if (key === undefined || value === undefined || !isPyKey(key)) {
      throw new YamlTrouble(`an entry of !!${ORDERED_DICT} is no pair`);
    }
    return [key, value];
  });
}
