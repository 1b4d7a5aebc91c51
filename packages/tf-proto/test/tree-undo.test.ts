// Any message, however it is written: reading it as a tree is decoding it, and an edit with its undo leaves no trace.

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import type { MapKey } from "../src/map-order.ts";
import {
  AttrValue,
  GraphDebugInfo,
  NodeDef,
  SavedObjectGraph,
  SignatureDef,
  StructuredValue,
} from "../src/messages/index.ts";
import { propertiesOf } from "../src/properties.ts";
import { isDefault } from "../src/scalar.ts";
import type { MessageType } from "../src/schema.ts";
import type { WireNode } from "../src/tree/wire-node.ts";
import { arbitraryMessage } from "./random-message.ts";
import { arbitraryWire, Kitchen, openNode } from "./tree-wire.ts";

const TYPES: readonly MessageType[] = [
  Kitchen,
  NodeDef,
  AttrValue,
  SignatureDef,
  StructuredValue,
  SavedObjectGraph,
  GraphDebugInfo,
];

const options = { endOnFailure: true, numRuns: 60 };

/** A node and those of all messages in it, but for values that a map's entries do not have, which cannot be edited. */
function* nodesIn(node: WireNode): Generator<WireNode> {
  yield node;
  for (const { property, label, message } of node.type.fields) {
    if (message === undefined) continue;
    const children =
      label === "map"
        ? node.entries(property).values()
        : label === "repeated"
          ? node.messages(property)
          : [node.message(property)];
    for (const child of children) if (child?.offset !== undefined) yield* nodesIn(child);
  }
}

function checkReading(node: WireNode, decoded: object): void {
  const values = propertiesOf(decoded);
  for (const { property, label, message, explicit } of node.type.fields) {
    const value = values[property];
    expect(node.value(property)).toStrictEqual(value);
    const size = Array.isArray(value) ? value.length : value instanceof Map ? value.size : undefined;
    expect(node.has(property)).toBe(
      size === undefined ? value !== undefined && (explicit || !isDefault(value)) : size > 0,
    );
    if (size !== undefined) expect(node.count(property)).toBe(size);
    if (message === undefined) continue;
    if (label === "map" && value instanceof Map) {
      const entries = node.entries(property);
      expect([...entries.keys()]).toEqual([...value.keys()]);
      for (const [key, entry] of entries) expect(entry.decode()).toStrictEqual(value.get(key));
    } else if (Array.isArray(value)) expect(node.messages(property).map((each) => each.decode())).toStrictEqual(value);
    else expect(node.message(property)?.decode()).toStrictEqual(value);
  }
}

describe.each(TYPES)("$name", (type) => {
  test.prop([arbitraryWire(type)], options)("is read as it is decoded, and written as it was", (bytes) => {
    const root = openNode(type, bytes);
    const decoded = decodeMessage(type, bytes);
    expect(root.decode()).toStrictEqual(decoded);
    for (const node of nodesIn(root)) checkReading(node, node.decode());
    checkReading(root, decoded);
    expect(root.encode()).toBe(bytes);
    expect(root.changed).toBe(false);
  });

  test.prop([arbitraryWire(type), fc.gen()], options)("fields that are set and set back", (bytes, gen) => {
    const root = openNode(type, bytes);
    for (const node of nodesIn(root)) {
      const donor = propertiesOf(gen(() => arbitraryMessage(node.type, 1)));
      const before = propertiesOf(node.decode());
      for (const { property, oneof, explicit } of node.type.fields) {
        if (donor[property] === undefined) continue;
        node.set(property, donor[property]);
        const others = node.type.fields.filter((each) => each.oneof !== undefined && each.oneof === oneof);
        const inForce = others.find((each) => before[each.property] !== undefined)?.property ?? property;
        if (before[inForce] === undefined && explicit) node.clear(property);
        else node.set(inForce, before[inForce]);
        expect(node.changed).toBe(false);
      }
    }
    expect(root.changed).toBe(false);
    expect(root.encode()).toBe(bytes);
  });

  test.prop([arbitraryWire(type), fc.gen()], options)("elements and entries, there and back", (bytes, gen) => {
    const root = openNode(type, bytes);
    for (const node of nodesIn(root)) {
      const donor = propertiesOf(gen(() => arbitraryMessage(node.type, 1)));
      const pick = (count: number) => gen(() => fc.nat(Math.max(count - 1, 0)));
      for (const { property, label, wireType } of node.type.fields) {
        const before = node.value(property);
        const given = donor[property];
        if (Array.isArray(before) && wireType === 2) {
          const [element] = Array.isArray(given) ? given : [];
          thereAndBack(node, listTurns(node, property, before, element, pick));
        } else if (label === "map" && before instanceof Map) {
          const [[key, value] = []] = given instanceof Map ? given : [];
          thereAndBack(node, mapTurns(node, property, before, key, value, pick));
        }
      }
    }
    expect(root.changed).toBe(false);
    expect(root.encode()).toBe(bytes);
  });
});

/** An edit and its undo. */
type Turn = readonly [name: string, there: () => void, back: () => void];

function thereAndBack(node: WireNode, turns: Iterable<Turn>): void {
  for (const [name, there, back] of turns) {
    there();
    back();
    expect(node.changed, name).toBe(false);
  }
}

function* listTurns(
  node: WireNode,
  name: string,
  before: readonly unknown[],
  element: unknown,
  pick: (count: number) => number,
): Generator<Turn> {
  const at = pick(before.length + 1);
  if (element !== undefined) {
    yield ["insert", () => node.insert(name, at, element), () => node.remove(name, at)];
    if (at < before.length) {
      yield ["replace", () => node.replace(name, at, element), () => node.replace(name, at, before[at])];
    }
  }
  if (at < before.length) yield ["remove", () => node.remove(name, at), () => node.insert(name, at, before[at])];
  const removed: (readonly [index: number, element: unknown])[] = [];
  const left = [...before];
  const removeAll = () => {
    while (left.length > 0) {
      const index = pick(left.length);
      removed.push([index, left[index]]);
      left.splice(index, 1);
      node.remove(name, index);
    }
  };
  const insertAll = () => {
    for (const [index, each] of removed.reverse()) node.insert(name, index, each);
  };
  const appendAll = () => {
    for (const each of before) node.append(name, each);
  };
  yield ["remove all", removeAll, insertAll];
  yield ["clear", () => node.clear(name), appendAll];
}

function* mapTurns(
  node: WireNode,
  name: string,
  before: ReadonlyMap<MapKey, unknown>,
  key: MapKey | undefined,
  value: unknown,
  pick: (count: number) => number,
): Generator<Turn> {
  const isNew = key !== undefined && !before.has(key);
  if (isNew) yield ["add", () => node.setEntry(name, key, value), () => node.deleteEntry(name, key)];
  const entries = [...before];
  const first = entries[pick(entries.length + 1)];
  if (first === undefined) return;
  const [one, old] = first;
  yield ["delete", () => node.deleteEntry(name, one), () => node.setEntry(name, one, old)];
  if (value !== undefined) yield ["set", () => node.setEntry(name, one, value), () => node.setEntry(name, one, old)];
  if (isNew) {
    const rename = (from: MapKey, to: MapKey) => node.renameEntry(name, from, to);
    yield ["rename", () => rename(one, key), () => rename(key, one)];
    const [other] = entries[pick(entries.length)] ?? first;
    const swap = () => {
      rename(one, key);
      if (one !== other) rename(other, one);
      rename(key, other);
    };
    yield ["swap", swap, swap];
  }
  const shuffled = entries.map((entry) => [pick(100), entry] as const).sort(([a], [b]) => a - b);
  const setAll = () => {
    for (const [, [each, its]] of shuffled) node.setEntry(name, each, its);
  };
  yield ["clear", () => node.clear(name), setAll];
}
