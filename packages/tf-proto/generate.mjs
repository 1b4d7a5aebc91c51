// Makes src/messages from the .proto files in proto/: for each file a TypeScript file with an interface and a MessageType for
// every message, and an EnumType for every enum.
// With --check it writes nothing and fails if the committed files differ.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const PROTO = new URL("proto/", import.meta.url);
const MESSAGES = new URL("src/messages/", import.meta.url);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * TypeScript knows no packages and no messages inside others. A message or enum has the name that it has in its .proto file. If
 * that is taken, or says nothing by itself, it has the message around it in front (`AttrValueListValue`, `ChunkInfoType`) or else
 * a word for its package (`KerasSavedObject`). Those of the package `tensorflow`, and of no message around them, choose first.
 */
const SAYING_NOTHING = new Set(["Type", "Kind", "Code"]);
const PACKAGE_WORDS = new Map([
  ["tensorflow.error", "Error"],
  ["tensorflow.proto_splitter", "Splitter"],
  ["third_party.tensorflow.python.keras.protobuf", "Keras"],
]);

/** A file with more lines is one that nobody reads. */
const LONGEST = 400;

const BIGINTS = new Set(["int64", "uint64", "sint64", "fixed64", "sfixed64"]);

/** Every .proto file: `{ file, origin, proto2, types }`, where `types` has those inside others too. */
function parseAll() {
  const root = new protobuf.Root();
  const files = readdirSync(PROTO).filter((name) => name.endsWith(".proto"));
  const sources = new Map(files.map((name) => [name, readFileSync(new URL(name, PROTO), "utf8")]));
  for (const [name, source] of sources) {
    protobuf.parse.filename = name;
    const { imports = [] } = protobuf.parse(source, root, { keepCase: true });
    const missing = imports.find((each) => !sources.has(each));
    if (missing !== undefined) throw new Error(`${name} imports ${missing}, which is not in proto/`);
  }
  root.resolveAll();
  const all = typesBelow(root);
  return [...sources].map(([name, source]) => ({
    file: name.replace(/\.proto$/, "").replaceAll("_", "-"),
    /** The path in TensorFlow's repository, which the first line of the file begins with. */
    origin: /^\/\/ (\S+\.proto):/.exec(source)?.[1] ?? fail(`${name} does not begin with the path of the original`),
    proto2: /^syntax = "proto2";/m.test(source),
    types: all.filter((type) => type.filename === name),
  }));
}

function fail(reason) {
  throw new Error(reason);
}

/** Messages and enums, each before those inside it. */
function typesBelow(namespace) {
  return namespace.nestedArray.flatMap((each) => {
    if (each instanceof protobuf.Enum) return [each];
    return each instanceof protobuf.Type ? [each, ...typesBelow(each)] : typesBelow(each);
  });
}

/** `"tensorflow.NodeDef"`. */
const fullName = (type) => type.fullName.slice(1);

/** The message around a type, or undefined. */
const outer = (type) => (type.parent instanceof protobuf.Type ? type.parent : undefined);

function packageOf(type) {
  const around = outer(type);
  return around === undefined ? fullName(type.parent) : packageOf(around);
}

/** The TypeScript name of every type. */
function nameAll(types) {
  const word = (type) => PACKAGE_WORDS.get(packageOf(type)) ?? "";
  const candidates = (type) => {
    const longer = (outer(type)?.name ?? word(type)) + type.name;
    return SAYING_NOTHING.has(type.name) ? [longer] : [type.name, longer];
  };
  const rank = (type) => (outer(type) === undefined ? 0 : 2) + (word(type) === "" ? 0 : 1);
  const names = new Map();
  const taken = new Set();
  for (const type of [...types].sort((a, b) => rank(a) - rank(b))) {
    const name = candidates(type).find((each) => !taken.has(each)) ?? fail(`every name of ${fullName(type)} is taken`);
    taken.add(name);
    names.set(type, name);
  }
  return names;
}

function tsTypeOf(type, resolved, names) {
  if (resolved instanceof protobuf.Enum) return "number";
  if (resolved instanceof protobuf.Type) return names.get(resolved);
  if (BIGINTS.has(type)) return "bigint";
  return { bool: "boolean", string: "string", bytes: "Uint8Array" }[type] ?? "number";
}

/** How the typed object holds a field: `{ type, initial, explicit, oneof }`. */
function shapeOf(field, names) {
  if (field.required || field.getOption("default") !== undefined)
    fail(`${field.fullName}: decode.ts knows no such field`);
  if (field.jsonName in {}) fail(`${field.fullName}: every object has a property ${field.jsonName}`);
  const { resolvedType } = field;
  const oneof = field.partOf?.name.startsWith("_") ? undefined : field.partOf?.name; // `_x` stands for `optional x`
  const type = tsTypeOf(field.type, resolvedType, names);
  if (field.map)
    return { type: `Map<${tsTypeOf(field.keyType, null, names)}, ${type}>`, initial: "new Map()", explicit: false };
  if (field.repeated) return { type: `${type}[]`, initial: "[]", explicit: false };
  const initial = { number: "0", bigint: "0n", boolean: "false", string: '""' }[type] ?? "NO_BYTES";
  const explicit = resolvedType instanceof protobuf.Type || field.hasPresence;
  return { type, initial, explicit, oneof };
}

function interfaceOf(type, names) {
  const lines = type.fieldsArray.map((field) => {
    const { type: tsType, explicit, oneof } = shapeOf(field, names);
    const notes = [
      ...(oneof === undefined ? [] : [`One of \`${oneof}\`.`]),
      ...(field.resolvedType instanceof protobuf.Enum ? [`A number of \`${names.get(field.resolvedType)}\`.`] : []),
    ];
    const comment = notes.length === 0 ? "" : `  /** ${notes.join(" ")} */\n`;
    return `${comment}  ${field.jsonName}${explicit ? "?" : ""}: ${tsType};\n`;
  });
  return `{\n${lines.join("")}  $unknown?: Uint8Array;\n}`;
}

/** Only numbers can be: protobufjs says it of all repeated fields of a proto3 file. */
const isPacked = ({ packed, resolvedType, type }) =>
  packed && !(resolvedType instanceof protobuf.Type) && type !== "string" && type !== "bytes";

function fieldOf(field, names, proto2) {
  const { oneof } = shapeOf(field, names);
  const type = field.resolvedType ? names.get(field.resolvedType) : JSON.stringify(field.type);
  const many = field.map || field.repeated;
  if (proto2 && many && field.resolvedType instanceof protobuf.Enum)
    fail(`${field.fullName}: decode.ts knows no lists of closed enums`);
  const place = `${field.id}, ${JSON.stringify(field.name)}`;
  if (field.map) return `map(${place}, ${JSON.stringify(field.keyType)}, ${type})`;
  if (field.repeated) return `${isPacked(field) ? "packed" : "repeated"}(${place}, ${type})`;
  if (oneof !== undefined) return `member(${JSON.stringify(oneof)}, ${place}, ${type})`;
  const optional = field.hasPresence && !(field.resolvedType instanceof protobuf.Type);
  return `${optional ? "optional" : "field"}(${place}, ${type})`;
}

function messageOf(type, names, proto2) {
  const initial = type.fieldsArray
    .map((field) => ({ field, ...shapeOf(field, names) }))
    .filter(({ explicit }) => !explicit)
    .map(({ field, initial }) => `${field.jsonName}: ${initial}`);
  const fields = [...type.fieldsArray].sort((a, b) => a.id - b.id).map((field) => fieldOf(field, names, proto2));
  return `message<${names.get(type)}>(
    ${JSON.stringify(fullName(type))},
    () => ({ ${initial.join(", ")} }),
    () => [${fields.join(", ")}],
  )`;
}

function enumOf(type, proto2) {
  const values = Object.entries(type.values).map(([name, number]) => `${name}: ${number}`);
  const maker = proto2 ? "closedEnumeration" : "enumeration";
  return `${maker}(${JSON.stringify(fullName(type))}, { ${values.join(", ")} })`;
}

function declarationOf(type, { origin, proto2 }, names) {
  const name = names.get(type);
  const note = `/** \`${fullName(type)}\` of ${origin}. */`;
  if (type instanceof protobuf.Enum) {
    return `${note}\nexport const ${name}: EnumType = /*#__PURE__*/ ${enumOf(type, proto2)};`;
  }
  return `${note}
export interface ${name} ${interfaceOf(type, names)}

/** \`${fullName(type)}\`, as data. */
export const ${name}: MessageType<${name}> = /*#__PURE__*/ ${messageOf(type, names, proto2)};`;
}

/** What a file may import from schema.ts, and how it looks where it is used. */
const SCHEMA = [
  ...["closedEnumeration", "enumeration", "field", "map", "member", "message", "optional", "packed", "repeated"].map(
    (name) => [name, new RegExp(`(?<![\\w$.])${name}[(<]`)],
  ),
  ["NO_BYTES", /\bNO_BYTES\b/],
  ["type EnumType", /: EnumType\b/],
  ["type MessageType", /: MessageType\b/],
];

function codeOf(file, names, fileOf) {
  const body = file.types.map((type) => declarationOf(type, file, names)).join("\n\n");
  const schema = SCHEMA.filter(([, use]) => use.test(body)).map(([name]) => name);
  const fields = file.types.flatMap((type) => type.fieldsArray ?? []);
  const foreign = new Set(
    fields.map((field) => field.resolvedType).filter((type) => type && !file.types.includes(type)),
  );
  const imports = [...foreign].map((type) => `import { ${names.get(type)} } from "./${fileOf.get(type)}.ts";\n`);
  return `// Generated by generate.mjs from proto/. Do not edit.

import { ${schema.join(", ")} } from "../schema.ts";
${imports.join("")}
${body}
`;
}

function formatted(code, path) {
  const biome = fileURLToPath(new URL("../../node_modules/.bin/biome", import.meta.url));
  return execFileSync(biome, ["check", "--write", `--stdin-file-path=${path}`], {
    input: code,
    cwd: ROOT,
    encoding: "utf8",
  });
}

/** File name to text. */
function generate() {
  const files = parseAll();
  const names = nameAll(files.flatMap(({ types }) => types));
  const fileOf = new Map(files.flatMap(({ file, types }) => types.map((type) => [type, file])));
  const made = files.map((each) => [`${each.file}.ts`, codeOf(each, names, fileOf)]);
  const index = files.map(
    ({ file, types }) => `export { ${types.map((type) => names.get(type)).join(", ")} } from "./${file}.ts";\n`,
  );
  made.push(["index.ts", `// Generated by generate.mjs from proto/. Do not edit.\n\n${index.join("")}`]);
  return new Map(made.map(([name, code]) => [name, formatted(code, `packages/tf-proto/src/messages/${name}`)]));
}

const generated = generate();
for (const [name, text] of generated) {
  if (text.split("\n").length > LONGEST) fail(`${name} has more than ${LONGEST} lines: split its .proto file`);
}
const present = existsSync(MESSAGES) ? readdirSync(MESSAGES) : [];
if (process.argv.includes("--check")) {
  const stale = [...new Set([...generated.keys(), ...present])].filter(
    (name) => !present.includes(name) || readFileSync(new URL(name, MESSAGES), "utf8") !== generated.get(name),
  );
  for (const name of stale)
    console.error(`${fileURLToPath(new URL(name, MESSAGES))} is not what proto/ says; run generate.mjs`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  mkdirSync(MESSAGES, { recursive: true });
  for (const name of present) if (!generated.has(name)) rmSync(new URL(name, MESSAGES));
  for (const [name, text] of generated) writeFileSync(new URL(name, MESSAGES), text);
}
