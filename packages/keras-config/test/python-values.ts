// Random values of Python, and how fixtures/keras-config/python_values.py tells them in JSON.

import fc from "fast-check";
import {
  isPyBytes,
  isPyDict,
  isPyFloat,
  isPyInt,
  isPyList,
  isPySet,
  isPyTuple,
  type PyKey,
  PyTuple,
  type PyValue,
  pyFloat,
  pyInt,
} from "../src/value.ts";

/** A value in JSON, as python_values.py describes it. */
export type Described = null | boolean | readonly [kind: string, content: unknown];
/** A value, with what is met again as a reference. */
export function describeValue(value: PyValue, met: Map<PyValue, number> | null = new Map()): Described {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return ["s", value];
  if (isPyInt(value)) return ["i", String(value.toBigInt())];
  if (isPyFloat(value)) return ["f", pyFloat(value.toNumber()).text.replace("Infinity", "inf").replace("NaN", "nan")];
  if (isPyBytes(value)) return ["b", Buffer.from(value).toString("hex")];
  if (isPyTuple(value) && value.items.length === 0) return ["t", []]; // there is only one () in Python
  const known = met?.get(value);
  if (known !== undefined) return ["r", known];
  met?.set(value, met.size);
  if (isPyDict(value))
    return ["d", [...value].map(([key, each]) => [describeValue(key, met), describeValue(each, met)])];
  if (isPySet(value)) return ["set", [...value].map((item) => describeValue(item, met))];
  if (isPyTuple(value)) return ["t", value.items.map((item) => describeValue(item, met))];
  if (isPyList(value)) return ["l", value.map((item) => describeValue(item, met))];
  throw new TypeError("no value of Python");
}

/** Texts that mean something to YAML or JSON, that fold, break, need escapes or look like other types. */
const text: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("name", "class_name", "Dense", "kernel_initializer", "relu", "float32", "channels_last"),
  },
  { weight: 3, arbitrary: fc.string({ unit: "grapheme-ascii", maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom(..." \n:#-?,[]{}'\"&*!|>%@`ab~=.0<\t\\"), maxLength: 8 }) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(..."0123456789_.:+-eExXoObBinfaNtTzZ "), maxLength: 10 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc.constantFrom(
        "\x00",
        "\x07",
        "\x7f",
        "\x85",
        "\xa0",
        "é",
        "\u2028",
        "\u2029",
        "\ufeff",
        "😀",
        "\ud800",
        "\udc00",
        "\uffff",
        " ",
        "\n",
        "a",
        "\r",
        "/",
      ),
      maxLength: 8,
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(
        fc.string({
          unit: fc.constantFrom("a", "b", " ", " ", "\n", "'", '"', "é", ":", "-"),
          minLength: 1,
          maxLength: 30,
        }),
        { maxLength: 12 },
      )
      .map((parts) => parts.join(" ")),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom("lorem", "ipsum", "a", "don't", "é", "x: y", "#"), { minLength: 10, maxLength: 50 })
      .map((words) => words.join(" ")),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "yes",
      "No",
      "on",
      "y",
      "n",
      "null",
      "~",
      "true",
      "1e3",
      "1.0",
      "1_000",
      "0x1F",
      "010",
      "12:30:45",
      "2001-01-01",
      "<<",
      "=",
      "---",
      "...",
      "- a",
      "a: b",
      "a #b",
      ".inf",
      ".5",
      "0o7",
      "%a",
      "@a",
      "'",
      '"',
      "?",
      "? a",
      "!a",
      "&a",
      "-",
      "--- a",
      " a",
      "a ",
      "\n",
      "a\n",
      "\na",
      "a\n\nb",
      "a\n b",
      "a \nb",
    ),
  },
);

const integer: fc.Arbitrary<PyValue & PyKey> = fc.oneof(
  fc.integer({ min: -3, max: 300 }).map(pyInt),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(pyInt),
);
const float: fc.Arbitrary<PyValue & PyKey> = fc.oneof(
  fc.double().map(pyFloat),
  fc
    .constantFrom(
      0,
      -0,
      1,
      0.1,
      1e-7,
      1e16,
      1e15,
      123456789012345680,
      1e-5,
      1e-4,
      5e-324,
      1e22,
      Math.fround(0.001),
      NaN,
      Infinity,
      -Infinity,
    )
    .map(pyFloat),
  fc
    .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: -20, max: 20 }))
    .map(([digits, exponent]) => pyFloat(Number(`${digits}e${exponent}`))),
);
const atom = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 2, arbitrary: integer },
  { weight: 2, arbitrary: float },
  fc.constant(null),
  fc.boolean(),
);
const bytes = fc.uint8Array({ maxLength: 130 }).map((array) => Uint8Array.from(array));
const key: fc.Arbitrary<PyKey> = fc.oneof({ weight: 8, arbitrary: text }, integer, fc.constant(null), fc.boolean());

/** Values that JSON has. */
export const jsonValue: fc.Arbitrary<PyValue> = fc.letrec<{ value: PyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: atom },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 5 }) },
    { weight: 1, arbitrary: fc.array(tie("value"), { maxLength: 3 }).map((items) => new PyTuple(items)) },
    {
      weight: 3,
      arbitrary: fc
        .array(fc.tuple(fc.oneof({ weight: 6, arbitrary: text }, key), tie("value")), { maxLength: 6 })
        .map(toDict),
    },
  ),
})).value;

/** Values that YAML has: also bytes, sets (of one, as their order is chance in Python), tuples as keys, and lists and dicts that are met again. */
export const yamlValue: fc.Arbitrary<PyValue> = fc
  .tuple(
    fc.letrec<{ value: PyValue; key: PyKey }>((tie) => ({
      key: fc.oneof(
        { maxDepth: 2 },
        { weight: 8, arbitrary: key },
        bytes,
        fc.array(tie("key"), { minLength: 1, maxLength: 3 }).map((items) => new PyTuple(items)),
      ),
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        { weight: 6, arbitrary: atom },
        { weight: 1, arbitrary: bytes },
        { weight: 4, arbitrary: fc.array(tie("value"), { maxLength: 6 }) },
        { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 4 }).map((items) => new PyTuple(items)) },
        {
          weight: 6,
          arbitrary: fc
            .array(fc.tuple(fc.oneof({ weight: 6, arbitrary: text }, tie("key")), tie("value")), { maxLength: 6 })
            .map(toDict),
        },
        { weight: 1, arbitrary: fc.array(text, { maxLength: 1 }).map((items) => new Set(items)) },
      ),
    })).value,
    fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
  )
  .map(([value, chance]) => repeatSome(value, chance));

/** Keys that Python calls equal, or that JSON writes alike, come once. */
function toDict(entries: readonly (readonly [PyKey, PyValue])[]): Map<PyKey, PyValue> {
  const met = new Set<string>();
  const dict = new Map<PyKey, PyValue>();
  for (const [key, value] of entries) {
    const written = typeof key === "string" ? key : JSON.stringify(describeValue(key, null));
    const names = [written, String(key), `${typeof key === "boolean" ? Number(key) : written}`];
    if (!names.some((name) => met.has(name))) dict.set(key, value);
    for (const name of names) met.add(name);
  }
  return dict;
}

/** The value with some of its lists and dicts replaced by others that come before, so that these are met again. */
function repeatSome(value: PyValue, chance: Iterator<number>): PyValue {
  const done: PyValue[] = [];
  const visit = (each: PyValue): PyValue => {
    const roll: number = chance.next().value ?? 1;
    if (isPyInt(each) || isPyFloat(each) || isPyBytes(each) || each === null || typeof each !== "object") return each;
    if (roll < 0.15 && done.length > 0) return done[Math.floor((roll / 0.15) * done.length)] ?? each;
    const copy = isPyList(each)
      ? each.map(visit)
      : isPyTuple(each)
        ? new PyTuple(each.items.map(visit))
        : isPyDict(each)
          ? new Map([...each].map(([name, item]): [PyKey, PyValue] => [name, visit(item)]))
          : each;
    done.push(copy);
    return copy;
  };
  return visit(value);
}
