import { CorruptError } from "@modelbytes/bytes";
import { bareClass, type ConfiguredLayer } from "../model-config.ts";
import type { LegacyConversion, Step } from "./conversion.ts";
import { convolution } from "./convolution.ts";
import { type Formula, joined, transposed } from "./formula.ts";

/** A recurrent layer that Keras 1 stores gate by gate. */
interface Gates {
  readonly conversion: LegacyConversion;
  /** The gates of Keras 1 in the order of Keras 2. */
  readonly order: readonly number[];
}

const GATES: Readonly<Record<string, Gates>> = {
  GRU: { conversion: "keras-1-gru-gates", order: [0, 1, 2] },
  // input, cell, forget, output; later input, forget, cell, output
  LSTM: { conversion: "keras-1-lstm-gates", order: [0, 2, 1, 3] },
  ConvLSTM2D: { conversion: "keras-1-conv-lstm2d-gates", order: [0, 2, 1, 3] },
};

/** Each gate has a kernel, a recurrent kernel and a bias. */
const PARTS = [0, 1, 2];

/** Weights that Keras 1 stores gate by gate, how many they are; `undefined` for other layers. */
export function keras1GateWeights(layer: ConfiguredLayer): number | undefined {
  const name = bareClass(layer);
  return Object.hasOwn(GATES, name) ? (GATES[name]?.order.length ?? 0) * PARTS.length : undefined;
}

/**
 * The gates of Keras 1 joined; `undefined` where there are none, as in files of Keras 1 with `consume_less="gpu"`. Throws a
 * `CorruptError` for gates of different shapes.
 */
export function keras1Gates(layer: ConfiguredLayer, weights: readonly Formula[]): Step | undefined {
  const gates = GATES[bareClass(layer)];
  if (gates === undefined || weights.length !== keras1GateWeights(layer)) return undefined;
  const isTurned = convolution(layer)?.isChannelsFirst === true;
  const joinedPart = (part: number): Formula => {
    const pieces = gates.order.map((gate) => weights[gate * PARTS.length + part]).filter((each) => each !== undefined);
    const shapes = new Set(pieces.map(({ shape }) => shape.join(", ")));
    const rank = pieces[0]?.shape.length ?? 0;
    if (shapes.size !== 1 || rank === 0) throw unequal(layer, shapes);
    if (!isTurned || part === PARTS.length - 1) return joined(...pieces);
    if (rank !== 4) throw unequal(layer, shapes);
    return joined(...pieces.map((piece) => transposed(piece, 2, 3, 1, 0)));
  };
  return { conversion: gates.conversion, weights: PARTS.map(joinedPart) };
}

function unequal(layer: ConfiguredLayer, shapes: Iterable<string>): CorruptError {
  const list = [...shapes].map((shape) => `[${shape}]`).join(" and ");
  return new CorruptError("legacy-weights", `the gates of a ${bareClass(layer)} cannot be joined: they are ${list}`);
}
