import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ModelbytesError } from "@modelbytes/bytes";
import type { Hdf5File, Hdf5Link, Hdf5Object, Hdf5Value } from "@modelbytes/hdf5";
import { toBytes } from "@modelbytes/tensor";

/** The folder of fixtures, as a path. */
export const FIXTURES: string = fileURLToPath(new URL("../../../fixtures/hdf5/", import.meta.url));

/** An object as fixtures/hdf5/described.py says it. */
export interface Described {
  readonly path: string;
  readonly kind: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly [more: string]: unknown;
}

/** The fixtures and their files, with what h5py says of them. */
export function fixtures(): [fixture: string, file: string, expected: readonly Described[]][] {
  const folders = readdirSync(FIXTURES, { withFileTypes: true }).filter(({ name }) =>
    existsSync(`${FIXTURES}${name}/expected.json`),
  );
  return folders.flatMap(({ name }) => {
    const { files }: { files: Record<string, Described[]> } = JSON.parse(
      readFileSync(`${FIXTURES}${name}/expected.json`, "utf8"),
    );
    return Object.entries(files).map(([file, expected]): [string, string, Described[]] => [name, file, expected]);
  });
}

function hashed(data: Uint8Array): string {
  if (data.length <= 64) return Buffer.from(data).toString("hex");
  return `sha256 ${createHash("sha256").update(data).digest("hex")}`;
}

/** A value as described.py says it. */
export function describeValue(value: Hdf5Value): object {
  const { dtype, shape } = value;
  switch (value.dtype) {
    case "null":
      return { dtype, shape };
    case "opaque":
      return { dtype, shape, itemsize: value.itemsize, data: hashed(value.data) };
    case "list":
      return { dtype, shape, data: value.data.map(describeValue) };
    case "record": {
      const members = [...value.members].map(([name, member]) => [name, describeValue(member)]);
      return { dtype, shape, members: Object.fromEntries(members) };
    }
    case "string":
    case "variant":
      return { dtype, shape, data: value.data.map(hashed) };
    default:
      return { dtype, shape, data: hashed(toBytes(value)) };
  }
}

function describeLink(link: Hdf5Link): string {
  if (link.kind === "soft") return `soft ${link.target}`;
  return link.kind === "external" ? `external ${link.file} ${link.target}` : link.kind;
}

/** What is not to be described as h5py does, by path. */
export type Readable = (object: Hdf5Object) => boolean;

/** The whole file as described.py says it: the root, then all objects of `walk`. */
export async function describeFile(file: Hdf5File, readable: Readable = () => true): Promise<Described[]> {
  const described = [await describeObject(file, await file.object("/"), readable)];
  for await (const object of file.walk()) described.push(await describeObject(file, object, readable));
  return described;
}

async function describeObject(file: Hdf5File, object: Hdf5Object, readable: Readable): Promise<Described> {
  const { path } = object;
  const values = await file.attributes(path);
  const attributes = Object.fromEntries([...values].map(([name, value]) => [name, describeValue(value)]));
  const described = { path, kind: object.kind, attributes };
  if (object.kind === "datatype") return described;
  if (object.kind === "group") {
    return {
      ...described,
      links: Object.fromEntries([...object.links].map(([name, link]) => [name, describeLink(link)])),
    };
  }
  const { maxShape, layout } = object;
  const form = { ...described, maxShape, chunk: layout.class === "chunked" ? layout.chunk : null };
  if (!readable(object)) return form;
  const value = describeValue(await file.read(path));
  // h5py gives references as objects, whose bytes it does not tell
  if (object.datatype.class === "reference") Object.assign(value, { itemsize: undefined, data: "references" });
  return { ...form, value };
}

/** The names of attributes and links in their order, which comparing objects does not look at. */
export function orders(described: readonly Described[]): string[] {
  return described.map(({ path, attributes, links }) =>
    JSON.stringify([path, Object.keys(attributes), Object.keys(links ?? {})]),
  );
}

/** The typed error of `run`, or what it gives. Any other error fails the test. */
export async function attempt<T>(run: () => Promise<T>): Promise<T | ModelbytesError> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ModelbytesError) return error;
    throw error;
  }
}
