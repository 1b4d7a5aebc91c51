import type { Tensor } from "@modelbytes/tensor";
import { toNumbers } from "@modelbytes/tensor";
import { decodeVariant } from "@modelbytes/tensor-bundle";
import { float32Text, float64Text, smallFloatText } from "./number-text.ts";
import { counted, grouped, hex, printable } from "./text.ts";

/** Bytes of a string that are printed. */
const LONGEST_STRING = 1000;

/** The element of a tensor at an index of its row-major order, as it is printed. */
export function elementText(tensor: Tensor, index: number): string {
  switch (tensor.dtype) {
    case "string":
      return stringText(tensor.data[index] ?? new Uint8Array());
    case "variant":
      return variantText(tensor.data[index] ?? new Uint8Array());
    case "bool":
      return tensor.data[index] === 0 ? "False" : "True";
    case "float32":
      return float32Text(tensor.data[index] ?? 0);
    case "float64":
      return float64Text(tensor.data[index] ?? 0);
    case "complex64":
      return complexText(tensor.data, index, float32Text);
    case "complex128":
      return complexText(tensor.data, index, float64Text);
    case "float16":
    case "bfloat16": {
      const { dtype, data } = tensor;
      const [value = 0] = toNumbers({ dtype, shape: [1], data: data.subarray(index, index + 1) });
      return smallFloatText(dtype, value);
    }
    case "float8_e5m2":
    case "float8_e4m3fn":
    case "float8_e4m3fnuz":
    case "float8_e4m3b11fnuz":
    case "float8_e5m2fnuz":
    case "float4_e2m1fn": {
      const { dtype, data } = tensor;
      const [value = 0] = toNumbers({ dtype, shape: [1], data: data.subarray(index, index + 1) });
      return smallFloatText(dtype, value);
    }
    default:
      return String(tensor.data[index]);
  }
}

function complexText(data: ArrayLike<number>, index: number, text: (value: number) => string): string {
  const imaginary = text(data[2 * index + 1] ?? 0);
  return `${text(data[2 * index] ?? 0)}${imaginary.startsWith("-") ? "" : "+"}${imaginary}j`;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text as JSON writes it; bytes that are no text as Python writes them. A long one is cut, and its length told. */
function stringText(bytes: Uint8Array): string {
  const text = decoded(bytes);
  if (text === undefined) {
    const shown = [...bytes.subarray(0, LONGEST_STRING)].map(byteText).join("");
    return bytes.length <= LONGEST_STRING ? `b"${shown}"` : `b"${shown}"… (${grouped(bytes.length)} bytes)`;
  }
  const characters = text.length <= LONGEST_STRING ? text : [...text].slice(0, LONGEST_STRING).join("");
  const shown = printable(JSON.stringify(characters));
  return characters.length === text.length ? shown : `${shown}… (${grouped(bytes.length)} bytes)`;
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

function byteText(byte: number): string {
  if (byte < 0x20 || byte > 0x7e) return `\\x${hex(byte, 2)}`;
  return byte === 0x22 || byte === 0x5c ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
}

function variantText(bytes: Uint8Array): string {
  const { typeName, tensors } = decodeVariant(bytes);
  if (typeName === "") return "<not set>";
  return `<${printable(typeName)}, ${counted(tensors.length, "tensor")}>`;
}
