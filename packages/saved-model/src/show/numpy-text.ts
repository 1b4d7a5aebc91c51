import type { Place } from "@modelbytes/bytes";
import { type Tensor, toNumbers } from "@modelbytes/tensor";
import { decodeTensorProto, encodeMessage, toTensor } from "@modelbytes/tf-proto";
import { TensorProto } from "@modelbytes/tf-proto/messages";
import { dtypeText } from "../dtype-text.ts";

/**
 * `repr` of a numpy array, as numpy 2.4 prints it by default: 8 digits behind the point, lines of 75 characters, exponents where the
 * numbers are far apart. `array([-1.e+00,  5.e-01], dtype=float32)`
 */

const PREFIX = "array(";
const PRECISION = 8;
const LINE_WIDTH = 75;
/** JavaScript writes no more; a number halfway between two that are written has fewer. */
const MOST_PLACES = 100;
/** Beyond it numpy leaves out the middle. */
const MAX_ELEMENTS = 1000;
/** No array of numpy has more dimensions. */
const MAX_RANK = 64;
const FLOATS: ReadonlySet<string> = new Set(["float32", "float64"]);
const SHOWN: ReadonlySet<string> = new Set([
  ...FLOATS,
  ...["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"],
]);
/** The dtypes that go without saying. */
const IMPLIED: ReadonlySet<string> = new Set(["int64", "float64", "bool"]);

/**
 * The elements are left out of arrays with more than a thousand of them or 64 dimensions, and of strings, complex numbers and small
 * floats: `array(…, dtype=string)`. Throws a `CorruptError` for a damaged tensor.
 */
export function reprArray(proto: TensorProto, place: Place): string {
  const dtype = `dtype=${dtypeText(proto.dtype)}`;
  const sizes = proto.tensorShape?.dim.map(({ size }) => Number(size)) ?? [];
  const count = sizes.reduce((product, size) => product * size, 1);
  const isShown = SHOWN.has(dtypeText(proto.dtype)) && count <= MAX_ELEMENTS && sizes.length <= MAX_RANK;
  if (!isShown) return `${PREFIX}…, ${dtype})`;
  const tensor = toTensor(decodeTensorProto(encodeMessage(TensorProto, proto), place), place);
  const { shape } = tensor;
  if (tensor.data.length === 0) {
    const size = shape.length === 1 ? "" : `, shape=(${shape.join(", ")})`;
    return `${PREFIX}[]${size}, ${dtype})`;
  }
  const text = `${PREFIX}${rows(elementTexts(tensor), shape)}`;
  if (IMPLIED.has(tensor.dtype)) return `${text})`;
  const lastLine = text.length - (text.lastIndexOf("\n") + 1);
  const spacer = lastLine + `, ${dtype})`.length > LINE_WIDTH ? `\n${" ".repeat(PREFIX.length)}` : " ";
  return `${text},${spacer}${dtype})`;
}

function elementTexts(tensor: Tensor): string[] {
  if (FLOATS.has(tensor.dtype)) return floatTexts([...toNumbers(tensor)], tensor.dtype === "float32");
  if (tensor.dtype === "bool") return padded(Array.from(tensor.data, (each) => (each === 0 ? "False" : "True")));
  return padded(Array.from<unknown, string>(tensor.data, String));
}

function padded(texts: readonly string[]): string[] {
  const width = Math.max(...texts.map((each) => each.length));
  return texts.map((each) => each.padStart(width));
}

/** Brackets around the rows of dimension `dim`, whose elements begin at `start`; the innermost are broken into lines. */
function rows(texts: readonly string[], shape: readonly number[], dim = 0, start = 0): string {
  const size = shape[dim];
  if (size === undefined) return texts[start] ?? "";
  const indent = " ".repeat(PREFIX.length + dim + 1);
  const below = shape.length - dim - 1;
  if (below === 0) return `[${lines(texts.slice(start, start + size), indent, LINE_WIDTH - 2 - dim)}]`;
  const stride = shape.slice(dim + 1).reduce((product, each) => product * each, 1);
  const parts = Array.from({ length: size }, (_, row) => rows(texts, shape, dim + 1, start + row * stride));
  return `[${parts.join(`,${"\n".repeat(below)}${indent}`)}]`;
}

/** Elements of one row, with line breaks; each line keeps room for a comma or a bracket of every dimension. */
function lines(texts: readonly string[], indent: string, width: number): string {
  const full: string[] = [];
  let line = "";
  for (const text of texts) {
    if (line !== "" && indent.length + line.length + ", ".length + text.length > width) {
      full.push(line);
      line = text;
    } else line = line === "" ? text : `${line}, ${text}`;
  }
  return [...full, line].join(`,\n${indent}`);
}

/** All numbers with as many characters before and behind the point as any of them needs. */
function floatTexts(numbers: readonly number[], single: boolean): string[] {
  const exponential = needExponents(numbers, single);
  const parts = numbers.map((each) => {
    return Number.isFinite(each) ? numberParts(each, shortestDigits(each, exponential, single)) : undefined;
  });
  const left = Math.max(0, ...parts.map((each) => each?.whole.length ?? 0));
  const places = Math.max(0, ...parts.map((each) => each?.fraction.length ?? 0));
  const power = Math.max(0, ...parts.map((each) => each?.power.length ?? 0));
  const texts = numbers.map((each, at) => {
    const part = parts[at];
    if (part === undefined) return Number.isNaN(each) ? "nan" : each < 0 ? "-inf" : "inf";
    if (!exponential) return `${part.whole.padStart(left)}.${part.fraction.padEnd(places)}`;
    const { whole, fraction } =
      part.fraction.length < places ? numberParts(each, toEven(Math.abs(each), places, "toExponential")) : part;
    const [sign = "", ...digits] = part.power;
    return `${whole.padStart(left)}.${fraction}e${sign}${digits.join("").padStart(power - 1, "0")}`;
  });
  return padded(texts);
}

/** Whether numbers are large, small or far apart, in the arithmetic of their dtype. */
function needExponents(numbers: readonly number[], single: boolean): boolean {
  const sizes = numbers.filter((each) => Number.isFinite(each) && each !== 0).map(Math.abs);
  if (sizes.length === 0) return false;
  const round = single ? Math.fround : Number;
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  return largest >= (single ? 1e6 : 1e8) || smallest < round(1e-4) || round(largest / smallest) > 1000;
}

interface NumberParts {
  readonly whole: string;
  readonly fraction: string;
  /** `+08`; empty without an exponent. */
  readonly power: string;
}

/** Splits the digits of a number, which have no sign. */
function numberParts(value: number, text: string): NumberParts {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [digits = "", exponent = ""] = text.split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  const power = exponent === "" ? "" : `${exponent.charAt(0)}${exponent.slice(1).padStart(2, "0")}`;
  return { whole: sign + whole, fraction, power };
}

/** The fewest digits that mean the number, but no more than eight behind the point. */
function shortestDigits(value: number, exponential: boolean, single: boolean): string {
  const size = Math.abs(value);
  const shortest = single ? shortestSingle(size) : size;
  const text = exponential ? shortest.toExponential() : `${shortest}`;
  if ((/\.(\d+)/.exec(text)?.[1] ?? "").length <= PRECISION) return text;
  return toEven(size, PRECISION, exponential ? "toExponential" : "toFixed").replace(/\.?0+(?=e|$)/, "");
}

/** So many digits behind the point. JavaScript rounds up halfway between two numbers, numpy to the even one. */
function toEven(size: number, places: number, how: "toExponential" | "toFixed"): string {
  const [, kept = "", rest = "", exponent = ""] = /^(\d+\.\d+?)(50*)(e.*)?$/.exec(size[how](MOST_PLACES)) ?? [];
  const isHalfway = kept.length - kept.indexOf(".") - 1 === places && rest !== "";
  return isHalfway && /[02468]$/.test(kept) ? kept + exponent : size[how](places);
}

/** The number with the fewest digits that rounds to a float32. */
function shortestSingle(size: number): number {
  for (let places = 0; places < 8; places++) {
    const candidate = Number(toEven(size, places, "toExponential"));
    if (Math.fround(candidate) === size) return candidate;
  }
  return Number(size.toExponential(8));
}
