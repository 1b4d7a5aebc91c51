/** Parts of the names of optimizers' variables. */
export interface OptimizerNames {
  /** Last parts of the names of slots, of the shape of the variable that is named before. */
  readonly slots: readonly string[];
  /** Scalars of optimizers. */
  readonly scalars: readonly string[];
  /** The scope of a Keras optimizer: its class's name. */
  readonly kerasScopes: readonly string[];
  readonly kerasSlots: readonly string[];
  readonly kerasScalars: readonly string[];
}

/**
 * What optimizers call their variables in name-based checkpoints: seen in files of TensorFlow 2.21 and 2.12, those of AdaMax and of
 * BERT in their sources. `w` is a variable of the model, `N` a number from 1 up: a second slot or a second optimizer of one name.
 *
 *     tf.compat.v1        w/Adam    w/Adam_N    scope/w/Adam        beta1_power    beta1_power_N    scope/beta1_power
 *     BERT's AdamW        w/adam_m    w/adam_v
 *     Keras, in graphs    Adam/w/m    training/Adam/w/m             Adam/iter    training/Adam/learning_rate
 *
 * Averages (`w/ExponentialMovingAverage`) are no slots: they are what is evaluated.
 */
export const OPTIMIZER_NAMES: OptimizerNames = {
  slots: [
    ...["Adadelta", "Adagrad", "AdagradDA", "Adam", "AdaMax", "Ftrl", "Momentum", "ProximalAdagrad", "RMSProp"],
    ...["adam_m", "adam_v"],
  ],
  scalars: ["beta1_power", "beta2_power"],
  kerasScopes: ["Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD"],
  kerasSlots: ["accum_grad", "accum_var", "accumulator", "linear", "m", "mg", "momentum", "rms", "v", "vhat"],
  kerasScalars: [
    ...["beta", "beta_1", "beta_2", "decay", "iter", "l1_regularization_strength", "l2_regularization_strength"],
    ...["learning_rate", "learning_rate_power", "momentum", "momentum_cache", "rho"],
  ],
};

const NUMBERED = /_[1-9]\d*$/;

/** Whether `name` is an optimizer's, in a bundle whose tensors have the shapes `shapes`. */
export function isOptimizerName(name: string, shapes: ReadonlyMap<string, readonly number[]>): boolean {
  const path = name.split("/");
  const last = path.at(-1) ?? "";
  const plain = last.replace(NUMBERED, "");
  const shape = shapes.get(name) ?? [];
  const { slots, scalars, kerasScopes, kerasSlots, kerasScalars } = OPTIMIZER_NAMES;
  const isOf = (parts: readonly string[]) => shapes.get(parts.join("/"))?.join() === shape.join();
  if (has(scalars, last) || has(scalars, plain)) return shape.length === 0;
  if (has(slots, last) || has(slots, plain)) return tails(path.slice(0, -1)).some(isOf);
  const scope = path.findIndex((part) => has(kerasScopes, part.replace(NUMBERED, "")));
  if (scope < 0) return false;
  const inside = path.slice(scope + 1);
  if (inside.length === 1) return has(kerasScalars, last) && shape.length === 0;
  return has(kerasSlots, last) && isOf(inside.slice(0, -1));
}

function has(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

/** The path, and what is left of it inside of each of its scopes. */
function tails(path: readonly string[]): string[][] {
  return path.map((_, start) => path.slice(start));
}
