// Random edits of trees, and the same edits of typed objects.

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import { encodeMessage } from "../src/encode.ts";
import type { MapKey } from "../src/map-order.ts";
import { NodeDef, SavedObjectGraph, SignatureDef } from "../src/messages/index.ts";
import { propertiesOf } from "../src/properties.ts";
import { type Field, field, type MessageType, map, message } from "../src/schema.ts";
import { readRecords } from "../src/tree/records.ts";
import type { WireNode } from "../src/tree/wire-node.ts";
import { hexOf, joined } from "./hex.ts";
import { arbitraryMessage } from "./random-message.ts";
import { arbitraryWire, Kitchen, openNode } from "./tree-wire.ts";

type Pick = (count: number) => number;
type Donate = (type: MessageType) => object;

/** A message as a node and as a typed object. */
type Both = readonly [node: WireNode, model: object];

function childrenOf([node, model]: Both): Both[] {
  const values = propertiesOf(model);
  return node.type.fields.flatMap(({ property, label, message: held }): Both[] => {
    const value = values[property];
    if (held === undefined || value === undefined) return [];
    if (label === "repeated" && Array.isArray(value))
      return node.messages(property).map((child, at) => [child, value[at]]);
    if (label === "map" && value instanceof Map) {
      const all = [...node.entries(property)].map(([key, child]): Both => [child, value.get(key)]);
      return all.filter(([child]) => child.encode().length > 0); // an entry may lack its value
    }
    const child = node.message(property);
    return child === undefined || typeof value !== "object" || value === null ? [] : [[child, value]];
  });
}

function descend(both: Both, pick: Pick): Both {
  const children = childrenOf(both);
  const child = pick(3) > 0 ? children[pick(children.length)] : undefined;
  return child === undefined ? both : descend(child, pick);
}

/** Does one random edit to both, and gives the field. */
function edit([node, model]: Both, pick: Pick, donate: Donate): Field | undefined {
  const { fields } = node.type;
  const chosen = fields[pick(fields.length)];
  if (chosen === undefined) return undefined;
  const { property, label, wireType } = chosen;
  const values = propertiesOf(model);
  const given = propertiesOf(donate(node.type))[property];
  const now = values[property];
  if (label === "repeated" && wireType === 2 && Array.isArray(now)) {
    editList(node, property, now, Array.isArray(given) ? given : [], pick);
  } else if (label === "map" && now instanceof Map)
    editMap(node, property, now, given instanceof Map ? given : new Map(), pick);
  else if (given === undefined || pick(4) === 0) {
    node.clear(property);
    setModel(node.type, values, chosen, propertiesOf(node.type.create())[property]);
  } else {
    const asBytes = chosen.message !== undefined && typeof given === "object" && given !== null && pick(2) === 0;
    node.set(property, asBytes ? encodeMessage(chosen.message(), given, { mapOrder: node.mapOrder }) : given);
    setModel(node.type, values, chosen, given);
  }
  return chosen;
}

function setModel(
  type: MessageType,
  values: Record<string, unknown>,
  { property, oneof }: Field,
  value: unknown,
): void {
  if (value === undefined) delete values[property];
  else {
    for (const each of type.fields) if (oneof !== undefined && each.oneof === oneof) delete values[each.property];
    values[property] = value;
  }
}

function editList(node: WireNode, name: string, now: unknown[], given: readonly unknown[], pick: Pick): void {
  const [element] = given;
  const at = pick(now.length);
  switch (pick(6)) {
    case 0:
      node.set(name, given);
      now.splice(0, now.length, ...given);
      break;
    case 1:
      node.clear(name);
      now.length = 0;
      break;
    case 2:
      if (now.length === 0) break;
      node.remove(name, at);
      now.splice(at, 1);
      break;
    case 3:
      if (now.length === 0 || element === undefined) break;
      node.replace(name, at, element);
      now[at] = element;
      break;
    case 4:
      if (element === undefined) break;
      node.insert(name, at, element);
      now.splice(at, 0, element);
      break;
    default:
      if (element === undefined) break;
      node.append(name, element);
      now.push(element);
  }
}

function editMap(
  node: WireNode,
  name: string,
  now: Map<MapKey, unknown>,
  given: Map<MapKey, unknown>,
  pick: Pick,
): void {
  const [[key, value] = []] = given;
  const one = [...now.keys()][pick(now.size)];
  switch (pick(6)) {
    case 0:
      node.set(name, given);
      now.clear();
      for (const [each, its] of given) now.set(each, its);
      break;
    case 1:
      node.clear(name);
      now.clear();
      break;
    case 2:
      if (one === undefined) break;
      expect(node.deleteEntry(name, one)).toBe(now.delete(one));
      break;
    case 3:
      if (one === undefined || key === undefined || now.has(key)) break;
      node.renameEntry(name, one, key);
      now.set(key, now.get(one));
      now.delete(one);
      break;
    case 4:
      if (one === undefined || key === undefined) break;
      node.setEntry(name, one, value);
      now.set(one, value);
      break;
    default:
      if (key === undefined) break;
      node.setEntry(name, key, value);
      now.set(key, value);
  }
}

interface Root {
  order: Map<number, string>;
  kitchen?: Kitchen;
}

/** Two entries of `order` show in which order maps are. */
const Root: MessageType<Root> = message<Root>(
  "test.Root",
  () => ({ order: new Map() }),
  () => [map(1, "order", "int32", "string"), field(2, "kitchen", Kitchen)],
);

const gen = fc.gen();
const options = { endOnFailure: true };

/** Bounded numbers and typed objects, out of a property's randomness. */
function sources(random: fc.GeneratorValue): { pick: Pick; donate: Donate } {
  return {
    pick: (count) => random(() => fc.nat(Math.max(count - 1, 0))),
    donate: (type) => random(() => arbitraryMessage(type, 2)),
  };
}

describe.each(["upb", "c++"] as const)("a message in the order of %s", (mapOrder) => {
  test.prop([arbitraryMessage(Kitchen), fc.nat(12), gen], options)(
    "edited is, byte for byte, the edited object written in that order",
    (kitchen, edits, random) => {
      const { pick, donate } = sources(random);
      const model = {
        order: new Map([
          [1, "a"],
          [2, "b"],
        ]),
        kitchen,
      };
      const root = openNode(Root, encodeMessage(Root, model, { mapOrder }));
      for (let count = 0; count <= edits; count++) {
        const node = root.message("kitchen");
        if (node === undefined) throw new Error("there is no kitchen");
        edit(descend([node, model.kitchen], pick), pick, donate);
        expect(hexOf(root.encode())).toBe(hexOf(encodeMessage(Root, model, { mapOrder })));
      }
      expect(hexOf(joined(...root.chunks()))).toBe(hexOf(root.encode()));
      expect(root.decode()).toStrictEqual(decodeMessage(Root, root.encode()));
    },
  );
});

describe.each<MessageType>([Kitchen, NodeDef, SignatureDef, SavedObjectGraph])("any $name", (type) => {
  test.prop([arbitraryWire(type), fc.nat(8), gen], options)("edited has the edited values", (bytes, edits, random) => {
    const { pick, donate } = sources(random);
    const before = bytes.slice();
    const root = openNode(type, bytes);
    const model = decodeMessage(type, bytes);
    for (let count = 0; count <= edits; count++) {
      const both = descend([root, model], pick);
      edit(both, pick, donate);
      const [node, edited] = both;
      expect(hexOf(encodeMessage(node.type, node.decode()))).toBe(hexOf(encodeMessage(node.type, edited)));
      const values = propertiesOf(edited);
      for (const { property } of node.type.fields) {
        const written = (value: unknown) => hexOf(encodeMessage(node.type, { [property]: value }));
        expect(written(node.value(property))).toBe(written(values[property]));
      }
    }
    expect(hexOf(encodeMessage(type, decodeMessage(type, root.encode())))).toBe(hexOf(encodeMessage(type, model)));
    expect(root.encode() === bytes).toBe(!root.changed);
    expect(bytes).toEqual(before);
  });

  test.prop([arbitraryWire(type), gen], options)(
    "edited in one field keeps every record of the others",
    (bytes, random) => {
      const { pick, donate } = sources(random);
      const root = openNode(type, bytes);
      const { number, oneof } = edit([root, decodeMessage(type, bytes)], pick, donate) ?? {};
      const others = (all: Uint8Array) => {
        const records = readRecords(all, 0, all.length, 0);
        const indices = Array.from({ length: records.count }, (_, index) => index).filter((index) => {
          const field = type.byNumber.get(records.tag(index) >>> 3);
          return field === undefined || (field.number !== number && (oneof === undefined || field.oneof !== oneof));
        });
        return indices.map((index) => hexOf(all.subarray(records.start(index), records.end(index))));
      };
      expect(others(root.encode())).toEqual(others(bytes));
    },
  );
});
