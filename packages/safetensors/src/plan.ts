import { sortNames, UnsupportedError } from "@modelbytes/bytes";
import { type LazyTensor, lazyTensor, type Tensor, type TensorFile, type TensorInPieces } from "@modelbytes/tensor";
import { rankOf, toSafetensorsDType } from "./dtype.ts";
import { checkName, encodeHeader, type PlannedTensor, storedBytes } from "./header.ts";

/** A tensor to be written: its values may be there already, or come when they are due. */
export type WritableTensor = Tensor | TensorInPieces | LazyTensor;

/** Named tensors to be written; of an open file of any format all of them. */
export type WritableTensors = Iterable<readonly [string, WritableTensor]> | TensorFile;

/** A tensor that has its place. */
export interface Planned extends PlannedTensor {
  readonly tensor: WritableTensor;
}

/** A file before it is written. */
export interface SafetensorsPlan {
  /** The first bytes of the file. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** The tensors in the order of their bytes, which follow one another. */
  readonly tensors: ReadonlyMap<string, Planned>;
  /** Bytes of the file. */
  readonly size: number;
}

/**
 * The tensors with what the file will call their dtypes and how many bytes they take, in the order in which they came. Throws a
 * `RangeError` for a name that comes twice, an `UnsupportedError` for a name (`"name"`) or a dtype (`"dtype"`) that no file can hold.
 */
export function describeTensors(tensors: WritableTensors): Map<string, Planned> {
  const described = new Map<string, Planned>();
  for (const [name, tensor] of isTensorFile(tensors) ? lazyTensors(tensors) : tensors) {
    checkName(name);
    if (described.has(name)) throw new RangeError(`two tensors have the name ${JSON.stringify(name)}`);
    const { shape } = tensor;
    const dtype = toSafetensorsDType(tensor.dtype);
    if (dtype === undefined) {
      throw new UnsupportedError("dtype", `safetensors cannot hold ${tensor.dtype}: cast it or leave it out`, {
        tensor: name,
      });
    }
    const byteLength = storedBytes(dtype, shape);
    if (byteLength === undefined) {
      const reason = `${tensor.dtype} of shape [${shape.join(", ")}] takes no whole number of bytes that a file can have`;
      throw new UnsupportedError("dtype", reason, { tensor: name });
    }
    described.set(name, { dtype, shape, byteLength, tensor });
  }
  return described;
}

/** Lays out a file as the reference implementation does: by dtype, from the last of the table to the first, then by name. */
export function planSafetensors(
  described: ReadonlyMap<string, Planned>,
  metadata: Iterable<readonly [string, string]> | undefined,
): SafetensorsPlan {
  const tensors = sortNames(described.keys())
    .flatMap((name) => [[name, described.get(name)] as const])
    .filter((each): each is readonly [string, Planned] => each[1] !== undefined)
    .sort(([, a], [, b]) => rankOf(b.dtype) - rankOf(a.dtype));
  const head = encodeHeader(tensors, metadata);
  const size = tensors.reduce((sum, [, { byteLength }]) => sum + byteLength, head.length);
  return { head, tensors: new Map(tensors), size };
}

function isTensorFile(tensors: WritableTensors): tensors is TensorFile {
  return "read" in tensors;
}

function* lazyTensors(file: TensorFile): Generator<[string, LazyTensor]> {
  for (const name of file.entries.keys()) yield [name, lazyTensor(file, name)];
}
