import { readdirSync, readFileSync } from "node:fs";
import { ModelbytesError } from "@modelbytes/bytes";
import type { Bundle } from "@modelbytes/tensor-bundle";
import { crc32c, mask } from "../src/crc32c/crc32c.ts";
import { TRAILER_BYTES } from "../src/table/trailer.ts";
import { describeTensor, FIXTURES } from "./fixtures.ts";

/** The files of a fixture, by name, to be damaged. */
export function filesOf(fixture: string): Map<string, Uint8Array<ArrayBuffer>> {
  const files = readdirSync(`${FIXTURES}${fixture}`, { withFileTypes: true });
  const names = files.filter((file) => file.isFile() && !file.name.endsWith(".json")).map(({ name }) => name);
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(`${FIXTURES}${fixture}/${name}`))]));
}

/** A copy with one byte changed. */
export function flipped(bytes: Uint8Array, at: number, xor: number): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ xor;
  return copy;
}

/** A copy in which the checksum of the block at `offset` holds again. */
export function resealed(
  index: Uint8Array,
  block: { readonly offset: number; readonly size: number },
): Uint8Array<ArrayBuffer> {
  const copy = index.slice();
  const end = block.offset + block.size + 1;
  new DataView(copy.buffer).setUint32(end, mask(crc32c(copy.subarray(block.offset, end))), true);
  return copy.subarray(0, Math.max(copy.length, end + TRAILER_BYTES - 1));
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

/** What each tensor holds, or the error of reading it. */
export async function contents(bundle: Bundle): Promise<Map<string, string>> {
  const result = new Map<string, string>();
  for (const name of bundle.entries.keys()) {
    const tensor = await attempt(() => bundle.read(name));
    result.set(name, tensor instanceof ModelbytesError ? tensor.code : JSON.stringify(describeTensor(tensor)));
  }
  return result;
}
