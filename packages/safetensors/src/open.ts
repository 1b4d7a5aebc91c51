import { type Source, type SourceLike, type SourceOptions, toSource, type WaitOptions } from "@modelbytes/bytes";
import { decodeHeader, decodeHeaderLength, LENGTH_BYTES, type SafetensorsHeader } from "./header.ts";
import { SafetensorsFile } from "./safetensors-file.ts";

/** How a file is opened. */
export interface OpenSafetensorsOptions extends SourceOptions, WaitOptions {}

/**
 * Opens a safetensors file: reads and checks its header, and no tensor. Over HTTP that is one request for a header of up to 64 KiB,
 * and two for a longer one.
 *
 * Rejects with a `NotFoundError` where there is no such file, a `CorruptError` for a header that the reference implementation refuses,
 * an `UnsupportedError` for a dtype of later versions.
 */
export async function openSafetensors(
  from: SourceLike,
  options: OpenSafetensorsOptions = {},
): Promise<SafetensorsFile> {
  const source = toSource(from, options);
  try {
    const header = await readHeader(source, options);
    return new SafetensorsFile({ shards: [{ source, header }], index: undefined, problems: header.oddities });
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

/** The header of a file, checked against its size. */
export async function readHeader(source: Source, { signal }: WaitOptions): Promise<SafetensorsHeader> {
  const size = await source.size({ signal });
  const head = await source.read(0, Math.min(LENGTH_BYTES, size), { signal });
  const length = decodeHeaderLength(head, size, source.name);
  return decodeHeader(await source.read(LENGTH_BYTES, length, { signal }), size, source.name);
}
