import { CorruptError, ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import type { Progress } from "@modelbytes/tensor";
import type { Item } from "./batch.ts";
import { readPieces } from "./pieces.ts";

/** How a check is followed and cancelled. */
export interface VerifyOptions extends WaitOptions {
  /** Called as bytes are checked. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Checks every byte of `items`, after what is known already. `SafetensorsFile.verify` documents the contract. */
export async function* verifySafetensors(
  items: readonly Item[],
  known: readonly ModelbytesError[],
  { signal, onProgress }: VerifyOptions,
): AsyncGenerator<ModelbytesError, void, undefined> {
  yield* known;
  const total = items.reduce((sum, { stored }) => sum + stored.byteLength, 0);
  let before = 0;
  for (const item of items) {
    const { byteLength } = item.stored;
    try {
      await readAll(item, { signal, onProgress: ({ bytes }) => onProgress?.({ bytes: before + bytes, total }) });
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      yield error;
    }
    before += byteLength;
  }
}

async function readAll({ name, source, stored }: Item, options: Required<VerifyOptions>): Promise<void> {
  const { dtype, offset, byteLength } = stored;
  let bytes = 0;
  for await (const piece of readPieces(source, offset, byteLength, { signal: options.signal })) {
    const wrong = dtype === "BOOL" ? piece.findIndex((byte) => byte > 1) : -1;
    if (wrong >= 0) {
      const reason = `element ${bytes + wrong} of bool is ${piece[wrong]}, neither 0 nor 1`;
      throw new CorruptError("bool", reason, { file: source.name, offset: offset + bytes + wrong, tensor: name });
    }
    bytes += piece.length;
    options.onProgress?.({ bytes, total: byteLength });
  }
}
