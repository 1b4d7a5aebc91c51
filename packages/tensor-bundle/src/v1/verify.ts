import { CorruptError, compareBytes, decodeName, ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import { select } from "@modelbytes/tensor";
import type { DataBlock } from "../table/table.ts";
import type { VerifyOptions } from "../verify.ts";
import { V1Join } from "./join.ts";
import type { CheckpointV1Contents, StoredPart } from "./meta.ts";
import { entriesOf, type V1Shard } from "./shard.ts";
import { decodeV1Value } from "./value.ts";

/** Checks all blocks of all shards, one at a time. `CheckpointV1.verify` documents the contract. */
export async function* verifyV1(
  shards: readonly V1Shard[],
  contents: CheckpointV1Contents,
  options: VerifyOptions,
): AsyncGenerator<ModelbytesError, void, undefined> {
  yield* coverageProblems(shards, contents);
  const total = shards.reduce((sum, { table }) => sum + table.blocks.reduce((size, block) => size + block.size, 0), 0);
  let bytes = 0;
  for (const [index, shard] of shards.entries()) {
    const problem = await problemOf(() => shard.table.readBlock(shard.table.footer.metaindex, options));
    if (problem !== undefined) yield problem;
    const parts = [...contents.parts.values()].flat().filter((part) => part.shard === index);
    const check = new ShardCheck(shard, parts);
    for (const block of shard.table.blocks) {
      yield* check.block(block, options);
      bytes += block.size;
      options.onProgress?.({ bytes, total });
    }
    yield* check.finish();
  }
}

function* coverageProblems(
  shards: readonly V1Shard[],
  { entries, parts }: CheckpointV1Contents,
): Generator<ModelbytesError> {
  for (const [tensor, entry] of entries) {
    const own = parts.get(tensor) ?? [];
    const place = { file: shards[own[0]?.shard ?? 0]?.table.name, tensor };
    try {
      new V1Join(entry, own, select([], entry.shape), place);
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      yield error;
    }
  }
}

async function problemOf(read: () => Promise<unknown>): Promise<ModelbytesError | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (error instanceof ModelbytesError) return error;
    throw error;
  }
}

/** The check of one table against its meta, block after block. */
class ShardCheck {
  readonly #shard: V1Shard;
  /** Parts that have not been seen yet, by their key. */
  readonly #expected: Map<string, StoredPart>;
  #lastKey: Uint8Array | undefined;

  constructor(shard: V1Shard, parts: readonly StoredPart[]) {
    this.#shard = shard;
    this.#expected = new Map(parts.map((part) => [decodeName(part.key), part]));
  }

  async *block(block: DataBlock, options: WaitOptions): AsyncGenerator<ModelbytesError> {
    const { table } = this.#shard;
    try {
      for (const entry of await entriesOf(table, block, options)) {
        const place = { ...entry.place, tensor: decodeName(entry.key) };
        if (this.#lastKey !== undefined && compareBytes(this.#lastKey, entry.key) >= 0) {
          yield new CorruptError("key-order", "the keys of the table are out of order", place);
        }
        this.#lastKey = entry.key;
        if (entry.key.length === 0) continue;
        const part = this.#expected.get(decodeName(entry.key));
        if (part === undefined) {
          yield new CorruptError("orphan-partition", "values that the meta does not list", place);
        } else if (this.#shard.blockOf(part) === block) {
          this.#expected.delete(decodeName(entry.key));
          const problem = await problemOf(async () => decodeV1Value(entry, part));
          if (problem !== undefined) yield problem;
        }
      }
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      yield error;
      for (const [key, part] of this.#expected) if (this.#shard.blockOf(part) === block) this.#expected.delete(key);
    }
  }

  /** The parts that were in no block. Those of a damaged block are not told again: its error stands for them. */
  *finish(): Generator<ModelbytesError> {
    for (const part of this.#expected.values()) yield this.#shard.missing(part);
  }
}
