/**
 * TensorFlow numbers the functions that it makes: `__inference_call_27`. The number counts functions of the process that saved, so
 * fingerprints leave it out.
 *
 * Source: GetSuffixUID in tensorflow/core/graph/regularization/util.cc, which parses with absl::SimpleAtoi.
 */

const INTEGER = /^[\t-\r ]*([+-]?[0-9]+)[\t-\r ]*$/;

/** The number behind the last underscore of a function's name; `undefined` where none is, or one beyond 64 bits. */
export function functionUid(name: string): bigint | undefined {
  const digits = INTEGER.exec(name.slice(name.lastIndexOf("_") + 1))?.[1];
  if (digits === undefined) return undefined;
  const uid = digits.startsWith("+") ? BigInt(digits.slice(1)) : BigInt(digits);
  return uid === BigInt.asIntN(64, uid) ? uid : undefined;
}

/** The name without its number, if it ends in that as numbers are written: `f_7` is `f_`, and `f_007` is `f_00`. */
export function withoutUid(name: string): string {
  const uid = functionUid(name);
  return uid !== undefined && name.endsWith(String(uid)) ? name.slice(0, -String(uid).length) : name;
}
