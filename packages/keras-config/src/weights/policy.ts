/**
 * The argument `dtype` of a layer, as each Keras writes it:
 *
 *     "float32"                                                              Keras 1 to 3.3
 *     {"class_name": "Policy", "config": {"name": "mixed_float16"}}          tf.keras
 *     {"class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}}    Keras 3.4 and later
 *     {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": "float32"}}
 */

import { dictAt, integerAt, textAt } from "../shapes/arguments.ts";
import { isPyDict, type PyDict, type PyValue } from "../value.ts";

/** The types of a layer's variables. */
export interface Policy {
  /** Of its variables; `undefined` if the config does not say. */
  readonly variable: string | undefined;
  /** How its kernels are stored. */
  readonly quantization: Quantization | undefined;
}

/** `int8`, `int4` with blocks, `gptq` and `awq` with groups and bits, `float8` with the length of a history. */
export interface Quantization {
  readonly mode: string;
  /** How many numbers share a scale; `undefined` (or −1 in a config) for a whole channel. */
  readonly blockSize: number | undefined;
  /** Of `gptq` and `awq`. */
  readonly bits: number | undefined;
  readonly historyLength: number;
}

/**
 * The policy of a layer; one without takes `float32`. `undefined` for a map of policies that has any: its keys are regular
 * expressions for the paths of layers, which are not tried here.
 */
export function policyOf(config: PyDict): Policy | undefined {
  const value = config.get("dtype");
  if (!isPyDict(value) || value.get("class_name") !== "DTypePolicyMap") return readPolicy(value);
  const map = dictAt(value, "config");
  const policies = map && dictAt(map, "policy_map");
  return policies === undefined || policies.size > 0 ? undefined : readPolicy(map?.get("default_policy"));
}

function readPolicy(value: PyValue | undefined): Policy {
  if (typeof value === "string") return { variable: variableType(value), quantization: undefined };
  if (!isPyDict(value)) return { variable: "float32", quantization: undefined };
  const config = dictAt(value, "config");
  const name = config && textAt(config, "source_name", "name");
  const mode = config && textAt(config, "mode");
  return {
    variable: name === undefined ? undefined : variableType(name),
    quantization: mode === undefined ? undefined : quantization(mode, config),
  };
}

/** Mixed policies compute in one type and keep variables in float32. */
function variableType(name: string): string {
  return name.startsWith("mixed_") ? "float32" : name;
}

/** `int4/128`, `gptq/4/128`, `awq/4/-1`. */
function quantization(text: string, config: PyDict | undefined): Quantization {
  const [mode = "", ...numbers] = text.split("/");
  const [block, bits] = numbers.map(Number).reverse();
  return {
    mode,
    blockSize: block !== undefined && block > 0 ? block : undefined,
    bits,
    historyLength: (config && integerAt(config, "amax_history_length")) ?? 1024,
  };
}
