import type { Architecture, LayerNode } from "./architecture/architecture.ts";
import { tensorsOf } from "./architecture/arguments.ts";
import { modelShapes } from "./shapes/model-shapes.ts";
import type { Shape, Shapes } from "./shapes/shape.ts";
import { type ExpectedWeightsOptions, eraOf, expectedWeights } from "./weights/expected-weights.ts";

/** A layer in a summary. */
export interface SummaryRow {
  readonly name: string;
  readonly className: string;
  /** The shapes that come out of its first call; `undefined` where that is not known. */
  readonly outputs: Shapes | undefined;
  /** How many numbers its weights have; `undefined` if that does not follow from the architecture. */
  readonly parameters: number | undefined;
  /** The layers whose outputs it takes, call by call, as `name[call][tensor]`; none in a stack. */
  readonly inputs: readonly string[];
}

/** What `summarize` gives. */
export interface Summary {
  readonly name: string;
  readonly className: string;
  readonly rows: readonly SummaryRow[];
  /** The parameters that training changes; `undefined` if those of a layer are not known. */
  readonly trainable: number | undefined;
  /** The others. */
  readonly nonTrainable: number | undefined;
}

/** What `model.summary()` says: the layers of a model with their shapes and parameters, without running Keras. */
export function summarize(architecture: Architecture, options: ExpectedWeightsOptions = {}): Summary {
  const { model } = architecture;
  const { layers } = expectedWeights(architecture, options);
  const shapes = modelShapes(model, options.inputs, options.era ?? eraOf(architecture)).layerOutputs;
  const weights = new Map(layers.map((layer) => [layer.path, layer.weights]));
  const count = (path: string, trainable?: boolean): number | undefined => {
    const specs = weights.has(path) ? weights.get(path) : [];
    const counted = specs?.filter((spec) => trainable === undefined || spec.trainable === trainable);
    return sum(counted?.map(({ shape }) => sizeOf(shape)));
  };
  const total = (trainable: boolean): number | undefined => sum(layers.map(({ path }) => count(path, trainable)));
  const rows = model.layers.map((layer) => ({
    name: layer.name,
    className: layer.className,
    outputs: shapes.get(layer)?.[0],
    parameters: count(layer.path),
    inputs: inputsOf(layer),
  }));
  return { name: model.name, className: model.className, rows, trainable: total(true), nonTrainable: total(false) };
}

function inputsOf(layer: LayerNode): readonly string[] {
  return layer.calls.flatMap((call) =>
    [...tensorsOf(call)].map((tensor) => `${tensor.layer}[${tensor.call}][${tensor.tensor}]`),
  );
}

function sum(numbers: readonly (number | undefined)[] | undefined): number | undefined {
  let total: number | undefined = numbers === undefined ? undefined : 0;
  for (const number of numbers ?? []) total = total === undefined || number === undefined ? undefined : total + number;
  return total;
}

function sizeOf(shape: Shape): number | undefined {
  let size = 1;
  for (const length of shape) {
    if (length === null) return undefined;
    size *= length;
  }
  return size;
}

/** A summary as a table. */
export function printSummary({ name, rows, trainable, nonTrainable }: Summary): string {
  const isGraph = rows.some(({ inputs }) => inputs.length > 0);
  const header = ["Layer (type)", "Output Shape", "Param #", ...(isGraph ? ["Connected to"] : [])];
  const lines = rows.flatMap((row) => linesOf(row, isGraph));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const print = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 2 ? cell.padStart(widths[2] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const rule = "-".repeat(print(header.map((_, column) => "-".repeat(widths[column] ?? 0))).length);
  return [
    `Model: "${name}"`,
    rule,
    print(header),
    rule,
    ...lines.map(print),
    rule,
    `Total params: ${grouped(sum([trainable, nonTrainable]))}`,
    `Trainable params: ${grouped(trainable)}`,
    `Non-trainable params: ${grouped(nonTrainable)}`,
  ].join("\n");
}

/** A layer has as many lines as it has inputs, one at least. */
function linesOf({ name, className, outputs, parameters, inputs }: SummaryRow, isGraph: boolean): string[][] {
  const shapes = outputs?.map((shape) => (shape === undefined ? "?" : tupleOf(shape))) ?? ["?"];
  const shape = shapes.length === 1 ? (shapes[0] ?? "?") : `[${shapes.join(", ")}]`;
  const first = [`${name} (${className})`, shape, grouped(parameters)];
  if (!isGraph) return [first];
  const [input = "-", ...others] = inputs;
  return [[...first, input], ...others.map((other) => ["", "", "", other])];
}

/** As Python prints a shape. */
function tupleOf(shape: Shape): string {
  const items = shape.map((length) => (length === null ? "None" : String(length)));
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
}

function grouped(number: number | undefined): string {
  return number === undefined ? "?" : number.toLocaleString("en-US");
}
