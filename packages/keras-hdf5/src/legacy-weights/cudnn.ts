import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import { bareClass, type ConfiguredLayer } from "../model-config.ts";
import type { Step } from "./conversion.ts";
import { type Formula, halved, halvesSummed, joined, reshaped, split, transposed } from "./formula.ts";

/** The forms that an LSTM or a GRU has, told apart by the shape of its biases. */
type Form = "CuDNNLSTM" | "LSTM" | "CuDNNGRU" | "GRU(reset_after=True)" | "GRU(reset_after=False)";

/**
 * Weights of a recurrent layer in the form that it needs; `undefined` for other layers and where they have it already, as layers
 * without biases always do. Throws a `CorruptError` where the shapes are of no form, an `UnsupportedError` (`"recurrent-form"`)
 * where the form has no counterpart.
 */
export function cudnnForm(
  layer: ConfiguredLayer,
  recurrent: "plain" | "cudnn" | undefined,
  weights: readonly Formula[],
): Step | undefined {
  const [kernel, recurrentKernel, bias, ...more] = weights;
  const target = neededForm(layer, recurrent);
  if (target === undefined || kernel === undefined || recurrentKernel === undefined || bias === undefined)
    return undefined;
  if (more.length > 0) return undefined;
  const [units = 0] = recurrentKernel.shape;
  const gates = target.includes("LSTM") ? 4 : 3;
  const source = storedForm(gates, units, bias);
  if (source === target) return undefined;
  if (source === "GRU(reset_after=False)" || target === "GRU(reset_after=False)") {
    throw new UnsupportedError("recurrent-form", `${source} is not compatible with ${target}`);
  }
  const width = gates * units;
  if (kernel.shape.length !== 2 || kernel.shape[1] !== width || recurrentKernel.shape[1] !== width) {
    const shapes = [kernel, recurrentKernel].map(({ shape }) => `[${shape.join(", ")}]`).join(" and ");
    throw new CorruptError("legacy-weights", `kernels of ${shapes} are not those of a ${source} of ${units} units`);
  }
  const isFromCudnn = source.startsWith("CuDNN");
  const conversion = conversionOf(source);
  const perGate = (of: Formula, change: (gate: Formula) => Formula) => joined(...split(of, gates).map(change));
  return {
    conversion,
    weights: [
      perGate(kernel, isFromCudnn ? fromFortran : toFortran),
      perGate(recurrentKernel, (gate) => transposed(gate, 1, 0)),
      biases(conversion, bias, units),
    ],
  };
}

function conversionOf(source: Form): Step["conversion"] {
  switch (source) {
    case "CuDNNLSTM":
      return "cudnn-lstm-to-lstm";
    case "LSTM":
      return "lstm-to-cudnn-lstm";
    case "CuDNNGRU":
      return "cudnn-gru-to-gru";
    default:
      return "gru-to-cudnn-gru";
  }
}

/** The form of the layer that the weights are for. A GRU whose configuration says nothing is of a time before `reset_after`. */
function neededForm(layer: ConfiguredLayer, recurrent: "plain" | "cudnn" | undefined): Form | undefined {
  const name = bareClass(layer);
  switch (name) {
    case "LSTM":
    case "CuDNNLSTM":
      return recurrent === "cudnn" || (name === "CuDNNLSTM" && recurrent === undefined) ? "CuDNNLSTM" : "LSTM";
    case "CuDNNGRU":
      return recurrent === "plain" ? "GRU(reset_after=True)" : "CuDNNGRU";
    case "GRU": {
      const { reset_after: isAfter } = layer.config;
      if (recurrent === "cudnn") return "CuDNNGRU";
      return isAfter === true ? "GRU(reset_after=True)" : "GRU(reset_after=False)";
    }
    default:
      return undefined;
  }
}

function storedForm(gates: number, units: number, { shape }: Formula): Form {
  const [first, second] = shape;
  const width = gates * units;
  if (shape.length === 1 && first === 2 * width) return gates === 4 ? "CuDNNLSTM" : "CuDNNGRU";
  if (shape.length === 1 && first === width) return gates === 4 ? "LSTM" : "GRU(reset_after=False)";
  if (gates === 3 && shape.length === 2 && first === 2 && second === width) return "GRU(reset_after=True)";
  throw new CorruptError("legacy-weights", `[${shape.join(", ")}] is not the shape of biases of ${units} units`);
}

/** CuDNN's kernel has the shape of Keras's, and its elements in Fortran's order of the transposed one. */
function fromFortran(kernel: Formula): Formula {
  const [inputs = 0, units = 0] = kernel.shape;
  return transposed(reshaped(kernel, units, inputs), 1, 0);
}

function toFortran(kernel: Formula): Formula {
  return reshaped(transposed(kernel, 1, 0), ...kernel.shape);
}

function biases(conversion: Step["conversion"], bias: Formula, units: number): Formula {
  switch (conversion) {
    case "cudnn-lstm-to-lstm":
      return halvesSummed(bias);
    case "lstm-to-cudnn-lstm":
      return joined(halved(bias), halved(bias));
    case "cudnn-gru-to-gru":
      return reshaped(bias, 2, 3 * units);
    default:
      return reshaped(bias, 6 * units);
  }
}
