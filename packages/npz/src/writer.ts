import { type SinkLike, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import {
  DTYPES,
  elementCount,
  inParts,
  isVarying,
  type LazyTensor,
  type Tensor,
  type TensorFile,
  type TensorInPieces,
} from "@modelbytes/tensor";
import { writeZip, type ZipMemberToWrite } from "@modelbytes/zip";
import { describeDType, keepsDType } from "./descr.ts";
import { encodeFixedHead, encodeNpy } from "./npy.ts";

/** A tensor to be written: its values may be there already, or come when they are due. */
export type WritableArray = Tensor | TensorInPieces | LazyTensor;

/** Named tensors in the order in which they are written; of an open file of any format all of them, in the order of their bytes. */
export type WritableArrays =
  | Iterable<readonly [string, WritableArray]>
  | AsyncIterable<readonly [string, WritableArray]>
  | TensorFile;

/** How arrays are written. */
export interface WriteNpzOptions extends WaitOptions {
  /** Whether members are deflated, as numpy.savez_compressed does; its very bytes are up to zlib. Default: false. */
  readonly compressed?: boolean | undefined;
  /**
   * Whether dtypes are written that NumPy has not and that nothing tells from each other when they are read: as numpy.save writes the
   * arrays of ml_dtypes, and quantized ones as integers. Default: false, which refuses them.
   */
  readonly lossy?: boolean | undefined;
}

const DEFLATED = 8;

/**
 * Writes the file that `numpy.savez` makes of these arrays, byte for byte. Values are written one after another; those in pieces twice
 * over, once for their CRC, if they are more than 16 MiB.
 *
 * A path or a `file:` URL gets its file only when all is written. Rejects with an `UnsupportedError` for a dtype that is none of NumPy
 * (`"npy-dtype"`), with a `RangeError` for a name that comes twice or that leads out of an archive, for values that are not of their
 * dtype and shape, and with a `SourceError` where writing fails.
 */
export async function writeNpz(to: SinkLike, arrays: WritableArrays, options: WriteNpzOptions = {}): Promise<void> {
  const named = isTensorFile(arrays) ? arrays.stream({ signal: options.signal }) : arrays;
  await writeZip(to, membersOf(named, options), { signal: options.signal });
}

function isTensorFile(arrays: WritableArrays): arrays is TensorFile {
  return "stream" in arrays;
}

async function* membersOf(
  arrays: Exclude<WritableArrays, TensorFile>,
  options: WriteNpzOptions,
): AsyncGenerator<ZipMemberToWrite, void, undefined> {
  const { compressed = false, signal } = options;
  for await (const [name, array] of arrays) {
    signal?.throwIfAborted();
    checkDType(name, array.dtype, options);
    const part = "read" in array ? inParts(array, { signal }) : array;
    const values = "read" in part ? await readChecked(name, part, signal) : part;
    const data = "pieces" in values ? pieceByPiece(name, values) : atOnce(encodeNpy(values, name));
    yield { name: `${name}.npy`, data, zip64: true, ...(compressed && { method: DEFLATED }) };
  }
}

/** Throws an `UnsupportedError` for a dtype that the file would not keep. */
function checkDType(tensor: string, dtype: WritableArray["dtype"], { lossy = false }: WriteNpzOptions): void {
  if (lossy || isVarying(dtype) || keepsDType(dtype)) return;
  const what = `NumPy has no ${dtype}: it would be written as ${describeDType(dtype)}`;
  throw new UnsupportedError("npy-dtype", `${what}; cast it, or pass \`lossy\``, { tensor });
}

async function readChecked(name: string, wanted: LazyTensor, signal: AbortSignal | undefined): Promise<Tensor> {
  const tensor = await wanted.read({ signal });
  if (tensor.dtype === wanted.dtype && tensor.shape.join() === wanted.shape.join()) return tensor;
  const said = `${wanted.dtype} of shape [${wanted.shape.join(", ")}]`;
  throw new RangeError(
    `${JSON.stringify(name)} is to be ${said}, and ${tensor.dtype} of [${tensor.shape.join(", ")}] came`,
  );
}

function atOnce({ head, data }: { readonly head: Uint8Array; readonly data: Uint8Array }): ZipMemberToWrite["data"] {
  return { size: head.length + data.length, pieces: () => [head, data] };
}

function pieceByPiece(name: string, { dtype, shape, pieces }: TensorInPieces): ZipMemberToWrite["data"] {
  const head = encodeFixedHead(dtype, shape);
  const size = elementCount(shape) * DTYPES[dtype].itemsize;
  const checked = async function* () {
    yield head;
    let given = 0;
    for await (const piece of pieces) {
      given += piece.length;
      if (given > size) break;
      yield piece;
    }
    if (given !== size)
      throw new RangeError(`the pieces of ${JSON.stringify(name)} are not the ${size} bytes of its shape`);
  };
  return { size: head.length + size, pieces: checked };
}
