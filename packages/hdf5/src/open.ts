import { type Source, type SourceLike, type SourceOptions, toSource, type WaitOptions } from "@modelbytes/bytes";
import { ClassicFile } from "./classic/classic-file.ts";
import { openMetadata } from "./classic/metadata-file.ts";
import { OtherFiles } from "./classic/other-files.ts";
import { FallbackFile, isForLibhdf5 } from "./fallback-file.ts";
import type { Hdf5File } from "./hdf5-file.ts";
import { openWasm } from "./open-wasm.ts";

/** How a file is opened. */
export interface OpenHdf5Options extends SourceOptions, WaitOptions {
  /**
   * What reads the file. `"classic"` is our own code: it reads ranges, and bad input never makes it hang. `"h5wasm"` is libhdf5 in
   * WebAssembly, which takes the file whole, up to 4 GiB. `"auto"`, the default, is the first, and the second for objects that it
   * cannot read (filters such as szip, nbit and scaleoffset, newer versions of structures); it is only loaded then.
   */
  readonly engine?: "auto" | "classic" | "h5wasm" | undefined;
  /**
   * Says where another file is that this one names: external links, external storage and virtual datasets lead to such. It gets the
   * name as it is written, which may be anything, and gives a path, bytes or whatever else is a source, or throws. Without it no other
   * file is ever opened. The engine `"h5wasm"` opens none.
   */
  readonly external?: ((name: string) => SourceLike) | undefined;
}

/**
 * Opens an HDF5 file for reading. Reads its superblock; files of up to 4 MiB are read whole at once. Other files are not opened
 * unless `external` says where they are: reading through external links, external storage and virtual datasets of other files is an
 * `UnsupportedError`.
 *
 * Rejects with a `NotFoundError` where there is no file, a `CorruptError` where it is no HDF5 file (`"not-hdf5"`) or its end is
 * missing (`"truncated"`), an `UnsupportedError` for an unknown version.
 */
export async function openHdf5(from: SourceLike, options: OpenHdf5Options = {}): Promise<Hdf5File> {
  const source = toSource(from, options);
  try {
    return await openEngine(source, options);
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

async function openEngine(source: Source, options: OpenHdf5Options): Promise<Hdf5File> {
  const { engine = "auto", signal } = options;
  if (engine === "classic") return await openClassic(source, options);
  if (engine === "auto") {
    try {
      return new FallbackFile(await openClassic(source, options), source);
    } catch (error) {
      if (!isForLibhdf5(error)) throw error;
    }
  }
  const file = await openWasm(source, { signal });
  await source.close?.();
  return file;
}

async function openClassic(source: Source, { signal, external }: OpenHdf5Options): Promise<ClassicFile> {
  return new ClassicFile(await openMetadata(source, { signal, others: new OtherFiles(external) }), source);
}
