// A model of 300 equal Dense layers with Adam, as Keras 3.15 saves it; its weights are zeros that nobody has to keep.

import type { Source, SourceReadOptions } from "@modelbytes/bytes";
import { type Hdf5Operation, type Hdf5Plan, h5pyType, planHdf5, type Segment, vlenStringType } from "@modelbytes/hdf5";

const LAYERS = 300;
/** Bytes of the configurations that Keras wrote for such a model. */
const MODEL_CONFIG_BYTES = 203_092;
const TRAINING_CONFIG_BYTES = 551;

const names: readonly string[] = Array.from({ length: LAYERS }, (_, index) =>
  index === 0 ? "dense" : `dense_${index}`,
);

/** What Keras does with h5py: `.weights.h5`, or a whole model in `.h5`. */
export function layersProgram(kind: "keras-weights" | "model", units: number): Hdf5Operation[] {
  return kind === "model" ? modelProgram(units) : weightsProgram(units);
}

function weightsProgram(units: number): Hdf5Operation[] {
  const program: Hdf5Operation[] = [group("vars"), text("vars", "name", "sequential")];
  for (const name of names) {
    const vars = `layers/${name}/vars`;
    program.push(group(`layers/${name}`), group(vars), text(vars, "name", name));
    for (const [index, shape] of shapesOf(units).entries()) program.push(...assigned(`${vars}/${index}`, shape));
  }
  program.push(group("optimizer"), group("optimizer/vars"), text("optimizer/vars", "name", "adam"));
  program.push(...assigned("optimizer/vars/0", [], "int64"), ...assigned("optimizer/vars/1", []));
  let index = 2;
  for (const _ of names) {
    for (const shape of shapesOf(units)) {
      for (const _moment of [0, 1]) program.push(...assigned(`optimizer/vars/${index++}`, shape));
    }
  }
  return program;
}

function modelProgram(units: number): Hdf5Operation[] {
  const program: Hdf5Operation[] = [
    text("", "keras_version", "3.15.1"),
    text("", "backend", "tensorflow"),
    text("", "model_config", "c".repeat(MODEL_CONFIG_BYTES), "ascii"),
    text("", "training_config", "t".repeat(TRAINING_CONFIG_BYTES), "ascii"),
    group("model_weights"),
    list("model_weights", "layer_names", names),
    text("model_weights", "backend", "tensorflow", "ascii"),
    text("model_weights", "keras_version", "3.15.1", "ascii"),
  ];
  for (const name of [...names].sort()) {
    const path = `model_weights/${name}`;
    const weights = [`sequential/${name}/kernel`, `sequential/${name}/bias`];
    program.push(group(path), list(path, "weight_names", weights));
    for (const [index, shape] of shapesOf(units).entries())
      program.push(...created(`${path}/${weights[index]}`, shape));
  }
  const top = "model_weights/top_level_model_weights";
  program.push(group(top), {
    ...list(top, "weight_names", []),
    datatype: h5pyType("float64"),
    value: new Uint8Array(0),
  });
  const moments = names.flatMap((name) =>
    ["kernel", "bias"].flatMap((weight) =>
      ["momentum", "velocity"].map((moment) => `adam/sequential_${name}_${weight}_${moment}`),
    ),
  );
  const all = ["adam/iteration", "adam/learning_rate", ...moments];
  program.push(group("optimizer_weights"), list("optimizer_weights", "weight_names", all));
  program.push(...created("optimizer_weights/adam/iteration", [], "int64"));
  program.push(...created("optimizer_weights/adam/learning_rate", []));
  for (const moment of moments) {
    program.push(...created(`optimizer_weights/${moment}`, moment.includes("_bias_") ? [units] : [units, units]));
  }
  return [...program, { kind: "flush" }];
}

function shapesOf(units: number): number[][] {
  return [[units, units], [units]];
}

function group(path: string): Hdf5Operation {
  return { kind: "group", path };
}

function text(path: string, name: string, value: string, charset: "ascii" | "utf-8" = "utf-8"): Hdf5Operation {
  const bytes = [new TextEncoder().encode(value)];
  return { kind: "attribute", path, name, datatype: vlenStringType(charset), shape: [], value: bytes };
}

function list(path: string, name: string, values: readonly string[]) {
  const encoder = new TextEncoder();
  const value = values.map((each) => encoder.encode(each));
  return { kind: "attribute", path, name, datatype: vlenStringType("ascii"), shape: [values.length], value } as const;
}

const ZEROS = (): Uint8Array => {
  throw new Error("nobody reads these bytes");
};

function assigned(path: string, shape: readonly number[], dtype: "float32" | "int64" = "float32"): Hdf5Operation[] {
  return [{ kind: "dataset", path, datatype: h5pyType(dtype), shape, by: "assignment", data: ZEROS }];
}

function created(path: string, shape: readonly number[], dtype: "float32" | "int64" = "float32"): Hdf5Operation[] {
  return [
    { kind: "dataset", path, datatype: h5pyType(dtype), shape },
    { kind: "write", path, data: ZEROS },
  ];
}

/** A planned file that nobody has to write: metadata as planned, all data zero. Keeps what was asked of it. */
export class PlannedSource implements Source {
  readonly name = "planned";
  readonly requests: (readonly [offset: number, length: number])[] = [];
  readonly plan: Hdf5Plan;
  readonly #segments: readonly (Segment & { readonly bytes: Uint8Array })[];

  constructor(program: Iterable<Hdf5Operation>) {
    this.plan = planHdf5(program);
    this.#segments = this.plan.segments.map((segment) => ({ ...segment, bytes: segment.encode() }));
  }

  async size(): Promise<number> {
    return this.plan.size;
  }

  async read(offset: number, length: number, _options?: SourceReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    this.requests.push([offset, length]);
    const result = new Uint8Array(length);
    for (const { address, bytes } of this.#segments) {
      if (address + bytes.length <= offset || address >= offset + length) continue;
      const from = Math.max(0, offset - address);
      result.set(bytes.subarray(from, offset + length - address), address + from - offset);
    }
    return result;
  }
}
