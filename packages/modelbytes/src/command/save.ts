import { toSink, UnsupportedError } from "@modelbytes/bytes";
import { encodeFixedHead, encodeNpy, keepsDType } from "@modelbytes/npz";
import { canonicalBytes, DTYPES, type DType, type Tensor, type TensorInPieces } from "@modelbytes/tensor";
import { UsageError } from "./failure.ts";
import { jsonValues } from "./json-values.ts";

const KINDS = ["npy", "bin", "json"] as const;

/** What a tensor can be saved as: with numpy's header, its canonical bytes alone, or as nested JSON arrays. */
export type FileKind = (typeof KINDS)[number];

/** The kind of file that a name asks for. */
export function fileKind(path: string): FileKind {
  const kind = KINDS.find((ending) => path.toLowerCase().endsWith(`.${ending}`));
  if (kind !== undefined) return kind;
  throw new UsageError(`${path} does not say what to save`, "--out takes FILE.npy, FILE.bin or FILE.json");
}

/** How a tensor is saved. */
export interface SaveOptions {
  readonly to: string;
  readonly kind: FileKind;
  /** The tensor's name, for errors. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Writes a file of one tensor and returns its size. Nothing is there until all is. */
export async function saveTensor(
  tensor: Tensor | TensorInPieces,
  { to, kind, name, signal }: SaveOptions,
): Promise<number> {
  const pieces = "pieces" in tensor ? largePieces(tensor, kind, name) : piecesOf(tensor, kind, name);
  const sink = toSink(to);
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      await sink.write(piece);
      bytes += piece.length;
    }
    await sink.close();
  } finally {
    await sink.abort();
  }
  return bytes;
}

/** Bytes that are written at once, at least: JSON comes in small pieces. */
const PIECE_BYTES = 2 ** 16;

function* piecesOf(tensor: Tensor, kind: FileKind, name: string): Generator<Uint8Array, void, undefined> {
  if (kind === "json") {
    const encoder = new TextEncoder();
    let text = "";
    for (const piece of jsonValues(tensor, name)) {
      text += piece;
      if (text.length < PIECE_BYTES) continue;
      yield encoder.encode(text);
      text = "";
    }
    yield encoder.encode(text);
    return;
  }
  if (kind === "npy") {
    checkNpy(tensor.dtype, name);
    const { head, data } = encodeNpy(tensor, name);
    yield head;
    yield data;
    return;
  }
  yield* canonicalBytes(tensor);
}

async function* largePieces(
  { dtype, shape, pieces }: TensorInPieces,
  kind: FileKind,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (kind === "json") throw new TypeError("JSON is made of all of a tensor at once");
  if (kind === "npy") {
    checkNpy(dtype, name);
    yield encodeFixedHead(dtype, shape);
  }
  yield* pieces;
}

/** Quantized dtypes are the integers that they store. What numpy has not, and would not know again, is refused. */
function checkNpy(dtype: DType, name: string): void {
  if (dtype === "string" || (dtype !== "variant" && (keepsDType(dtype) || /^q/.test(dtype)))) return;
  const other = DTYPES[dtype].kind === "varying" ? ".bin" : ".json or .bin";
  throw new UnsupportedError("npy-dtype", `a .npy file cannot hold ${dtype}: save it as ${other}`, { tensor: name });
}
