import { CorruptError, type Place, type Source, type WaitOptions } from "@modelbytes/bytes";
import { MetadataReader, type Widths } from "./metadata-reader.ts";
import type { OtherFiles } from "./other-files.ts";
import { PAGE_BYTES, Pages } from "./pages.ts";
import { AtHand, type Reading, type Wanted } from "./reading.ts";
import { decodeSuperblock, hasSignature, SUPERBLOCK_BYTES, type Superblock } from "./superblock.ts";

/** How the bytes of data are read. */
export interface DataOptions {
  /** Memory that the result may lie in, as in `SourceReadOptions`. */
  readonly scratch?: Uint8Array<ArrayBuffer> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Throws a `RangeError` for a `scratch` of fewer than `length` bytes. */
export function checkScratch(length: number, { scratch }: DataOptions): void {
  if (scratch === undefined || scratch.length >= length) return;
  throw new RangeError(`scratch holds ${scratch.length} bytes, fewer than the ${length} to read`);
}

/** A file whose superblock is known: reads at addresses, each checked against the end of the file before anything is read. */
export class MetadataFile {
  readonly superblock: Superblock;
  readonly size: number;
  readonly name: string;
  /** Those that this one may refer to. */
  readonly others: OtherFiles;
  readonly #source: Source;
  readonly #pages: Pages;

  constructor(source: Source, pages: Pages, superblock: Superblock, others: OtherFiles) {
    this.others = others;
    this.#source = source;
    this.#pages = pages;
    this.superblock = superblock;
    this.size = pages.size;
    this.name = source.name;
  }

  /** Metadata at an address, to be looked at only. `path` is the object that it belongs to. Throws a `CorruptError` (`"beyond-end"`). */
  read(address: number, length: number, path: string): Reading<MetadataReader> {
    const offset = this.#offsetOf(address, length, path);
    const page = this.#pages.holding(offset, length);
    if (page === undefined) return this.#bring(offset, length, path);
    const start = offset % this.#pages.pageBytes;
    const place = { file: this.name, offset: offset - start, tensor: path };
    return new AtHand(new MetadataReader(page, place, this.superblock, start, length));
  }

  *#bring(offset: number, length: number, path: string): Reading<MetadataReader> {
    const wanted: Wanted = { offset, length, bytes: undefined };
    while (wanted.bytes === undefined) yield [wanted];
    return new MetadataReader(wanted.bytes, { file: this.name, offset, tensor: path }, this.superblock);
  }

  /** Runs a reading to its end: brings what it wants, all of a round at once. */
  async run<T>(reading: Reading<T>, { signal }: WaitOptions = {}): Promise<T> {
    const steps = reading[Symbol.iterator]();
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value;
      await this.#fill(step.value);
      signal?.throwIfAborted();
    }
  }

  /**
   * Brings what a round wants. Structures do not overlap, so that of a sound file that is no more than all of it, but several may want
   * the same one. What is smaller than a page takes no memory of its own.
   */
  async #fill(wanted: readonly Wanted[]): Promise<void> {
    const large = new Map<number, Wanted>();
    const same: [one: Wanted, other: Wanted][] = [];
    const due: Wanted[] = [];
    let left = this.size;
    for (const one of wanted) {
      const other = large.get(one.offset);
      if (other !== undefined && other.length === one.length) {
        same.push([one, other]);
        continue;
      }
      due.push(one);
      if (one.length <= PAGE_BYTES) continue;
      large.set(one.offset, one);
      left -= one.length;
      if (left < 0) {
        throw new CorruptError("overlap", "structures lie over each other", { file: this.name, offset: one.offset });
      }
    }
    await Promise.all(due.map(async (one) => (one.bytes = await this.#pages.read(one.offset, one.length))));
    for (const [one, { bytes }] of same) one.bytes = bytes;
  }

  /** Data at an address: fresh memory, or with `scratch` memory to be looked at. */
  async data(
    address: number,
    length: number,
    path: string,
    options: DataOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { offset } = this.checked(address, length, path);
    options.signal?.throwIfAborted();
    checkScratch(length, options);
    const known = this.#pages.peek(offset, length);
    if (known === undefined) return await this.#source.read(offset, length, options);
    return options.scratch === undefined ? known.slice() : known;
  }

  /** An error at an address; returned, not thrown. */
  corrupt(code: string, reason: string, address: number, path: string): CorruptError {
    return new CorruptError(code, reason, { file: this.name, offset: this.superblock.base + address, tensor: path });
  }

  /** Where a range lies in the file. Throws a `CorruptError` (`"beyond-end"`) if it does not. */
  checked(address: number, length: number, path: string): Place & { readonly offset: number } {
    return { file: this.name, offset: this.#offsetOf(address, length, path), tensor: path };
  }

  #offsetOf(address: number, length: number, path: string): number {
    const offset = this.superblock.base + address;
    if (offset + length <= this.size) return offset;
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
  options: WaitOptions & { readonly others: OtherFiles },
): Promise<MetadataFile> {
  const size = await source.size(options);
  const pages = new Pages(source, size);
  for (let base = 0; base + 48 <= size && base <= LAST_SUPERBLOCK; base = base === 0 ? 512 : 2 * base) {
    const bytes = await pages.read(base, Math.min(SUPERBLOCK_BYTES, size - base));
    if (!hasSignature(bytes)) continue;
    const place = { file: source.name, offset: base };
    const superblock = decodeSuperblock(new MetadataReader(bytes, place, PROVISIONAL), base);
    if (superblock.endOfFile <= size) return new MetadataFile(source, pages, superblock, options.others);
    const reason = `the file should have ${superblock.endOfFile} bytes and has ${size}: its end is missing`;
    throw new CorruptError("truncated", reason, place);
  }
  throw new CorruptError("not-hdf5", "this is no HDF5 file: it has no superblock", { file: source.name });
}
