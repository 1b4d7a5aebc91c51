import { inOrder, type Sink, type SinkLike, toSink, type WaitOptions } from "@modelbytes/bytes";
import { inParts, type Progress, type Tensor, type TensorInPieces, toBytes } from "@modelbytes/tensor";
import { describeTensors, type Planned, planSafetensors, type SafetensorsPlan, type WritableTensors } from "./plan.ts";
import { pack, packPieces } from "./stored-tensor.ts";

/** How tensors are written. */
export interface WriteSafetensorsOptions extends WaitOptions {
  /**
   * What the file is to say of itself, in this order. Python's order is another at each run. Without it the file says nothing; an empty
   * map is written as such.
   */
  readonly metadata?: ReadonlyMap<string, string> | Readonly<Record<string, string>> | undefined;
  /** Called as bytes are written. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What was written. */
export interface WrittenSafetensors {
  readonly tensors: number;
  /** Bytes of the file, of all files together where there are several. */
  readonly bytes: number;
}

/** Reads that are under way at once, and the bytes they may hold before they are written. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY: number = 2 ** 26;

/** What is smaller is collected, up to so many bytes. */
const BUFFER_BYTES: number = 2 ** 20;
const LARGEST_COLLECTED: number = BUFFER_BYTES / 4;

/**
 * Writes the file that Python's `safetensors` makes of these tensors, byte for byte. Dtypes and shapes decide the place of every byte,
 * so values may come later: what is to be read is read in the order of the file, a little ahead.
 *
 * A path or a `file:` URL gets its file only when all is written; after a failure or an abort whatever was there is there still. Throws,
 * before anything is opened, a `RangeError` for a name that comes twice, an `UnsupportedError` for names and dtypes that no file can
 * hold; and a `RangeError` for values that are not of their dtype and shape, a `SourceError` where writing fails.
 */
export async function writeSafetensors(
  to: SinkLike,
  tensors: WritableTensors,
  options: WriteSafetensorsOptions = {},
): Promise<WrittenSafetensors> {
  const plan = planSafetensors(describeTensors(tensors), metadataOf(options));
  const sink = toSink(to);
  try {
    await writePlan(sink, plan, options);
    await sink.close();
  } catch (error) {
    await sink.abort(error);
    throw error;
  }
  return { tensors: plan.tensors.size, bytes: plan.size };
}

/** The metadata to write. Throws a `RangeError` for text that is not Unicode. */
export function metadataOf({ metadata }: WriteSafetensorsOptions): [string, string][] | undefined {
  if (metadata === undefined) return undefined;
  const pairs = isMap(metadata) ? [...metadata] : Object.entries(metadata);
  const wrong = pairs.find((pair) => !pair.every((text) => text.isWellFormed()));
  if (wrong !== undefined) throw new RangeError(`the metadata ${JSON.stringify(wrong[0])} is not Unicode`);
  return pairs;
}

function isMap(metadata: NonNullable<WriteSafetensorsOptions["metadata"]>): metadata is ReadonlyMap<string, string> {
  return metadata instanceof Map;
}

/** Writes a planned file, and does not close it. */
export async function writePlan(
  sink: Sink,
  plan: SafetensorsPlan,
  { signal, onProgress }: Pick<WriteSafetensorsOptions, "signal" | "onProgress">,
): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let filled = 0;
  let bytes = 0;
  for await (const piece of contents(plan, signal)) {
    signal?.throwIfAborted();
    const alone = piece.length > LARGEST_COLLECTED;
    if (filled > 0 && (alone || filled + piece.length > BUFFER_BYTES)) {
      await sink.write(buffer.subarray(0, filled));
      filled = 0;
    }
    if (alone) await sink.write(piece);
    else {
      buffer.set(piece, filled);
      filled += piece.length;
    }
    bytes += piece.length;
    onProgress?.({ bytes, total: plan.size });
  }
  if (filled > 0) await sink.write(buffer.subarray(0, filled));
  signal?.throwIfAborted();
}

/** The bytes of a file from the first to the last. */
async function* contents(
  { head, tensors }: SafetensorsPlan,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield head;
  const tasks = [...tensors].map(([name, planned]) => {
    const tensor = "read" in planned.tensor ? inParts(planned.tensor, { signal }) : planned.tensor;
    const values = async (cancelled: AbortSignal) =>
      "read" in tensor ? await tensor.read({ signal: cancelled }) : tensor;
    return {
      bytes: "pieces" in tensor ? 0 : planned.byteLength,
      run: async (cancelled: AbortSignal) => ({ name, planned, values: await values(cancelled) }),
    };
  });
  for await (const { name, planned, values } of inOrder(tasks, {
    concurrency: CONCURRENCY,
    bytes: BYTES_UNDER_WAY,
    signal,
  })) {
    yield* checked(name, planned, values);
  }
}

/** The bytes of a tensor. Throws a `RangeError` where they are not those that are planned. */
async function* checked(
  name: string,
  { dtype, shape, byteLength, tensor }: Planned,
  values: Tensor | TensorInPieces,
): AsyncGenerator<Uint8Array, void, undefined> {
  const wrong = (what: string) =>
    new RangeError(`${JSON.stringify(name)} is to be ${tensor.dtype} of shape [${shape.join(", ")}], and ${what} came`);
  if (values.dtype !== tensor.dtype || values.shape.join() !== shape.join()) {
    throw wrong(`${values.dtype} of shape [${values.shape.join(", ")}]`);
  }
  let given = 0;
  for await (const piece of stored(dtype, values)) {
    given += piece.length;
    if (given > byteLength) throw wrong(`more than ${byteLength} bytes`);
    yield piece;
  }
  if (given < byteLength) throw wrong(`${given} of ${byteLength} bytes`);
}

function stored(dtype: Planned["dtype"], values: Tensor | TensorInPieces): TensorInPieces["pieces"] {
  if ("pieces" in values) return dtype === "F4" ? packPieces(values.pieces) : values.pieces;
  if (values.dtype === "string" || values.dtype === "variant") return [];
  const bytes = toBytes(values);
  return [dtype === "F4" ? pack(bytes) : bytes];
}
