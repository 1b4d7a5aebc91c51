// Random weights of old layers through the loaders of Keras 2.3, 2.12 and 2.15 and through ours: the same bits.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertLegacyWeights, type LegacyOptions } from "@modelbytes/keras-hdf5";
import {
  cast,
  elementCount,
  type FixedDType,
  fromNumbers,
  type RealDType,
  type Tensor,
  toBytes,
} from "@modelbytes/tensor";
import { afterAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

type Shape = readonly number[];

/** A layer as Keras 2 configures it, what it takes, and the weights that a file has for it. */
interface Old {
  readonly what: string;
  readonly layer: { readonly class_name: string; readonly config: Record<string, unknown> };
  readonly input: readonly (number | null)[];
  readonly stored: readonly Shape[];
  /** What the layer needs, for Keras 2.3, whose layers cannot be made. */
  readonly needed?: readonly Shape[];
  readonly version: string;
  readonly backend?: string;
  readonly toBackend?: string;
}

interface Answer {
  readonly error?: string;
  readonly weights?: readonly { readonly dtype: string; readonly shape: Shape; readonly bytes: string }[];
}

const layer = (class_name: string, config: Record<string, unknown>) => ({
  class_name,
  config: { name: "it", ...config },
});
const repeat = (times: number, ...shapes: readonly Shape[]): Shape[] =>
  Array.from({ length: times }, () => shapes).flat();

const conv = (data_format: string, ...kernel_size: number[]) => ({ filters: 4, kernel_size, data_format });
const first = (...size: number[]) => conv("channels_first", ...size);
const last = (...size: number[]) => conv("channels_last", ...size);

const U = 3;
const IN = 5;
const KERNELS: readonly Shape[] = [
  [IN, 4 * U],
  [U, 4 * U],
];
const LSTM = [...KERNELS, [4 * U]];
const CUDNN_LSTM = [...KERNELS, [8 * U]];
const GRU_KERNELS: readonly Shape[] = [
  [IN, 3 * U],
  [U, 3 * U],
];
const GRU = [...GRU_KERNELS, [2, 3 * U]];
const CUDNN_GRU = [...GRU_KERNELS, [6 * U]];
const GATE: readonly Shape[] = [[IN, U], [U, U], [U]];
const SERIES = [null, 7, IN];
const rnn = (name: string, config: Record<string, unknown> = {}) => layer(name, { units: U, ...config });
const bidirectional = (of: unknown) => layer("Bidirectional", { layer: of, merge_mode: "concat" });
const timeDistributed = (of: unknown) => layer("TimeDistributed", { layer: of });
const sequential = (...layers: unknown[]) => layer("Sequential", { layers });
const input = (...batch_input_shape: (number | null)[]) => ({
  class_name: "InputLayer",
  config: { name: "input", batch_input_shape, dtype: "float32", sparse: false, ragged: false },
});
const named = (name: string, of: { class_name: string; config: object }, more: object = {}) => ({
  ...of,
  config: { ...of.config, ...more, name },
});

const KERAS_1: readonly Old[] = [
  {
    what: "Conv1D",
    layer: layer("Conv1D", { filters: 4, kernel_size: [3] }),
    input: SERIES,
    stored: [[3, 1, 5, 4], [4]],
  },
  {
    what: "Conv1D of 1.0",
    layer: layer("Conv1D", { filters: 4, kernel_size: [3] }),
    input: SERIES,
    stored: [[4, 5, 3, 1], [4]],
  },
  { what: "Conv2D", layer: layer("Conv2D", last(2, 3)), input: [null, 9, 9, 5], stored: [[2, 3, 5, 4], [4]] },
  {
    what: "Conv2D, channels first",
    layer: layer("Conv2D", first(2, 3)),
    input: [null, 5, 9, 9],
    stored: [[4, 5, 2, 3], [4]],
  },
  {
    what: "Conv2D without bias",
    layer: layer("Conv2D", { ...first(2, 3), use_bias: false }),
    input: [null, 5, 9, 9],
    stored: [[4, 5, 2, 3]],
  },
  { what: "Conv3D", layer: layer("Conv3D", last(2, 3, 1)), input: [null, 9, 9, 9, 5], stored: [[2, 3, 1, 5, 4], [4]] },
  {
    what: "Conv3D, channels first",
    layer: layer("Conv3D", first(2, 3, 1)),
    input: [null, 5, 9, 9, 9],
    stored: [[4, 5, 2, 3, 1], [4]],
  },
  {
    what: "Conv2DTranspose",
    layer: layer("Conv2DTranspose", last(2, 3)),
    input: [null, 9, 9, 5],
    stored: [[2, 3, 5, 4], [4]],
  },
  {
    what: "Conv2DTranspose, channels first",
    layer: layer("Conv2DTranspose", first(2, 3)),
    input: [null, 5, 9, 9],
    stored: [[5, 4, 2, 3].map((size, axis) => (axis === 0 ? 4 : axis === 1 ? 5 : size)), [4]],
  },
  { what: "Dense", layer: layer("Dense", { units: 4 }), input: [null, 5], stored: [[5, 4], [4]] },
  { what: "LSTM", layer: rnn("LSTM"), input: SERIES, stored: repeat(4, ...GATE) },
  { what: "LSTM for the GPU", layer: rnn("LSTM"), input: SERIES, stored: LSTM },
  { what: "GRU", layer: rnn("GRU", { reset_after: false }), input: SERIES, stored: repeat(3, ...GATE) },
  {
    what: "ConvLSTM2D",
    layer: layer("ConvLSTM2D", last(2, 3)),
    input: [null, 7, 9, 9, 5],
    stored: repeat(4, [2, 3, 5, 4], [2, 3, 4, 4], [4]),
  },
  { what: "Bidirectional LSTM", layer: bidirectional(rnn("LSTM")), input: SERIES, stored: repeat(8, ...GATE) },
  {
    what: "Bidirectional GRU",
    layer: bidirectional(rnn("GRU", { reset_after: false })),
    input: SERIES,
    stored: repeat(6, ...GATE),
  },
  {
    what: "TimeDistributed Dense",
    layer: timeDistributed(layer("Dense", { units: 4 })),
    input: SERIES,
    stored: [[5, 4], [4]],
  },
  {
    // Keras turns it twice and then once more, as it does not fit
    what: "TimeDistributed Conv2D, channels first",
    layer: timeDistributed(layer("Conv2D", first(2, 3))),
    input: [null, 7, 5, 9, 9],
    stored: [[4, 5, 2, 3], [4]],
  },
  {
    what: "a model with a frozen layer and a model inside",
    layer: sequential(
      input(null, 5, 9, 9),
      named("first", layer("Conv2D", first(2, 3))),
      named("frozen", layer("Conv2D", { ...first(2, 1), trainable: false })),
      named("normalization", layer("BatchNormalization", { axis: 1 })),
      named("inner", sequential(input(null, 4, 7, 7), named("inner_conv", layer("Conv2D", first(1, 3))))),
    ),
    input: [null, 5, 9, 9],
    stored: [[4, 5, 2, 3], [4], [4], [4], [4, 4, 1, 3], [4], [4, 4, 2, 1], [4], [4], [4]],
  },
].map((old) => ({ ...old, version: "1" }));

const KERAS_2: readonly Old[] = [
  { what: "LSTM", layer: rnn("LSTM"), input: SERIES, stored: LSTM },
  { what: "LSTM without bias", layer: rnn("LSTM", { use_bias: false }), input: SERIES, stored: KERNELS },
  { what: "LSTM from CuDNN", layer: rnn("LSTM"), input: SERIES, stored: CUDNN_LSTM },
  { what: "CuDNNLSTM", layer: rnn("CuDNNLSTM"), input: SERIES, stored: CUDNN_LSTM },
  { what: "CuDNNLSTM from plain", layer: rnn("CuDNNLSTM"), input: SERIES, stored: LSTM },
  { what: "GRU", layer: rnn("GRU", { reset_after: true }), input: SERIES, stored: GRU },
  { what: "GRU from CuDNN", layer: rnn("GRU", { reset_after: true }), input: SERIES, stored: CUDNN_GRU },
  { what: "CuDNNGRU", layer: rnn("CuDNNGRU"), input: SERIES, stored: CUDNN_GRU },
  { what: "CuDNNGRU from plain", layer: rnn("CuDNNGRU"), input: SERIES, stored: GRU },
  { what: "older GRU", layer: rnn("GRU", { reset_after: false }), input: SERIES, stored: [...GRU_KERNELS, [3 * U]] },
  {
    what: "Bidirectional LSTM from CuDNN",
    layer: bidirectional(rnn("LSTM", { return_sequences: true })),
    input: SERIES,
    stored: repeat(2, ...CUDNN_LSTM),
  },
  {
    what: "Bidirectional GRU from CuDNN",
    layer: bidirectional(rnn("GRU", { reset_after: true })),
    input: SERIES,
    stored: repeat(2, ...CUDNN_GRU),
  },
  {
    what: "a model with layers from CuDNN",
    layer: sequential(
      input(null, 7, 5),
      named("both", bidirectional(rnn("LSTM", { return_sequences: true }))),
      named("normalization", layer("BatchNormalization", { axis: [2] })),
      named("dropout", layer("Dropout", { rate: 0.5 })),
      named("inner", sequential(input(null, 7, 6), named("gru", rnn("GRU", { reset_after: true })))),
    ),
    input: [null, 7, 5],
    stored: [...repeat(2, ...CUDNN_LSTM), ...[[6], [6]], ...[[6, 3 * U], [U, 3 * U], [6 * U]], ...[[6], [6]]],
  },
  {
    what: "a kernel that does not fit",
    layer: layer("Conv2D", last(2, 3)),
    input: [null, 9, 9, 5],
    stored: [[5, 4, 3, 2], [4]],
  },
  {
    what: "kernels that do not fit",
    layer: layer("ConvLSTM2D", last(2, 3)),
    input: [null, 7, 9, 9, 5],
    stored: [[5, 16, 3, 2], [4, 16, 3, 2], [16]],
  },
  {
    what: "a transposed convolution that does not fit",
    layer: layer("Conv2DTranspose", last(2, 3)),
    input: [null, 9, 9, 5],
    stored: [[4, 5, 3, 2], [4]],
  },
].map((old) => ({ ...old, version: "2.2.4", backend: "tensorflow" }));

/** Convolutions of every kind as Keras 2 stores them, from each backend to each. */
function* ofBackends(): Generator<Old> {
  const convolutions: readonly (readonly [name: string, config: Record<string, unknown>, stored: readonly Shape[]])[] =
    [
      ["Conv1D", { filters: 4, kernel_size: [3] }, [[3, 5, 4], [4]]],
      ["Conv2D", last(2, 3), [[2, 3, 5, 4], [4]]],
      ["Conv2D", first(2, 3), [[2, 3, 5, 4], [4]]],
      ["Conv3D", last(2, 3, 2), [[2, 3, 2, 5, 4], [4]]],
      ["Conv2DTranspose", last(2, 3), [[2, 3, 4, 5], [4]]],
      ["ConvLSTM2D", last(2, 3), [[2, 3, 5, 16], [2, 3, 4, 16], [16]]],
      ["SeparableConv2D", last(2, 3), [[2, 3, 5, 1], [1, 1, 5, 4], [4]]],
      ["DepthwiseConv2D", { kernel_size: [2, 3] }, [[2, 3, 5, 1], [5]]],
      ["Dense", { units: 4 }, [[5, 4], [4]]],
    ];
  for (const [name, config, stored] of convolutions) {
    for (const backend of ["tensorflow", "theano", "cntk", undefined]) {
      for (const toBackend of ["tensorflow", "theano"]) {
        const what = `${name} from ${backend ?? "nowhere"} to ${toBackend}`;
        const of = { input: [], needed: stored, stored, version: "2.2.4", toBackend, ...(backend && { backend }) };
        yield { what, layer: layer(name, config), ...of };
        yield { what: `TimeDistributed ${what}`, layer: timeDistributed(layer(name, config)), ...of };
      }
    }
  }
  const unfit: readonly Shape[] = [[5, 4, 3, 2], [4]];
  const of = { input: [], stored: unfit, needed: [[2, 3, 5, 4], [4]], version: "2.0.8" };
  yield {
    what: "turned and transposed",
    layer: layer("Conv2D", first(2, 3)),
    ...of,
    backend: "theano",
    toBackend: "tensorflow",
  };
}

const DTYPES: readonly RealDType[] = ["float16", "float32", "float64", "bfloat16"];

/** Of all sizes down to subnormal ones. The sum of two biases of -0 is not the same zero in every numpy, so there are none. */
function randomTensor(dtype: RealDType, shape: Shape): Tensor<RealDType> {
  const numbers = Array.from({ length: elementCount(shape) }, () => {
    const sign = Math.random() < 0.5 ? -1 : 1;
    const number = Math.random() < 0.1 ? sign * 0 : sign * Math.random() * 10 ** (Math.random() * 14 - 10);
    return shape.length === 1 && Math.abs(number) < 1e-8 ? 0 : number;
  });
  return fromNumbers(dtype, shape, numbers);
}

const encoded = (tensor: Tensor<FixedDType>) => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  bytes: Buffer.from(toBytes(tensor)).toString("base64"),
});

describe.runIf(hasPython())("old weights", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-legacy-weights-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function compare(environment: string, olds: readonly Old[], dtypes: readonly RealDType[]): Promise<void> {
    const cases = olds.flatMap((old) =>
      dtypes.map((dtype) => ({ old, weights: old.stored.map((shape) => randomTensor(dtype, shape)) })),
    );
    const questions = cases.map(({ old, weights }) => ({
      layer: old.layer,
      input_shape: old.input,
      shapes: old.needed ?? [],
      version: old.version,
      backend: old.backend ?? null,
      to_backend: old.toBackend ?? "tensorflow",
      weights: weights.map(encoded),
    }));
    const file = join(folder, `${environment}.json`);
    writeFileSync(file, JSON.stringify(questions));
    const printed = await runPython(await interpreter(environment), "fixtures/keras-hdf5/legacy_weights.py", file);
    const answers: readonly Answer[] = JSON.parse(printed);
    expect(answers.length).toBe(cases.length);
    for (const [index, { old, weights }] of cases.entries()) {
      const { class_name: className, config } = old.layer;
      const options: LegacyOptions = {
        from: { kerasVersion: old.version, backend: old.backend },
        to: { backend: old.toBackend },
      };
      const before = weights.map(encoded);
      const ours = convertLegacyWeights({ className, config, weights }, options);
      const expected = answers[index];
      // a half of bfloat16 is float32 to numpy, and bfloat16 again in the layer
      const asNumpy = (each: Tensor, at: number) =>
        each.dtype === "bfloat16" && expected?.weights?.[at]?.dtype === "float32" ? cast(each, "float32") : fixed(each);
      const answer = { weights: ours.weights.map((each, at) => encoded(asNumpy(each, at))) };
      expect([old.what, answer]).toEqual([old.what, expected]);
      expect(weights.map(encoded)).toEqual(before);
    }
  }

  test.each(["tensorflow-2.15", "tensorflow-2.12"])("as the loader of Keras in %s takes them", async (environment) => {
    await compare(environment, [...KERAS_1, ...KERAS_2], DTYPES);
  });

  test("as the loader of Keras 2.3 takes them, from each backend to each", async () => {
    await compare("keras-2.3", [...ofBackends()], ["float16", "float32", "float64"]);
  });
});

function fixed(tensor: Tensor): Tensor<FixedDType> {
  if (tensor.dtype === "string" || tensor.dtype === "variant") throw new TypeError("no numbers");
  return tensor;
}
