/**
 * The variables of an optimizer, after those of every variable that is trained:
 *
 *     Keras 3         iteration, learning_rate unless it follows a schedule, then averages and accumulators if there are any, then slots
 *     Keras 2.11–15   iteration, averages, slots
 *     before          iter, then each kind of slot for all variables (the optimizers of TensorFlow 2.0 to 2.10)
 */

import { dictAt, flagAt, integerAt, textAt } from "../shapes/arguments.ts";
import type { Era } from "../shapes/layer-shapes.ts";
import { isPyDict, isPyFloat, isPyInt, type PyDict } from "../value.ts";
import type { WeightSpec } from "./layer-weights.ts";
import { snakeCase } from "./numbered.ts";

/** Slots: those that come together for each variable, then each of the others for all of them. */
interface Slots {
  readonly together: readonly string[];
  readonly after: readonly string[];
}

/**
 * The variables of an optimizer, from its serialized form `{"class_name", "config"}` and the variables that it trains, in order.
 * `undefined` for an optimizer that is not known.
 */
export function expectedOptimizer(
  serialized: PyDict,
  trained: readonly WeightSpec[],
  era: Era,
): readonly WeightSpec[] | undefined {
  const className = textAt(serialized, "class_name")?.replace(/^.*>/, "") ?? "";
  const config = dictAt(serialized, "config") ?? new Map();
  if (era.major < 2) return undefined;
  if (era.major === 2)
    return era.minor < 11 ? olderOptimizer(className, config, trained) : optimizer2(className, config, trained);
  const name = snakeCase(className);
  const scalars: WeightSpec[] = [scalar(`${name}/iteration`, "int64")];
  if (!isPyDict(config.get("learning_rate"))) scalars.push(scalar(`${name}/learning_rate`, "float32"));
  if (className === "LossScaleOptimizer") {
    const inner = dictAt(config, "inner_optimizer");
    const rest = inner && expectedOptimizer(inner, trained, era);
    // Its own learning rate is the inner one's, whatever that follows.
    return (
      rest && [...scalars, scalar(`${name}/step_counter`, "int64"), scalar(`${name}/dynamic_scale`, "float32"), ...rest]
    );
  }
  const slot = (kind: string): readonly WeightSpec[] =>
    trained.map((variable) => slotOf(`${name}/${flat(variable)}_${kind}`, variable));
  const before = [
    ...(flagAt(config, false, "use_ema") ? slot("average") : []),
    ...(integerAt(config, "gradient_accumulation_steps") === undefined ? [] : slot("gradient_accumulator")),
  ];
  if (className === "Adafactor")
    return [...scalars, ...before, ...trained.flatMap((variable) => adafactor3(name, variable))];
  const slots = slots3(className, config);
  if (slots === undefined) return undefined;
  const together = trained.flatMap((variable) =>
    slots.together.map((kind) => slotOf(`${name}/${flat(variable)}_${kind}`, variable)),
  );
  const last = className === "Nadam" ? [scalar("variable", "float32")] : [];
  return [...scalars, ...before, ...together, ...slots.after.flatMap(slot), ...last];
}

function scalar(name: string, dtype: string): WeightSpec {
  return { name, shape: [], dtype, trainable: false };
}

function slotOf(name: string, { shape, dtype }: WeightSpec): WeightSpec {
  return { name, shape, dtype, trainable: false };
}

function flat({ name }: WeightSpec): string {
  return name.replaceAll("/", "_");
}

function slots3(className: string, config: PyDict): Slots | undefined {
  switch (className) {
    case "SGD":
      return { together: isPositive(config, "momentum") ? ["momentum"] : [], after: [] };
    case "Adam":
    case "AdamW":
      return { together: ["momentum", "velocity"], after: flagAt(config, false, "amsgrad") ? ["velocity_hat"] : [] };
    case "Nadam":
    case "Lamb":
    case "ScheduleFreeAdamW":
      return { together: ["momentum", "velocity"], after: [] };
    case "Adamax":
      return { together: ["momentum", "norm"], after: [] };
    case "Lion":
      return { together: ["momentum"], after: [] };
    case "RMSprop":
      return rmsprop(config);
    case "Adagrad":
      return { together: ["accumulator"], after: [] };
    case "Adadelta":
      return { together: ["accumulated_grad", "accumulated_delta_var"], after: [] };
    case "Ftrl":
      return { together: ["accumulator", "linear"], after: [] };
    default:
      return undefined;
  }
}

function rmsprop(config: PyDict): Slots {
  const after = [
    ...(isPositive(config, "momentum") ? ["momentum"] : []),
    ...(flagAt(config, false, "centered") ? ["average_gradient"] : []),
  ];
  return { together: ["velocity"], after };
}

function isPositive(config: PyDict, name: string): boolean {
  const value = config.get(name);
  return (isPyFloat(value) || isPyInt(value)) && value.toNumber() > 0;
}

/** Rows and columns of what has two axes or more; two numbers without meaning for what has not. */
function adafactor3(name: string, variable: WeightSpec): readonly WeightSpec[] {
  const own = variable.name.slice(variable.name.lastIndexOf("/") + 1);
  const velocity = slotOf(`${name}/${flat(variable)}_velocity`, variable);
  if (variable.shape.length < 2) return [scalar(own, "int32"), scalar(own, "int32"), velocity];
  return [...halves(variable, [`${name}/${own}`, `${name}/${own}`]), velocity];
}

function halves(variable: WeightSpec, [rows, columns]: readonly [string, string]): readonly WeightSpec[] {
  const { shape } = variable;
  return [
    { ...slotOf(rows, variable), shape: shape.slice(0, -1) },
    { ...slotOf(columns, variable), shape: [...shape.slice(0, -2), shape.at(-1) ?? null] },
  ];
}

/** Keras 2.11 to 2.15. A prefix with the name of the optimizer is there if it was built in training. */
function optimizer2(
  className: string,
  config: PyDict,
  trained: readonly WeightSpec[],
): readonly WeightSpec[] | undefined {
  const slot = (kind: string): readonly WeightSpec[] =>
    trained.map((variable) => slotOf(`${kind}/${variable.name}`, variable));
  const before = [scalar("iteration:0", "int64"), ...(flagAt(config, false, "use_ema") ? slot("average") : [])];
  if (className === "Adafactor") {
    const each = trained.flatMap((variable) => [
      ...(variable.shape.length < 2 ? [] : halves(variable, [`r/${variable.name}`, `c/${variable.name}`])),
      slotOf(`v/${variable.name}`, variable),
    ]);
    return [...before, ...each];
  }
  const slots = slots2(className, config);
  if (slots === undefined) return undefined;
  const together = trained.flatMap((variable) =>
    slots.together.map((kind) => slotOf(`${kind}/${variable.name}`, variable)),
  );
  return [...before, ...together, ...slots.after.flatMap(slot)];
}

function slots2(className: string, config: PyDict): Slots | undefined {
  switch (className) {
    case "SGD":
    case "Lion":
      return { together: ["m"], after: [] };
    case "Adam":
    case "AdamW":
      return { together: ["m", "v"], after: flagAt(config, false, "amsgrad") ? ["vhat"] : [] };
    case "Nadam":
      return { together: ["m", "v"], after: [] };
    case "Adamax":
      return { together: ["m", "u"], after: [] };
    default:
      return slots3(className, config);
  }
}

/** The optimizers of TensorFlow 2.0 to 2.10, of which the two most used are known. */
function olderOptimizer(
  className: string,
  config: PyDict,
  trained: readonly WeightSpec[],
): readonly WeightSpec[] | undefined {
  const kinds = new Map([
    ["Adam", ["m", "v", ...(flagAt(config, false, "amsgrad") ? ["vhat"] : [])]],
    ["SGD", isPositive(config, "momentum") ? ["momentum"] : []],
  ]).get(className);
  const each = kinds?.flatMap((kind) =>
    trained.map((variable) => slotOf(`${className}/${variable.name.replace(/:0$/, "")}/${kind}:0`, variable)),
  );
  return each && [scalar(`${className}/iter:0`, "int64"), ...each];
}
