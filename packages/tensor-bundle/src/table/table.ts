import { ByteReader, BytesSource, CorruptError, type Place, type Source, type WaitOptions } from "@modelbytes/bytes";
import { readBlock } from "./block.ts";
import { type BlockHandle, decodeFooter, decodeHandle, FOOTER_BYTES, type Footer } from "./footer.ts";
import { type BlockContents, openBlock, TRAILER_BYTES } from "./trailer.ts";

/**
 * A sorted string table, LevelDB's format with TensorFlow's settings: every `.index` file, and all of a V1 checkpoint.
 *
 *     ┌────────────┬───┬────────────┬───────────────────┬─────────────┬────────┐
 *     │ data block │ … │ data block │ metaindex (empty) │ index block │ footer │      each block has a trailer
 *     └────────────┴───┴────────────┴───────────────────┴─────────────┴────────┘
 *
 * The index block has an entry for each data block: a key that is not below any of the block's, and the block's handle.
 */

/** A data block as the index block knows it. */
export interface DataBlock extends BlockHandle {
  /** At or above every key of the block, and below every key of the next. */
  readonly separator: Uint8Array;
}

/** A table up to this size is read in one piece: 60,000 tensors, and over HTTP two requests. */
const READ_WHOLE_BYTES = 2 ** 22;

/** An open table. Its source belongs to whoever made it. */
export class Table {
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly footer: Footer;
  readonly blocks: readonly DataBlock[];
  readonly #source: Source;

  private constructor(source: Source, size: number, footer: Footer, blocks: readonly DataBlock[]) {
    this.name = source.name;
    this.size = size;
    this.footer = footer;
    this.blocks = blocks;
    this.#source = source;
  }

  /** Reads the footer and the index block. Throws a `CorruptError` where one is damaged. */
  static async open(from: Source, options: WaitOptions = {}): Promise<Table> {
    const size = await from.size(options);
    const file = from.name;
    if (size < FOOTER_BYTES) {
      const reason = `no TensorFlow checkpoint, or its end is missing: ${size} bytes are too few for the footer of 48`;
      throw new CorruptError("too-short", reason, { file, offset: size });
    }
    const source = size <= READ_WHOLE_BYTES ? new BytesSource(await from.read(0, size, options), file) : from;
    const offset = size - FOOTER_BYTES;
    const footer = decodeFooter(await source.read(offset, FOOTER_BYTES, options), { file, offset });
    const table = new Table(source, size, footer, []);
    const index = await table.readBlock(footer.index, options);
    return new Table(source, size, footer, [...dataBlocks(index, { file, offset: footer.index.offset })]);
  }

  /** A block's contents. Throws a `CorruptError` where its checksum does not hold or its handle leaves the file. */
  async readBlock({ offset, size }: BlockHandle, options: WaitOptions = {}): Promise<BlockContents> {
    if (offset + size + TRAILER_BYTES > this.size - FOOTER_BYTES) {
      const reason = `the handle of a block, ${size} bytes at ${offset}, points outside the file of ${this.size}`;
      throw new CorruptError("block-handle", reason, { file: this.name, offset });
    }
    const stored = await this.#source.read(offset, size + TRAILER_BYTES, options);
    return openBlock(stored, { file: this.name, offset });
  }
}

/** Blocks follow each other in the file; a table whose blocks overlap could hold any number of entries in a few bytes. */
function* dataBlocks(index: BlockContents, place: Place): Generator<DataBlock> {
  let end = 0;
  for (const { key, value, place: at } of readBlock(index, place)) {
    const handle = decodeHandle(new ByteReader(value, at));
    if (handle.offset < end) {
      throw new CorruptError("block-handle", `the block at ${handle.offset} begins inside the one before it`, at);
    }
    end = handle.offset + handle.size + TRAILER_BYTES;
    yield { separator: key, ...handle };
  }
}
