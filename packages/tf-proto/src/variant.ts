import { decodeName, type Place } from "@modelbytes/bytes";
import { readTensorProto, type TensorProto } from "./tensor-proto.ts";
import { END, type MessageReader, readMessage } from "./wire.ts";

/**
 * `VariantTensorDataProto` (tensorflow/core/framework/tensor.proto): an element of a variant tensor, an object of TensorFlow's C++
 * that knows how to serialize itself.
 *
 *     1 type_name   string                   "tensorflow::TensorList"
 *     2 metadata    bytes                    what the type makes of them
 *     3 tensors     repeated TensorProto     variants may be among them: their elements stay as bytes in `variantVal`
 */
export interface Variant {
  /** Empty where the element was never set. */
  readonly typeName: string;
  /** A view of the message. */
  readonly metadata: Uint8Array;
  readonly tensors: readonly TensorProto[];
}

/** One element of a variant tensor. One level is decoded, so nothing that is nested deep overflows the stack. */
export function decodeVariant(message: Uint8Array, place: Place = {}): Variant {
  return readMessage(readVariant, message, place);
}

function readVariant(reader: MessageReader): Variant {
  let typeName = "";
  let metadata: Uint8Array = new Uint8Array(0);
  const tensors: TensorProto[] = [];
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) typeName = decodeName(reader.view());
    else if (tag === 0x12) metadata = reader.view();
    else if (tag === 0x1a) tensors.push(reader.message(readTensorProto));
  }
  return { typeName, metadata, tensors };
}
