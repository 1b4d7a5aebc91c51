// Operations as the Python scripts of fixtures/hdf5/writer_*.py write them down, turned into ours.

import type { Datatype, Shape } from "../src/model.ts";
import {
  BOOL_TYPE,
  fixedStringType,
  floatType,
  h5pyType,
  integerType,
  opaqueType,
  vlenStringType,
} from "../src/writer/h5py-types.ts";
import type { Hdf5Operation } from "../src/writer/operation.ts";

/** An operation with numpy's dtype; data is base64, a list of it for strings of any length. */
export interface Played {
  readonly kind: "group" | "dataset" | "write" | "attribute" | "flush";
  readonly path: string;
  readonly name: string;
  readonly by?: "create_dataset" | "assignment";
  readonly layout?: "contiguous" | "compact";
  readonly shape: Shape;
  readonly dtype: string;
  readonly data?: string | readonly string[];
}

/** The datatype of one of numpy's dtypes. */
export function datatypeOf(dtype: string): Datatype {
  const [, order, kind, digits] = /^([<>|])([fiucSV])(\d+)$/.exec(dtype) ?? [];
  const size = Number(digits);
  if (dtype === "bool") return BOOL_TYPE;
  if (dtype === "str" || dtype === "bytes") return vlenStringType(dtype === "str" ? "utf-8" : "ascii");
  if (kind === "S") return fixedStringType(size);
  if (kind === "V") return opaqueType(size);
  if (kind === "f" && (size === 2 || size === 4 || size === 8)) return { ...floatType(size), order: orderOf(order) };
  if (kind === "c") return h5pyType(size === 8 ? "complex64" : "complex128");
  if (kind === "i" || kind === "u") return { ...integerType(size, kind === "i"), order: orderOf(order) };
  throw new Error(`no dtype of these tests: ${dtype}`);
}

/** The operation of ours. */
export function toOperation(played: Played): Hdf5Operation {
  const { kind, path, name, by, layout, shape, dtype, data } = played;
  if (kind === "flush" || kind === "group") return { kind, path };
  const value = typeof data === "object" ? data.map(decoded) : decoded(data ?? "");
  if (kind === "write") return { kind, path, data: value };
  const datatype = datatypeOf(dtype);
  if (kind === "attribute") return { kind, path, name, datatype, shape, value };
  return { kind, path, by, layout, datatype, shape, data: data === undefined ? undefined : value };
}

function decoded(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function orderOf(sign: string | undefined): "little-endian" | "big-endian" {
  return sign === ">" ? "big-endian" : "little-endian";
}
