import { type Sink, toWritableFolder, type WaitOptions, type WritableFolder } from "@modelbytes/bytes";
import { DTYPES, elementCount, type Progress, type Tensor, type TensorInPieces } from "@modelbytes/tensor";
import type { StoredStream } from "./bundle-stream.ts";
import { crc32c } from "./crc32c/crc32c.ts";
import { shardSuffix } from "./files.ts";
import { BUNDLE_VERSION, type BundleHeader } from "./header.ts";
import { IndexBuilder, type PartitionedLayout } from "./index-builder.ts";
import { isInPieces, type Part, type Parts, type Placement } from "./part.ts";
import { encodePayload } from "./payload.ts";
import { swappedPieces } from "./pieces.ts";
import { ShardWriter } from "./shard-writer.ts";

/** Where a bundle is written: a prefix as a path or `file:` URL (Node only), or a prefix inside a folder. */
export type BundleTarget = string | URL | { readonly folder: WritableFolder; readonly prefix: string };

/** How a bundle is written. */
export interface WriteBundleOptions extends WaitOptions {
  /** Data files. A part without a placement goes to the one with the fewest bytes so far. Default: 1. */
  readonly shards?: number | undefined;
  /** Bytes to whose multiples tensors begin and data files end, TensorFlow's `data_alignment`. Default: 1, dense. */
  readonly alignment?: number | undefined;
  /** Called after each part; `total` is 0 where nobody knows it yet. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What was written. */
export interface WrittenBundle {
  /** Entries of the index that have bytes: tensors and partitions. */
  readonly parts: number;
  /** Bytes of all data files. */
  readonly bytes: number;
}

/**
 * Writes a checkpoint from tensors in one pass, in the order in which they come: the bytes are those that TensorFlow writes for the
 * same tensors in the same order. Given `bundle.stream()`, the bytes of the bundle that is streamed: shards, partitions, endianness
 * and gaps included.
 *
 * A directory that is not there is made, and goes again where nothing is written. Nothing is visible before all is written. Then a bundle that was there goes: first its index, so that at no moment a reader sees
 * an index with the bytes of another; the data files and last the index get their names; stale data files of the prefix are
 * removed. After a failure or an abort before that the bundle that was there is there still; after one in between there is none.
 *
 * Throws a `RangeError` for a name that comes twice or a partition that does not fit, a `SourceError` where writing fails.
 */
export async function writeBundle(
  to: BundleTarget,
  tensors: Parts | StoredStream,
  options: WriteBundleOptions = {},
): Promise<WrittenBundle> {
  const { folder, prefix } = targetOf(to);
  const layout = isStored(tensors) ? tensors.layout : undefined;
  const shards = options.shards ?? layout?.header.numShards ?? 1;
  if (!Number.isSafeInteger(shards) || shards < 1) throw new RangeError(`no bundle has ${shards} data files`);
  const names = Array.from({ length: shards }, (_, id) => `${prefix}${shardSuffix(id, shards)}`);
  const writing = new Writing(
    names.map((name) => folder.sink(name)),
    layout?.header.bigEndian ?? false,
    options,
  );
  const index = folder.sink(`${prefix}.index`);
  try {
    for await (const part of isStored(tensors) ? tensors.parts() : tensors) await writing.add(part);
    const version = layout === undefined ? CURRENT_VERSION : layout.header.version;
    const header = { numShards: shards, bigEndian: layout?.header.bigEndian ?? false, version };
    const written = await writing.finish((await layout?.shardSizes(options)) ?? []);
    await index.write(writing.index(header, layout?.partitioned));
    options.signal?.throwIfAborted();
    await folder.remove(`${prefix}.index`);
    await writing.close();
    await index.close();
    await removeStale(folder, prefix, new Set(names));
    return written;
  } catch (error) {
    await Promise.all([writing.abort(error), index.abort(error)]);
    throw error;
  }
}

const CURRENT_VERSION = { producer: BUNDLE_VERSION, minConsumer: 0, badConsumers: [] };

function isStored(tensors: Parts | StoredStream): tensors is StoredStream {
  return "parts" in tensors;
}

function targetOf(to: BundleTarget): { folder: WritableFolder; prefix: string } {
  if (typeof to === "object" && "folder" in to) return to;
  const path = typeof to === "string" ? to : to.href;
  const cut = typeof to === "string" ? Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) : path.lastIndexOf("/");
  const directory = cut < 0 ? "." : path.slice(0, Math.max(cut, 1));
  const folder = toWritableFolder(typeof to === "string" ? directory : new URL(directory));
  const prefix = path.slice(cut + 1);
  return { folder, prefix: typeof to === "string" ? prefix : decodeURIComponent(prefix) };
}

/** Data files of this prefix that an earlier bundle left: readers ignore them, disks do not. */
async function removeStale(folder: WritableFolder, prefix: string, current: ReadonlySet<string>): Promise<void> {
  for await (const name of folder.list({ recursive: false })) {
    const suffix = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    if (/^\.data-\d{5,}-of-\d{5,}$/.test(suffix) && !current.has(name)) await folder.remove(name);
  }
}

/** A bundle that is being written. */
class Writing {
  readonly #shards: readonly ShardWriter[];
  readonly #bigEndian: boolean;
  readonly #options: WriteBundleOptions;
  readonly #index: IndexBuilder = new IndexBuilder();
  #parts = 0;

  constructor(sinks: readonly Sink[], bigEndian: boolean, options: WriteBundleOptions) {
    this.#shards = sinks.map((sink) => new ShardWriter(sink, sinks.length));
    this.#bigEndian = bigEndian;
    this.#options = options;
  }

  async add([name, tensor, placement = {}]: Part): Promise<void> {
    this.#options.signal?.throwIfAborted();
    this.#index.checkName(name, placement.partition);
    const [shardId, shard] = this.#shard(placement.shardId);
    const start = this.#start(shard.position, placement);
    if (start > shard.position) await shard.pad(start);
    const offset = shard.position;
    const crc = isInPieces(tensor)
      ? await this.#writePieces(shard, name, tensor)
      : await this.#writeTensor(shard, tensor);
    const written = { shardId, offset, size: shard.position - offset, crc32c: crc };
    this.#index.add(name, tensor.dtype, tensor.shape, written, placement.partition);
    const end = this.#aligned(shard.position);
    if (end > shard.position) await shard.pad(end);
    this.#parts++;
    this.#options.onProgress?.({ bytes: this.#bytes(), total: 0 });
  }

  /** Writes what is left. `sizes` are those that the data files are to have at least: a copy keeps the padding at the end. */
  async finish(sizes: readonly number[]): Promise<WrittenBundle> {
    for (const [id, shard] of this.#shards.entries()) {
      const size = sizes[id] ?? 0;
      if (size - shard.position <= LARGEST_GAP) await shard.pad(size);
      await shard.settle();
    }
    return { parts: this.#parts, bytes: this.#bytes() };
  }

  index(header: BundleHeader, layouts: ReadonlyMap<string, PartitionedLayout> | undefined): Uint8Array {
    return this.#index.finish(header, layouts);
  }

  /** Gives the data files their names. A shard without a byte is a file too. */
  async close(): Promise<void> {
    for (const shard of this.#shards) await shard.close();
  }

  async abort(reason: unknown): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.abort(reason)));
  }

  #shard(wanted: number | undefined): [number, ShardWriter] {
    let id = wanted ?? 0;
    if (wanted === undefined) {
      for (const [other, shard] of this.#shards.entries()) {
        if (shard.position < (this.#shards[id]?.position ?? 0)) id = other;
      }
    }
    const shard = this.#shards[id];
    if (shard === undefined) throw new RangeError(`a part for data file ${id} of ${this.#shards.length}`);
    return [id, shard];
  }

  /** Where a part begins: at its own offset if that is at or a little behind the end, else at the end. */
  #start(position: number, { offset }: Placement): number {
    return offset !== undefined && offset >= position && offset - position <= LARGEST_GAP ? offset : position;
  }

  #aligned(position: number): number {
    const { alignment = 1 } = this.#options;
    return Math.ceil(position / alignment) * alignment;
  }

  #bytes(): number {
    return this.#shards.reduce((sum, { position }) => sum + position, 0);
  }

  async #writeTensor(shard: ShardWriter, tensor: Tensor): Promise<number> {
    const pieces = encodePayload(tensor, this.#bigEndian);
    for (let next = pieces.next(); ; next = pieces.next()) {
      if (next.done === true) return next.value;
      this.#options.signal?.throwIfAborted();
      if (!shard.collect(next.value)) await shard.write(next.value);
    }
  }

  /** Pieces may be memory that their maker uses again, so each is written before the next is asked for. */
  async #writePieces(shard: ShardWriter, name: string, { dtype, shape, pieces }: TensorInPieces): Promise<number> {
    const size = elementCount(shape) * DTYPES[dtype].itemsize;
    const { unit } = DTYPES[dtype];
    const stored = this.#bigEndian && unit > 1 ? swappedPieces(pieces, unit) : pieces;
    let crc = 0;
    let left = size;
    for await (const piece of stored) {
      this.#options.signal?.throwIfAborted();
      left -= piece.length;
      if (left < 0) break;
      await shard.write(piece);
      crc = crc32c(piece, crc);
      await shard.settle();
    }
    if (left !== 0) {
      throw new RangeError(
        `the pieces of ${JSON.stringify(name)} are not the ${size} bytes of ${dtype} [${shape.join(", ")}]`,
      );
    }
    return crc;
  }
}

/** Zeros that a copy repeats between tensors: the padding of any alignment that was ever used, and no forgotten gigabyte. */
const LARGEST_GAP = 4096;
