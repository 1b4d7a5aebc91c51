import { inOrder, type ModelbytesError, NotFoundError, type WaitOptions } from "@modelbytes/bytes";
import {
  byteLength,
  type DType,
  elementCount,
  readRegion,
  type Selection,
  select,
  type Tensor,
  type TensorEntry,
  type TensorFile,
  type TensorInPieces,
  type TensorReadOptions,
  type TensorStreamOptions,
  toBytes,
  tooLarge,
} from "@modelbytes/tensor";
import type { ArrayFile } from "./array-file.ts";
import type { StoredNpy } from "./header.ts";
import { decodeArray } from "./npy.ts";
import { type VerifyOptions, verifyArrays } from "./verify.ts";

/** Reads that are under way at once, and the bytes they may hold before the caller has taken the first. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY: number = 2 ** 26;

/** What a file knows of an array without reading it. */
export interface NumpyEntry extends TensorEntry {
  readonly byteLength: number;
  /** The dtype as NumPy describes it: `"<f4"`. */
  readonly descr: string;
  /** Whether the file has it column by column; reading turns it around. */
  readonly fortranOrder: boolean;
  /** The version of the `.npy` format, as `"1.0"`. */
  readonly version: string;
}

/** An array and the file that it is in. */
export interface LocatedArray {
  readonly name: string;
  readonly file: ArrayFile;
  readonly stored: StoredNpy;
}

/** What an open file is made of. */
export interface NumpyContents {
  readonly format: "npy" | "npz";
  /** What errors call the file. */
  readonly name: string;
  /** In the order of the file. */
  readonly arrays: readonly LocatedArray[];
  readonly unreadable: ReadonlyMap<string, ModelbytesError>;
  /** Checks what is around the arrays. */
  check(options: WaitOptions): AsyncIterable<ModelbytesError>;
  close(): Promise<void>;
}

/** An open `.npz` or `.npy` file. Made by `openNpz` and `openNpy`. Arrays of strings and of text are string tensors in UTF-8. */
export class NumpyFile implements TensorFile<NumpyEntry> {
  readonly format: "npy" | "npz";
  /** The arrays by name, in the order of the file. */
  readonly entries: ReadonlyMap<string, NumpyEntry>;
  /** What else the file has, each with the error that reading it gives: pickles, structured arrays, damaged ones, other files. */
  readonly unreadable: ReadonlyMap<string, ModelbytesError>;
  readonly #contents: NumpyContents;
  readonly #arrays: ReadonlyMap<string, LocatedArray>;

  constructor(contents: NumpyContents) {
    this.format = contents.format;
    this.unreadable = contents.unreadable;
    this.entries = new Map(contents.arrays.map(({ name, stored }) => [name, entryOf(stored)]));
    this.#contents = contents;
    this.#arrays = new Map(contents.arrays.map((array) => [array.name, array]));
  }

  /**
   * One array, or with `select` a part of it. Of an array that is not compressed only the bytes of that part are read, and short gaps
   * between them. The CRC of `.npz` is checked whenever an array is read whole, whatever `checksum` says.
   *
   * Throws a `NotFoundError` for a name that the file has not, the error of `unreadable` for what is no tensor, a `CorruptError` where
   * the array is damaged, a `TypeError` if it is not of `options.dtype`, a `RangeError` for a selection outside its shape.
   */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  async read(name: string, options: TensorReadOptions = {}): Promise<Tensor> {
    const array = this.#array(name);
    const { dtype } = array.stored.element;
    if (options.dtype !== undefined && dtype !== options.dtype) {
      throw new TypeError(`the array ${JSON.stringify(name)} is ${dtype}, not ${options.dtype}`);
    }
    const tensor =
      options.select === undefined
        ? await readWhole(array, options)
        : await readSelected(array, options.select, options);
    const bytes = byteLength(tensor);
    options.onProgress?.({ bytes, total: bytes });
    return tensor;
  }

  /**
   * An array in pieces that are read as they are asked for, and anew each time they are iterated; one that is not row-major and
   * little-endian, as a single piece. Does no I/O. Throws as `read` does, and a `TypeError` for strings.
   */
  inPieces(name: string, options: WaitOptions = {}): TensorInPieces {
    const array = this.#array(name);
    const { element, shape } = array.stored;
    if (element.kind !== "fixed") throw new TypeError(`the array ${JSON.stringify(name)} is one of strings`);
    return { dtype: element.dtype, shape, pieces: { [Symbol.asyncIterator]: () => piecesOf(array, options) } };
  }

  /**
   * Arrays one after another, in the order of their bytes. Reads ahead by `concurrency` reads (4) of 64 MiB together; a larger array is
   * read alone. Leaving the loop early cancels what is under way.
   */
  async *stream(options: TensorStreamOptions = {}): AsyncGenerator<[string, Tensor], void, undefined> {
    const { names, concurrency = CONCURRENCY, signal, onProgress } = options;
    signal?.throwIfAborted();
    const wanted = names === undefined ? undefined : new Set(names);
    for (const name of wanted ?? []) this.#array(name);
    const arrays = this.#contents.arrays
      .filter(({ name }) => wanted?.has(name) !== false)
      .sort((a, b) => a.file.position - b.file.position);
    const total = arrays.reduce((sum, { stored }) => sum + stored.byteLength, 0);
    const tasks = arrays.map((array) => ({
      bytes: array.file.size,
      run: async (cancelled: AbortSignal) => ({ array, tensor: await readWhole(array, { signal: cancelled }) }),
    }));
    let bytes = 0;
    for await (const { array, tensor } of inOrder(tasks, { concurrency, bytes: BYTES_UNDER_WAY, signal })) {
      bytes += array.stored.byteLength;
      onProgress?.({ bytes, total });
      yield [array.name, tensor];
    }
  }

  /**
   * Reads every byte and yields the error of each problem; goes on after it, in bounded memory. Yields nothing for a sound file: arrays
   * that are no tensors are problems, too, and so are bytes behind an array, which NumPy passes over.
   */
  verify(options: VerifyOptions = {}): AsyncGenerator<ModelbytesError, void, undefined> {
    return verifyArrays(this.#contents, options);
  }

  async close(): Promise<void> {
    await this.#contents.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #array(name: string): LocatedArray {
    const array = this.#arrays.get(name);
    if (array !== undefined) return array;
    const error = this.unreadable.get(name);
    if (error !== undefined) throw error;
    throw new NotFoundError("no-tensor", "the file has no such array", { file: this.#contents.name, tensor: name });
  }
}

function entryOf({ element, shape, byteLength, descr, fortranOrder, version }: StoredNpy): NumpyEntry {
  return { dtype: element.dtype, shape, byteLength, descr, fortranOrder, version };
}

async function readWhole({ name, file, stored }: LocatedArray, { signal }: WaitOptions): Promise<Tensor> {
  const bytes = await file.whole({ signal }).catch((cause: unknown) => {
    if (cause instanceof RangeError) throw tooLarge(file.size, { file: file.name, tensor: name, cause });
    throw cause;
  });
  const { dataOffset, byteLength: length } = stored;
  const place = { file: file.name, tensor: name };
  return decodeArray(stored, stored.shape, bytes.subarray(dataOffset, dataOffset + length), place);
}

/** Of a column-major array, a region is one of the row-major array whose dimensions are turned around. */
async function readSelected(
  { name, file, stored }: LocatedArray,
  selection: Selection,
  { signal }: WaitOptions,
): Promise<Tensor> {
  const { element, fortranOrder, shape, dataOffset } = stored;
  const { start, count, shape: result } = select(selection, shape);
  const turned = (dims: readonly number[]) => (fortranOrder ? [...dims].reverse() : dims);
  const move = {
    fromShape: turned(shape),
    fromStart: turned(start),
    toShape: turned(count),
    toStart: count.map(() => 0),
    count: turned(count),
  };
  const { itemsize } = element;
  const empty = itemsize === 0 || elementCount(count) === 0;
  const source = empty ? undefined : await file.ranges({ signal });
  const array = source && { source, offset: dataOffset, itemsize, tensor: name };
  const bytes = array === undefined ? new Uint8Array(0) : await readRegion(array, move, { signal });
  return { ...decodeArray(stored, count, bytes, { file: file.name, tensor: name }), shape: result };
}

async function* piecesOf(array: LocatedArray, options: WaitOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { file, stored } = array;
  const { element, fortranOrder, dataOffset, byteLength: length } = stored;
  if (fortranOrder || (element.kind === "fixed" && element.bigEndian)) {
    const tensor = await readWhole(array, options);
    if (tensor.dtype !== "string" && tensor.dtype !== "variant") yield toBytes(tensor);
    return;
  }
  let at = 0;
  for await (const piece of file.pieces(options)) {
    const from = Math.max(dataOffset - at, 0);
    const to = Math.min(dataOffset + length - at, piece.length);
    if (from < to) yield piece.subarray(from, to);
    at += piece.length;
  }
}
