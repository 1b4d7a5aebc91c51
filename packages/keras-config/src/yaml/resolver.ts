// What PyYAML makes of a plain scalar, one without quotes and tag: YAML 1.1 with small deviations (a float needs its dot, `y` and `n` are
// strings). The reader asks it for the type, the writer whether a string would be taken for another type and needs quotes.

/** The types that plain scalars have. `value` is YAML 1.1's `=`. */
export type PlainType = "null" | "bool" | "int" | "float" | "merge" | "timestamp" | "value" | "str";

/** In the order in which PyYAML tries them, each with the characters that it may begin with. */
const PLAIN_TYPES: readonly (readonly [type: PlainType, first: string, pattern: RegExp])[] = [
  ["bool", "yYnNtTfFoO", /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/],
  ["float", "-+0123456789.", /^[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?$/],
  ["float", ".", /^\.\d[\d_]*(?:[eE][-+]\d+)?$/],
  ["float", "-+0123456789", /^[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*$/],
  ["float", "-+.", /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/],
  ["int", "-+0123456789", /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][\d_]*|0x[\da-fA-F_]+|[1-9][\d_]*(?::[0-5]?\d)+)$/],
  ["merge", "<", /^<<$/],
  ["null", "~nN", /^(?:~|null|Null|NULL)$/],
  ["timestamp", "0123456789", /^\d{4}-\d\d-\d\d$/],
  [
    "timestamp",
    "0123456789",
    /^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/,
  ],
  ["value", "=", /^=$/],
];

const BY_FIRST = new Map<string, readonly (readonly [PlainType, string, RegExp])[]>();
for (const character of new Set(PLAIN_TYPES.map(([, first]) => first).join(""))) {
  BY_FIRST.set(
    character,
    PLAIN_TYPES.filter(([, first]) => first.includes(character)),
  );
}

/** The type of a plain scalar. */
export function plainType(text: string): PlainType {
  if (text === "") return "null";
  for (const [type, , pattern] of BY_FIRST.get(text.charAt(0)) ?? []) if (pattern.test(text)) return type;
  return "str";
}
