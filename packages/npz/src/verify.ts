import { CorruptError, ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import type { Progress } from "@modelbytes/tensor";
import { decodeElements } from "./elements.ts";
import { trailing } from "./npy.ts";
import type { LocatedArray, NumpyContents } from "./numpy-file.ts";

/** How a check is followed and cancelled. */
export interface VerifyOptions extends WaitOptions {
  /** Called as bytes are checked. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Checks every byte, from what is around the arrays to the last of them. `NumpyFile.verify` documents the contract. */
export async function* verifyArrays(
  contents: NumpyContents,
  { signal, onProgress }: VerifyOptions,
): AsyncGenerator<ModelbytesError, void, undefined> {
  const seen = new Set<string>();
  const isNew = ({ code, offset, file }: ModelbytesError) => {
    const key = `${code} ${offset} ${file}`;
    return !seen.has(key) && seen.add(key).size > 0;
  };
  for await (const problem of contents.check({ signal })) if (isNew(problem)) yield problem;
  for (const problem of contents.unreadable.values()) if (isNew(problem)) yield problem;
  const total = contents.arrays.reduce((sum, { file }) => sum + file.size, 0);
  let bytes = 0;
  for (const array of contents.arrays) {
    const { name, file, stored } = array;
    const end = stored.dataOffset + stored.byteLength;
    if (end < file.size) yield trailing(end, file.size, { file: file.name, tensor: name });
    try {
      await checkElements(array, { signal });
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      if (isNew(error)) yield error;
    }
    bytes += file.size;
    onProgress?.({ bytes, total });
  }
}

/** Reads all elements of which not every value is one. Throws a `CorruptError` for bool that is neither 0 nor 1 (`"bool"`) and for text that is none (`"npy-text"`). */
async function checkElements({ name, file, stored }: LocatedArray, options: WaitOptions): Promise<void> {
  const { element, dataOffset, byteLength } = stored;
  const place = { file: file.name, tensor: name };
  if (element.dtype !== "bool" && element.kind !== "text") return;
  let at = 0;
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  for await (const piece of file.pieces(options)) {
    const elements = piece.subarray(Math.max(dataOffset - at, 0), Math.max(dataOffset + byteLength - at, 0));
    if (element.dtype === "bool") {
      const wrong = elements.findIndex((byte) => byte > 1);
      const offset = Math.max(at, dataOffset) + wrong;
      if (wrong >= 0) {
        throw new CorruptError("bool", `a bool is ${elements[wrong]}, neither 0 nor 1`, { ...place, offset });
      }
    }
    if (element.kind === "text" && element.itemsize > 0) {
      const joined = new Uint8Array(rest.length + elements.length);
      joined.set(rest);
      joined.set(elements, rest.length);
      const count = Math.floor(joined.length / element.itemsize);
      decodeElements(element, [count], joined.subarray(0, count * element.itemsize), place);
      rest = joined.slice(count * element.itemsize);
    }
    at += piece.length;
  }
}
