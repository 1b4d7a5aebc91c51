// Objects that Keras's own YAML texts hold. For whoever reads one it is a dict, a list or a number; with it is what stands under its tag
// in YAML, so that it is written again as it was. A class is a name here, and nothing is executed.

import { PyFloat, PyInt, type PyKey, type PyValue } from "../value.ts";

/** A dict of a class that YAML names: TensorFlow's `SharedObjectConfig`, Python's `OrderedDict`. An edited one is a Map without class. */
export class PyDictObject extends Map<PyKey, PyValue> {
  /** Without `tag:yaml.org,2002:`, e.g. `python/object/apply:collections.OrderedDict`. */
  readonly tag: string;
  /** What stands under the tag. */
  readonly content: PyValue;

  constructor(tag: string, entries: Iterable<readonly [PyKey, PyValue]>, content: PyValue) {
    super(entries);
    this.tag = tag;
    this.content = content;
  }
}

/** A list of a class that YAML names: TensorFlow's `ListWrapper`, an array of NumPy. An edited one is a list without class. */
export class PyListObject extends Array<PyValue> {
  /** Without `tag:yaml.org,2002:`. */
  readonly tag: string;
  /** What stands under the tag. */
  readonly content: PyValue;

  constructor(tag: string, items: Iterable<PyValue>, content: PyValue) {
    super();
    this.tag = tag;
    this.content = content;
    for (const item of items) this.push(item);
  }

  /** What `map`, `filter` and `slice` make of it is a list like any other. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** An integer that was NumPy's. */
export class PyIntObject extends PyInt {
  /** Without `tag:yaml.org,2002:`. */
  readonly tag: string;
  /** What stands under the tag. */
  readonly content: PyValue;

  constructor(tag: string, text: string, content: PyValue) {
    super(text);
    this.tag = tag;
    this.content = content;
  }
}

/** A float that was NumPy's. */
export class PyFloatObject extends PyFloat {
  /** Without `tag:yaml.org,2002:`. */
  readonly tag: string;
  /** What stands under the tag. */
  readonly content: PyValue;

  constructor(tag: string, text: string, content: PyValue) {
    super(text);
    this.tag = tag;
    this.content = content;
  }
}

/** Whether a value has a class that YAML names. */
export function isPyObject(value: unknown): value is PyDictObject | PyListObject | PyIntObject | PyFloatObject {
  return (
    value instanceof PyDictObject ||
    value instanceof PyListObject ||
    value instanceof PyIntObject ||
    value instanceof PyFloatObject
  );
}
