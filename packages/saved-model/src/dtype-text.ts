import { dtypeOfNumber } from "@modelbytes/tensor";
import { DataType } from "@modelbytes/tf-proto/messages";

/** TensorFlow adds so much to a dtype's number for a reference to a variable of that dtype (TF1). */
const REFERENCE = 100;

/**
 * `tf.DType.name` of a number of the enum `DataType`: that of a tensor here, or of what tensors in graphs are besides: `resource`,
 * references such as `float32_ref`. `invalid` for 0, and the bare number for one that TensorFlow 2.21 does not know.
 */
export function dtypeText(number: number): string {
  if (number === 0) return "invalid";
  if (number > REFERENCE) return `${dtypeText(number - REFERENCE)}_ref`;
  return dtypeOfNumber(number) ?? DataType.names.get(number)?.replace("DT_", "").toLowerCase() ?? `${number}`;
}
