import { ByteReader, CorruptError, decodeName, type Source, type WaitOptions } from "@modelbytes/bytes";
import { pathIn } from "./path.ts";

/**
 * The order in which the links of a file were made. HDF5 lists them by name, but the heap of a group of the older kind, which is all
 * that Keras writes, has the names as they came:
 *
 *     superblock    version 0, addresses of 8 bytes; B-tree and heap of the root at byte 80
 *     B-tree node   "TREE" 00, level, u16 children, two siblings; then key, child, key, child and so on of 8 bytes each
 *     symbol node   "SNOD" 01 00, u16 entries: offset of the name, address, u32 kind, 4 zero; of groups (kind 1) B-tree and heap
 *     heap          "HEAP" 00 000000, size of the data, first free block, address of the data
 */
const SUPERBLOCK_BYTES = 96;
const ROOT = 80;
const HEAD_BYTES = 8;
const HEAP_BYTES = 32;
const ENTRY_BYTES = 40;
const GROUP = 1;

/** Where the links of a group are, and their names. */
interface Table {
  readonly tree: number;
  readonly heap: number;
}

interface Link {
  readonly name: string;
  readonly offset: number;
  readonly table: Table | undefined;
}

/**
 * The names in each group in the order in which they were made, by the path of the group (`"/"` is the root). Groups of another kind
 * are missing; of a file that is damaged, all are.
 */
export async function readLinkOrder(source: Source, options: WaitOptions): Promise<Map<string, readonly string[]>> {
  const order = new Map<string, readonly string[]>();
  const metadata = new Metadata(source, await source.size(options), options);
  try {
    const superblock = await metadata.read(0, SUPERBLOCK_BYTES);
    if (superblock.bytes.subarray(8, 16).join() !== "0,0,0,0,0,8,8,0") return order;
    superblock.position = ROOT;
    const groups = [{ path: "/", table: tableAt(superblock) }];
    const seen = new Set<number>();
    for (const { path, table } of groups) {
      if (seen.has(table.tree)) continue;
      seen.add(table.tree);
      const links = await readLinks(metadata, table);
      const names = links.map(({ name }) => name);
      order.set(path, names);
      for (const { name, table } of links) if (table !== undefined) groups.push({ path: pathIn(path, name), table });
    }
    return order;
  } catch (error) {
    if (error instanceof CorruptError) return new Map();
    throw error;
  }
}

function tableAt(reader: ByteReader): Table {
  return { tree: reader.uint64(), heap: reader.uint64() };
}

async function readLinks(metadata: Metadata, { tree, heap }: Table): Promise<Link[]> {
  const head = await metadata.read(heap, HEAP_BYTES);
  head.skip(HEAD_BYTES);
  const size = head.uint64();
  head.skip(8);
  const names = await metadata.read(head.uint64(), size);
  const links: Link[] = [];
  const nodes = [tree];
  for (const address of nodes) {
    const node = await metadata.read(address, HEAD_BYTES);
    const isTree = node.uint8() === TREE;
    node.skip(5);
    const count = node.uint8() + 256 * node.uint8();
    const items = await metadata.read(address + HEAD_BYTES, isTree ? 16 * (1 + count) : ENTRY_BYTES * count);
    if (isTree) items.skip(16);
    while (items.remaining > 0) {
      if (!isTree) links.push(readEntry(items, names));
      else {
        items.skip(8);
        nodes.push(items.uint64());
      }
    }
  }
  return links.sort((a, b) => a.offset - b.offset);
}

const TREE = 0x54;

function readEntry(entries: ByteReader, names: ByteReader): Link {
  const end = entries.position + ENTRY_BYTES;
  const offset = entries.uint64();
  entries.skip(8);
  const kind = entries.uint32();
  entries.skip(4);
  const table = kind === GROUP ? tableAt(entries) : undefined;
  entries.position = end;
  const stop = names.bytes.indexOf(0, offset);
  return { name: decodeName(names.bytes.subarray(offset, Math.max(0, stop))), offset, table };
}

/** Structures are small and close together. */
const BLOCK_BYTES = 2 ** 16;
const MOST_BLOCKS = 64;

/** The structures of a file, read in blocks of which the last few are kept. */
class Metadata {
  readonly #source: Source;
  readonly #size: number;
  readonly #options: WaitOptions;
  readonly #blocks = new Map<number, Uint8Array>();
  /** Bytes that may still be asked for: structures of a sound file do not overlap, and heads are read twice. */
  #left: number;

  constructor(source: Source, size: number, options: WaitOptions) {
    this.#source = source;
    this.#size = size;
    this.#options = options;
    this.#left = 2 * size;
  }

  /** The bytes at an address; none at all where they are not in the file, or these are too many. */
  async read(address: number, length: number): Promise<ByteReader> {
    const place = { file: this.#source.name, offset: address };
    this.#left -= length;
    if (this.#left < 0 || length > this.#size - address) return new ByteReader(new Uint8Array(0), place);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const block = Math.floor((address + done) / BLOCK_BYTES);
      const piece = (await this.#block(block)).subarray(address + done - block * BLOCK_BYTES);
      bytes.set(piece.subarray(0, length - done), done);
      done += piece.length;
    }
    return new ByteReader(bytes, place);
  }

  async #block(block: number): Promise<Uint8Array> {
    const start = block * BLOCK_BYTES;
    const length = Math.min(BLOCK_BYTES, this.#size - start);
    const bytes = this.#blocks.get(block) ?? (await this.#source.read(start, length, this.#options));
    this.#blocks.delete(block); // to the end of the queue
    this.#blocks.set(block, bytes);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= MOST_BLOCKS) break;
      this.#blocks.delete(oldest);
    }
    return bytes;
  }
}
