import { MemorySink } from "@modelbytes/bytes";
import {
  fixedStringType,
  floatType,
  type Hdf5Operation,
  h5pyType,
  integerType,
  type Shape,
  vlenStringType,
  writeHdf5,
} from "@modelbytes/hdf5";
import { type FixedDType, type Tensor, toBytes } from "@modelbytes/tensor";

/** The bytes of an HDF5 file. */
export async function fileOf(...operations: readonly Hdf5Operation[]): Promise<Uint8Array<ArrayBuffer>> {
  const sink = new MemorySink();
  await writeHdf5(sink, operations);
  return sink.bytes;
}

/** A list of names as Keras stores it. */
export function names(path: string, name: string, list: readonly string[]): Hdf5Operation {
  const encoder = new TextEncoder();
  const isEmpty = list.length === 0;
  const value = isEmpty ? new Uint8Array(0) : list.map((each) => encoder.encode(each));
  return {
    kind: "attribute",
    path,
    name,
    datatype: isEmpty ? floatType(8) : vlenStringType("ascii"),
    shape: [list.length],
    value,
  };
}

/** An attribute that holds a text. */
export function text(path: string, name: string, value: string, shape: Shape = []): Hdf5Operation {
  const bytes = new TextEncoder().encode(value);
  return { kind: "attribute", path, name, datatype: fixedStringType(bytes.length), shape, value: bytes };
}

/** An attribute that holds a whole number. */
export function count(path: string, name: string, value: bigint): Hdf5Operation {
  const bytes = new Uint8Array(BigInt64Array.of(value).buffer);
  return { kind: "attribute", path, name, datatype: integerType(8, true), shape: [], value: bytes };
}

export function group(path: string): Hdf5Operation {
  return { kind: "group", path };
}

/** A dataset of the values of a tensor, or of that many floats. */
export function dataset(path: string, values: Tensor<FixedDType> | number = 1): Hdf5Operation {
  const tensor: Tensor<FixedDType> =
    typeof values === "number" ? { dtype: "float32", shape: [values], data: new Float32Array(values) } : values;
  return { kind: "dataset", path, datatype: h5pyType(tensor.dtype), shape: tensor.shape, data: toBytes(tensor) };
}
