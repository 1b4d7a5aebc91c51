import type { Place } from "@modelbytes/bytes";
import { CorruptError } from "@modelbytes/bytes";
import type { SignatureDef, TensorInfo, TensorProto } from "@modelbytes/tf-proto/messages";
import { dtypeText } from "./dtype-text.ts";
import { type PartialShape, shapeOf } from "./partial-shape.ts";

/**
 * What a model can be asked for: named tensors that go in, named tensors that come out. The map `signature_def` of a MetaGraph has
 * one for each key (tensorflow/core/protobuf/meta_graph.proto); `serving_default` is the one that serving takes.
 */
export interface Signature {
  /** By argument name, in the order of the file. */
  readonly inputs: ReadonlyMap<string, SignatureTensor>;
  /** By result name, in the order of the file. */
  readonly outputs: ReadonlyMap<string, SignatureTensor>;
  /** E.g. `"tensorflow/serving/predict"`; may be empty. */
  readonly methodName: string;
  /** Values of inputs that may be left out. */
  readonly defaults: ReadonlyMap<string, TensorProto>;
}

/** A tensor of the graph that a signature names. */
export interface SignatureTensor {
  /** `node:output`, of an operation without outputs just `node`; empty where several tensors make up the value. */
  readonly name: string;
  /** `tf.DType.name`, e.g. `"float32"`, `"resource"`; `"invalid"` where the file says nothing. */
  readonly dtype: string;
  readonly shape: PartialShape;
  /** The tensors of a sparse or composite value, by their names in `TensorInfo`; absent for a plain tensor. */
  readonly parts?: ReadonlyMap<string, string>;
}

/** The signature as plain data. Throws a `CorruptError` for a shape that cannot be. */
export function signatureOf(message: SignatureDef, place: Place = {}): Signature {
  return {
    inputs: tensorsOf(message.inputs, place),
    outputs: tensorsOf(message.outputs, place),
    methodName: message.methodName,
    defaults: message.defaults,
  };
}

/** The names of the graph's tensors that a signature refers to: those of sparse and composite values one by one. */
export function* tensorNames(tensor: SignatureTensor): Generator<string> {
  if (tensor.parts === undefined) yield tensor.name;
  else yield* tensor.parts.values();
}

function tensorsOf(infos: ReadonlyMap<string, TensorInfo>, place: Place): Map<string, SignatureTensor> {
  return new Map([...infos].map(([key, info]) => [key, signatureTensor(info, place)]));
}

/** A `TensorInfo` as plain data. Throws a `CorruptError` for a shape that cannot be. */
export function signatureTensor(info: TensorInfo, place: Place = {}): SignatureTensor {
  const tensor = {
    name: info.name ?? "",
    dtype: dtypeText(info.dtype),
    shape: shapeOf(info.tensorShape, place),
  };
  const parts = partsOf(info, place, 0);
  return parts === undefined ? tensor : { ...tensor, parts };
}

/** Composite values may hold composite values; nobody nests them deeper. */
const MAX_NESTING = 16;

function partsOf(info: TensorInfo, place: Place, depth: number): Map<string, string> | undefined {
  if (depth > MAX_NESTING) {
    throw new CorruptError("composite-tensor", `a composite tensor is nested deeper than ${MAX_NESTING} levels`, place);
  }
  if (info.cooSparse !== undefined) {
    const { valuesTensorName, indicesTensorName, denseShapeTensorName } = info.cooSparse;
    return new Map([
      ["values", valuesTensorName],
      ["indices", indicesTensorName],
      ["dense_shape", denseShapeTensorName],
    ]);
  }
  if (info.compositeTensor === undefined) return undefined;
  const parts = new Map<string, string>();
  for (const [index, component] of info.compositeTensor.components.entries()) {
    const nested = partsOf(component, place, depth + 1);
    if (nested === undefined) parts.set(`${index}`, component.name ?? "");
    else for (const [key, name] of nested) parts.set(`${index}/${key}`, name);
  }
  return parts;
}
