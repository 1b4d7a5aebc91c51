import { UnsupportedError } from "@modelbytes/bytes";
import { elementCount, type Tensor, toNumbers } from "@modelbytes/tensor";
import { hex } from "./text.ts";

/**
 * The values of a tensor as nested JSON arrays, in pieces of text.
 *
 *     floats      the exact value in the digits of a float64; "NaN", "Infinity" and "-Infinity" are strings, −0 is -0.0
 *     integers    all digits, also those beyond 2^53
 *     complex     [real, imaginary]
 *     strings     text; what is not UTF-8 as {"hex": "ff00"}
 *
 * Throws an `UnsupportedError` for a tensor that has no such form.
 */
export function* jsonValues(tensor: Tensor, name?: string): Generator<string, void, undefined> {
  const { shape } = tensor;
  checkShape(tensor, name);
  const text = elements(tensor, name);
  function* nested(dim: number, offset: number, stride: number): Generator<string, void, undefined> {
    const size = shape[dim];
    if (size === undefined) {
      yield text(offset);
      return;
    }
    yield "[";
    if (dim === shape.length - 1) yield* row(text, offset, size);
    else {
      const inner = size === 0 ? 0 : stride / size;
      for (let at = 0; at < size; at++) {
        if (at > 0) yield ",\n";
        yield* nested(dim + 1, offset + at * inner, inner);
      }
    }
    yield "]";
  }
  yield* nested(0, 0, elementCount(shape));
  yield "\n";
}

/** Elements that become one piece of text. */
const PIECE = 4096;

function* row(text: (index: number) => string, offset: number, size: number): Generator<string, void, undefined> {
  for (let start = 0; start < size; start += PIECE) {
    const count = Math.min(PIECE, size - start);
    const piece = Array.from({ length: count }, (_, at) => text(offset + start + at)).join(", ");
    yield start === 0 ? piece : `, ${piece}`;
  }
}

/** A tensor without elements can still have any number of rows. */
const MOST_EMPTY_ROWS = 2 ** 20;

function checkShape({ shape }: Tensor, tensor: string | undefined): void {
  const rows = elementCount(shape.slice(0, shape.indexOf(0) + 1 || undefined).filter((dim) => dim > 0));
  if (!shape.includes(0) || rows <= MOST_EMPTY_ROWS) return;
  throw new UnsupportedError("json-shape", `${rows} empty arrays are too many for JSON: save it as .bin`, { tensor });
}

/** How the element at an index is written. */
function elements(tensor: Tensor, name: string | undefined): (index: number) => string {
  switch (tensor.dtype) {
    case "variant":
      throw new UnsupportedError("json-dtype", "JSON cannot hold variants: save the tensor as .bin", { tensor: name });
    case "string":
      return (index) => stringJson(tensor.data[index] ?? new Uint8Array());
    case "bool":
      return (index) => (tensor.data[index] === 0 ? "false" : "true");
    case "int64":
    case "uint64":
      return (index) => String(tensor.data[index]);
    case "complex64":
    case "complex128":
      return (index) => `[${numberJson(tensor.data[2 * index])}, ${numberJson(tensor.data[2 * index + 1])}]`;
    case "float32":
    case "float64":
      return (index) => numberJson(tensor.data[index]);
    default: {
      const numbers = toNumbers(tensor);
      return (index) => numberJson(numbers[index]);
    }
  }
}

function numberJson(value = 0): string {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function stringJson(bytes: Uint8Array): string {
  try {
    return JSON.stringify(UTF8.decode(bytes));
  } catch {
    return `{"hex": "${Array.from(bytes, (byte) => hex(byte, 2)).join("")}"}`;
  }
}
