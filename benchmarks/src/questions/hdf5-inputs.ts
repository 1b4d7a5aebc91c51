import { toSink } from "@modelbytes/bytes";
import { type KerasVarsGroup, type NamedWeight, writeKerasH5, writeKerasWeights } from "@modelbytes/keras-hdf5";
import { type Tensor, tensor } from "@modelbytes/tensor";
import type { Input, Inputs } from "../question.ts";
import { countText } from "../units.ts";
import { LARGE_TENSORS, largeLabel } from "./checkpoint-inputs.ts";

/** A dense layer whose kernel has so many rows and columns. */
interface DenseShape {
  readonly rows: number;
  readonly columns: number;
}

/** Layers of the deep model, which Adam trains. */
const LAYERS = 300;
const SMALL_LAYER: DenseShape = { rows: 64, columns: 64 };
const TINY_LAYER: DenseShape = { rows: 4, columns: 4 };

/** What Adam has beside two moments of each variable: its iterations and its learning rate. */
const SCALARS = 2;

/** The large file: `.weights.h5`, `bytes` of float32 in 64 datasets of one layer each. */
export async function largeHdf5({ scratch, scale }: Inputs, bytes: number = scale.bytes): Promise<Input> {
  const path = await scratch.file(`large-${bytes}.weights.h5`, bytes, async (path) => {
    await writeKerasWeights(toSink(path), { groups: largeGroups(bytes) });
  });
  return { label: largeLabel(bytes, LARGE_TENSORS), path, bytes, items: LARGE_TENSORS, judged: true };
}

/** A `.weights.h5` of very small datasets, two for each layer. */
export async function manyDatasets({ scratch }: Inputs, datasets: number): Promise<Input> {
  const { rows, columns } = TINY_LAYER;
  const bytes = (datasets / 2) * 4 * (rows * columns + columns);
  const path = await scratch.file(`${datasets}.weights.h5`, bytes, async (path) => {
    await writeKerasWeights(toSink(path), { groups: layerGroups(datasets / 2, TINY_LAYER) });
  });
  return { label: `${countText(datasets)} datasets`, path, bytes, items: datasets, judged: true };
}

/** The layers of the large file share their values. */
export function largeGroups(bytes: number, items: number = LARGE_TENSORS): KerasVarsGroup[] {
  const values = halves([bytes / items / 4]);
  return Array.from({ length: items }, (_, item) => ({ path: `layers/${layerName(item)}`, vars: [["0", values]] }));
}

/** A model of 300 layers with its optimizer, as `.h5` and as `.weights.h5`. `name` is a kernel in the middle. */
export async function deepModel({ scratch }: Inputs): Promise<[h5: Input, weights: Input]> {
  const { rows, columns } = SMALL_LAYER;
  const bytes = 3 * 4 * LAYERS * (rows * columns + columns) + 4 + 8;
  const h5 = await scratch.file("deep.h5", bytes, async (path) => {
    const layers = Array.from({ length: LAYERS }, (_, layer) => ({
      name: layerName(layer),
      weights: namedAs(layerWeights(SMALL_LAYER), [
        `sequential/${layerName(layer)}/kernel`,
        `sequential/${layerName(layer)}/bias`,
      ]),
    }));
    const optimizer = optimizerWeights(SMALL_LAYER);
    const names = optimizer.map((_, index) => (index === 0 ? "adam/iteration" : `adam/variable_${index}`));
    await writeKerasH5(toSink(path), { layers, modelConfig: "{}", optimizerWeights: namedAs(optimizer, names) });
  });
  const weights = await scratch.file("deep.weights.h5", bytes, async (path) => {
    const optimizer = { path: "optimizer", name: "adam", vars: numbered(optimizerWeights(SMALL_LAYER)) };
    await writeKerasWeights(toSink(path), { groups: [...layerGroups(LAYERS, SMALL_LAYER), optimizer] });
  });
  const input = { bytes, items: 6 * LAYERS + SCALARS, judged: true };
  const name = layerName(LAYERS / 2);
  return [
    {
      ...input,
      label: `${LAYERS} layers with Adam, .h5`,
      path: h5,
      name: `model_weights/${name}/sequential/${name}/kernel`,
    },
    { ...input, label: `${LAYERS} layers with Adam, .weights.h5`, path: weights, name: `layers/${name}/vars/0` },
  ];
}

/** Layers of `.weights.h5` as Keras numbers them. */
export function layerGroups(layers: number, shape: DenseShape): KerasVarsGroup[] {
  const vars = numbered(layerWeights(shape));
  return Array.from({ length: layers }, (_, layer) => ({
    path: `layers/${layerName(layer)}`,
    name: layerName(layer),
    vars,
  }));
}

function layerName(layer: number): string {
  return layer === 0 ? "dense" : `dense_${layer}`;
}

function layerWeights({ rows, columns }: DenseShape): Tensor[] {
  return [halves([rows, columns]), halves([columns])];
}

function optimizerWeights(shape: DenseShape): Tensor[] {
  const [kernel, bias] = layerWeights(shape);
  const moments = Array.from({ length: LAYERS }, () => [kernel, kernel, bias, bias]).flat();
  return [
    tensor("int64", [], BigInt64Array.of(1000n)),
    tensor("float32", [], Float32Array.of(1e-3)),
    ...moments.filter((moment) => moment !== undefined),
  ];
}

function numbered(tensors: readonly Tensor[]): NamedWeight[] {
  return namedAs(tensors, [...tensors.keys()].map(String));
}

function namedAs(tensors: readonly Tensor[], names: readonly string[]): NamedWeight[] {
  return tensors.map((tensor, index) => [names[index] ?? "", tensor]);
}

function halves(shape: readonly number[]): Tensor {
  const elements = shape.reduce((product, size) => product * size, 1);
  return tensor("float32", shape, new Float32Array(elements).fill(0.5));
}
