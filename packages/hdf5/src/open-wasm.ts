import { BytesSource, type Source, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { ClassicFile } from "./classic/classic-file.ts";
import { openMetadata } from "./classic/metadata-file.ts";
import { OtherFiles } from "./classic/other-files.ts";
import { type TypeFinder, WasmFile } from "./wasm/wasm-file.ts";

/** The largest file that is taken into memory. */
const MOST_FILE_BYTES: number = 4 * 2 ** 30;
/** Bytes of a file that are read at once. */
const PIECE_BYTES: number = 2 ** 26;

/** Reads all of a source and opens it with libhdf5; the source is not needed any more then. */
export async function openWasm(source: Source, options: WaitOptions): Promise<WasmFile> {
  const bytes = await readWhole(source, options);
  return await WasmFile.open(source.name, bytes, await typeFinder(new BytesSource(bytes, source.name)));
}

async function readWhole(source: Source, { signal }: WaitOptions): Promise<Uint8Array<ArrayBuffer>> {
  const size = await source.size({ signal });
  if (size > MOST_FILE_BYTES) {
    const reason = `libhdf5 takes a file whole, and ${size} bytes are too many`;
    throw new UnsupportedError("too-large", reason, { file: source.name });
  }
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += PIECE_BYTES) {
    const scratch = bytes.subarray(at, at + PIECE_BYTES);
    const piece = await source.read(at, scratch.length, { scratch, signal });
    if (piece.buffer !== bytes.buffer) scratch.set(piece);
  }
  return bytes;
}

/** Our own code says what h5wasm does not tell of types, where it can read the file. Its errors are not those that count. */
async function typeFinder(source: Source): Promise<TypeFinder> {
  const file = await openMetadata(source, { others: new OtherFiles(undefined) }).catch(() => undefined);
  const classic = file === undefined ? undefined : new ClassicFile(file, source);
  return async (path, attribute) => {
    const object = await classic?.object(path).catch(() => undefined);
    if (attribute !== undefined) return object?.attributes.get(attribute)?.datatype;
    return object?.kind === "group" ? undefined : object?.datatype;
  };
}
