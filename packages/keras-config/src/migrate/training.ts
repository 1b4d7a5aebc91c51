/**
 * What a model was compiled with: the `training_config` of an h5 file and the `compile_config` of a `.keras` file.
 *
 *     training_config   {"optimizer_config": {"class_name": "Adam", "config": {…}}, "loss": "mse", "metrics": ["mae"], "loss_weights": null, …}
 *     compile_config    {"optimizer": {"module": "keras.optimizers", "class_name": "Adam", "config": {…}, …}, "loss": "mse", …}
 */

import type { ObjectNode } from "../architecture/architecture.ts";
import { itemsOf } from "../architecture/fields.ts";
import { isPyDict, isPyFloat, isPyInt, type PyDict, type PyKey, type PyValue, pyFloat, pyInt } from "../value.ts";
import { rowOf } from "./table.ts";
import { object2, object3 } from "./values.ts";
import { lose, type Verdicts } from "./verdict.ts";

/** The names that Keras itself writes for losses and metrics, by the short ones: an h5 file with a short one cannot be compiled by Keras 3. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  mse: "mean_squared_error",
  mae: "mean_absolute_error",
  mape: "mean_absolute_percentage_error",
  msle: "mean_squared_logarithmic_error",
  bce: "binary_crossentropy",
  kld: "kl_divergence",
  kullback_leibler_divergence: "kl_divergence",
  cosine_proximity: "cosine_similarity",
  logcosh: "log_cosh",
};

/** Arguments of the optimizers of Keras 2 that Keras 3 does not know, and of Keras 3 that Keras 2 does not know. */
const ONLY_2 = new Set<PyKey>(["jit_compile", "is_legacy_optimizer", "exclude_from_weight_decay", "initial_decay"]);
const ONLY_3 = new Set<PyKey>(["loss_scale_factor", "gradient_accumulation_steps"]);

/** A compile_config for Keras 3 from a training_config or compile_config of Keras 1 or 2. Losses and metrics keep their meaning. */
export function compileConfig3(config: PyDict, verdicts: Verdicts): PyDict {
  const compiled = new Map<PyKey, PyValue>();
  const optimizer = config.get("optimizer") ?? config.get("optimizer_config") ?? null;
  compiled.set("optimizer", isPyDict(optimizer) ? optimizer3(optimizer, verdicts) : optimizer);
  for (const key of ["loss", "loss_weights", "metrics", "weighted_metrics"]) compiled.set(key, config.get(key) ?? null);
  compiled.set("loss", translated(compiled.get("loss") ?? null, loss3));
  for (const key of ["metrics", "weighted_metrics"]) compiled.set(key, translated(compiled.get(key) ?? null, metric3));
  compiled.set("run_eagerly", config.get("run_eagerly") ?? false);
  compiled.set("steps_per_execution", config.get("steps_per_execution") ?? pyInt(1));
  compiled.set("jit_compile", config.get("jit_compile") ?? false);
  return compiled;
}

/** The training_config of an h5 file of Keras 2 from what Keras 3 was compiled with. */
export function trainingConfig2(config: PyDict): PyDict {
  const optimizer = config.get("optimizer") ?? config.get("optimizer_config") ?? null;
  return new Map<PyKey, PyValue>([
    ["loss", translated(config.get("loss") ?? null, loss2)],
    ["metrics", translated(config.get("metrics") ?? null, metric2)],
    ["weighted_metrics", translated(config.get("weighted_metrics") ?? null, metric2)],
    ["loss_weights", config.get("loss_weights") ?? null],
    ["optimizer_config", isPyDict(optimizer) ? optimizer2(optimizer) : optimizer],
  ]);
}

/** The training_config of an h5 file of Keras 3: the same things, the optimizer last and under its old name. */
export function trainingConfig3(compiled: PyDict): PyDict {
  const training = new Map<PyKey, PyValue>([...compiled].filter(([key]) => key !== "optimizer"));
  training.set("optimizer_config", compiled.get("optimizer") ?? null);
  return training;
}

function optimizer3(optimizer: PyDict, verdicts: Verdicts): PyDict {
  const said = String(optimizer.get("class_name") ?? "");
  const className = rowOf(CLASSES, said.toLowerCase()) ?? said.slice(said.lastIndexOf(">") + 1);
  const before = optimizer.get("config");
  const config = new Map<PyKey, PyValue>();
  for (const [key, value] of isPyDict(before) ? before : []) {
    if (ONLY_2.has(key)) continue;
    if (key === "decay") {
      const isNone = (isPyFloat(value) || isPyInt(value)) && value.toNumber() === 0;
      if (!isNone && value !== null)
        lose(verdicts, optimizerNode(className), "Keras 3 has no decay: give it a schedule");
    } else if (key === "lr" || key === "learning_rate") config.set("learning_rate", schedule(value));
    else config.set(key, key === "epsilon" && value === null ? pyFloat(1e-7) : value);
  }
  return object3("keras.optimizers", className, config);
}

function optimizer2(optimizer: PyDict): PyDict {
  const className = String(optimizer.get("class_name") ?? "");
  const before = optimizer.get("config");
  const kept = [...(isPyDict(before) ? before : [])].filter(([key]) => !ONLY_3.has(key));
  const config = new Map<PyKey, PyValue>([...kept, ["jit_compile", false], ["is_legacy_optimizer", false]]);
  return object2(`Custom>${className}`, config);
}

const CLASSES: Readonly<Record<string, string>> = {
  sgd: "SGD",
  rmsprop: "RMSprop",
  adagrad: "Adagrad",
  adadelta: "Adadelta",
  adam: "Adam",
  adamax: "Adamax",
  nadam: "Nadam",
  ftrl: "Ftrl",
};

function optimizerNode(className: string): ObjectNode {
  const nothing = { module: undefined, registeredName: undefined, buildConfig: undefined, config: new Map() };
  return { ...nothing, className, name: className, path: "optimizer" };
}

/** A rate, or a schedule of rates. */
function schedule(value: PyValue): PyValue {
  if (!isPyDict(value)) return value;
  const className = value.get("class_name");
  const config = value.get("config");
  if (typeof className !== "string" || !isPyDict(config)) return value;
  return object3("keras.optimizers.schedules", className, config);
}

/** A loss or a metric, or any structure of them. */
function translated(value: PyValue, each: (value: PyValue) => PyValue): PyValue {
  const items = itemsOf(value);
  if (items !== undefined) return items.map((item) => translated(item, each));
  if (!isPyDict(value) || value.has("class_name")) return value === null ? null : each(value);
  return new Map([...value].map(([key, item]) => [key, translated(item, each)]));
}

function longName(name: string): string {
  return rowOf(LONG_NAMES, name) ?? rowOf(LONG_NAMES, name.toLowerCase()) ?? name;
}

function loss3(value: PyValue): PyValue {
  if (typeof value === "string") return longName(value);
  const [className, config] = parts(value);
  if (className === undefined || config === undefined) return value;
  const kept = [...config].filter(([key]) => key !== "fn");
  const reduced = kept.map(([key, item]): [PyKey, PyValue] => [
    key,
    key === "reduction" && item === "auto" ? "sum_over_batch_size" : item,
  ]);
  return object3("keras.losses", className, new Map(reduced));
}

/** Keras 2 writes a function as a wrapper around its name. */
function metric3(value: PyValue): PyValue {
  if (typeof value === "string") return longName(value);
  const [className, config] = parts(value);
  if (className === undefined || config === undefined) return value;
  const name = config.get("fn");
  if (className.endsWith("MetricWrapper") && typeof name === "string") return longName(name);
  return object3("keras.metrics", className, new Map([...config].filter(([key]) => key !== "fn")));
}

function loss2(value: PyValue): PyValue {
  return plain2(value, (key) => key !== "dtype");
}

function metric2(value: PyValue): PyValue {
  return plain2(value, () => true);
}

function plain2(value: PyValue, isKept: (key: PyKey) => boolean): PyValue {
  if (typeof value === "string")
    return longName(value) === "kl_divergence" ? "kullback_leibler_divergence" : longName(value);
  const [className, config] = parts(value);
  if (className === undefined || config === undefined) return value;
  return object2(className, new Map([...config].filter(([key]) => isKept(key))));
}

function parts(value: PyValue): readonly [string | undefined, PyDict | undefined] {
  if (!isPyDict(value)) return [undefined, undefined];
  const className = value.get("class_name");
  const config = value.get("config");
  const isOwn = typeof value.get("registered_name") === "string";
  return typeof className === "string" && isPyDict(config) && !isOwn ? [className, config] : [undefined, undefined];
}
