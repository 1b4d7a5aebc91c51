import { CorruptError, type Place, type Source } from "@modelbytes/bytes";
import { MetadataReader, type Widths } from "./metadata-reader.ts";
import { Pages } from "./pages.ts";
import { decodeSuperblock, hasSignature, SUPERBLOCK_BYTES, type Superblock } from "./superblock.ts";

/** How the bytes of data are read. */
export interface DataOptions {
  /** Memory that the result may lie in, as in `SourceReadOptions`. */
  readonly scratch?: Uint8Array<ArrayBuffer> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file whose superblock is known: reads at addresses, each checked against the end of the file before anything is read. */
export class MetadataFile {
  readonly superblock: Superblock;
  readonly size: number;
  readonly name: string;
  readonly #source: Source;
  readonly #pages: Pages;

  constructor(source: Source, pages: Pages, superblock: Superblock) {
    this.#source = source;
    this.#pages = pages;
    this.superblock = superblock;
    this.size = pages.size;
    this.name = source.name;
  }

  /** Metadata at an address, to be looked at only. `path` is the object that it belongs to. Throws a `CorruptError` (`"beyond-end"`). */
  async read(address: number, length: number, path: string): Promise<MetadataReader> {
    const place = this.checked(address, length, path);
    const bytes = await this.#pages.read(place.offset, length);
    return new MetadataReader(bytes, place, this.superblock);
  }

  /** Data at an address: fresh memory, or with `scratch` memory to be looked at. */
  async data(
    address: number,
    length: number,
    path: string,
    options: DataOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { offset } = this.checked(address, length, path);
    if (!this.#pages.whole) return await this.#source.read(offset, length, options);
    options.signal?.throwIfAborted();
    const bytes = await this.#pages.read(offset, length);
    return options.scratch === undefined ? bytes.slice() : bytes;
  }

  /** An error at an address; returned, not thrown. */
  corrupt(code: string, reason: string, address: number, path: string): CorruptError {
    return new CorruptError(code, reason, { file: this.name, offset: this.superblock.base + address, tensor: path });
  }

  /** Where a range lies in the file. Throws a `CorruptError` (`"beyond-end"`) if it does not. */
  checked(address: number, length: number, path: string): Place & { readonly offset: number } {
    const offset = this.superblock.base + address;
    if (offset + length <= this.size) return { file: this.name, offset, tensor: path };
    const reason = `${length} bytes are said to be at byte ${offset}, but the file ends at byte ${this.size}`;
    throw new CorruptError("beyond-end", reason, { file: this.name, tensor: path });
  }
}

/** A user block is as long as a power of two from 512 up; nobody has one beyond this. */
const LAST_SUPERBLOCK = 2 ** 24;
const PROVISIONAL: Widths = { offsetSize: 8, lengthSize: 8 };

/**
 * Finds the superblock. Throws a `CorruptError` where there is none (`"not-hdf5"`) and where the file is shorter than its
 * superblock says (`"truncated"`), an `UnsupportedError` for an unknown version.
 */
export async function openMetadata(
  source: Source,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<MetadataFile> {
  const size = await source.size(options);
  const pages = new Pages(source, size);
  for (let base = 0; base + 48 <= size && base <= LAST_SUPERBLOCK; base = base === 0 ? 512 : 2 * base) {
    const bytes = await pages.read(base, Math.min(SUPERBLOCK_BYTES, size - base));
    if (!hasSignature(bytes)) continue;
    const place = { file: source.name, offset: base };
    const superblock = decodeSuperblock(new MetadataReader(bytes, place, PROVISIONAL), base);
    if (superblock.endOfFile <= size) return new MetadataFile(source, pages, superblock);
    const reason = `the file should have ${superblock.endOfFile} bytes and has ${size}: its end is missing`;
    throw new CorruptError("truncated", reason, place);
  }
  throw new CorruptError("not-hdf5", "this is no HDF5 file: it has no superblock", { file: source.name });
}
