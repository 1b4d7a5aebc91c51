const RECURRENT = new Set("RNN LSTM GRU SimpleRNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional".split(" "));

/** Whether a layer takes an initial state. */
export function isRecurrent(className: string): boolean {
  return RECURRENT.has(className);
}

/** The names of what may come by position after the first argument of a call; none for nearly every layer. */
export function positionsOf(className: string): readonly string[] {
  if (className === "MultiHeadAttention") return ["value", "key"];
  return isRecurrent(className) ? ["initial_state", "mask", "training"] : [];
}
