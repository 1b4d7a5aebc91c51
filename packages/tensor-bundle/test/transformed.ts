import { createHash } from "node:crypto";
import { MemoryFolder } from "@modelbytes/bytes";
import {
  type Bundle,
  openBundle,
  type StoredStream,
  type WriteBundleOptions,
  writeBundle,
} from "@modelbytes/tensor-bundle";
import { expect } from "vitest";
import { contents, filesOf } from "./damage.ts";
import { FIXTURES, fixturesOf } from "./fixtures.ts";

/** A fixture, opened, and its files. */
export async function openFixture(name: string): Promise<{ bundle: Bundle; prefix: string; files: Files }> {
  const [, expected] = fixturesOf("tensor-bundle").find(([fixture]) => fixture === name) ?? [];
  const prefix = expected?.prefix ?? `no fixture ${name} in ${FIXTURES}`;
  const files = filesOf(name);
  return { bundle: await openBundle(files, { prefix }), prefix, files };
}

export type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** The files that are written of a stream. */
export async function filesOfStream(stream: StoredStream, options?: WriteBundleOptions): Promise<Files> {
  const folder = new MemoryFolder();
  await writeBundle({ folder, prefix: "model" }, stream, options);
  return folder.files;
}

/** What is written of a stream, opened again. It has to be sound. */
export async function written(stream: StoredStream, options?: WriteBundleOptions): Promise<Bundle> {
  const bundle = await openBundle(await filesOfStream(stream, options), { prefix: "model" });
  for await (const problem of bundle.verify()) expect.fail(problem.message);
  return bundle;
}

/** The files of a bundle under the prefix `model`, without what else lies in the folder. */
export function asModel(files: Files, prefix: string): Files {
  const own = [...files].filter(([name]) => name.startsWith(`${prefix}.`));
  return new Map(own.map(([name, bytes]) => [`model${name.slice(prefix.length)}`, bytes]));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Files as text, so that a difference is short. */
export function digest(files: Files): Record<string, string> {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, bytes]) => [name, `${bytes.length} bytes, ${sha256(bytes)}`]));
}

/** The values of tensors by name, without the object graph. */
export async function values(bundle: Bundle): Promise<Record<string, string>> {
  const { _CHECKPOINTABLE_OBJECT_GRAPH: _, ...tensors } = Object.fromEntries(await contents(bundle));
  return tensors;
}
