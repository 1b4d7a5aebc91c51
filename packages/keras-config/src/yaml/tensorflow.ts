// TensorFlow's objects in YAML: the classes in which tf.keras kept lists, dicts and shapes.
//
//     axis: !!python/object/apply:tensorflow.python.training.tracking.data_structures.ListWrapper
//     - - 3
//     query_shape: !!python/object/apply:tensorflow.python.framework.tensor_shape.TensorShape
//     - - !!python/object/apply:tensorflow.python.framework.tensor_shape.Dimension
//         - null
//       - !!python/object/apply:tensorflow.python.framework.tensor_shape.Dimension
//         - 5
//     kernel_initializer: !!python/object/new:tensorflow.python.keras.utils.generic_utils.SharedObjectConfig
//       dictitems: {class_name: Zeros, config: {}}
//       state: {object_id: 3, ref_count: 1}

import { isPyDict, isPyInt, isPyList, isPyTuple, type PyDict, type PyValue } from "../value.ts";
import { PyDictObject, PyIntObject, PyListObject } from "./object.ts";
import { YamlTrouble } from "./trouble.ts";

/** The classes moved from package to package; their names tell them. */
const SHARED_OBJECT = /^python\/object\/new:(?:tensorflow|keras|tf_keras)\.[\w.]+\.SharedObjectConfig$/;
const LIST_WRAPPER = /^python\/object\/apply:tensorflow\.[\w.]+\._?ListWrapper$/;
const TENSOR_SHAPE = /^python\/object\/apply:tensorflow\.[\w.]+\.TensorShape$/;
const DIMENSION = /^python\/object\/apply:tensorflow\.[\w.]+\.Dimension$/;

/**
 * What TensorFlow's tags stand for: a dict, a list, or a size, which is null where it is not known.
 *
 * @returns undefined for any other tag.
 * @throws YamlTrouble for a content that does not fit.
 */
export function constructTensorFlow(tag: string, content: readonly PyValue[] | PyDict): PyValue | undefined {
  if (SHARED_OBJECT.test(tag)) return new PyDictObject(tag, dictItems(tag, content), content);
  if (isPyDict(content)) return undefined;
  if (LIST_WRAPPER.test(tag)) return new PyListObject(tag, listArgument(tag, content), content);
  if (TENSOR_SHAPE.test(tag) && content[0] === null) return null; // not even the number of dimensions is known
  if (TENSOR_SHAPE.test(tag)) return new PyListObject(tag, listArgument(tag, content).map(withoutClass), content);
  return DIMENSION.test(tag) ? toDimension(tag, content) : undefined;
}

/** One that is not known is an object without items, which only a shape takes for null. */
function toDimension(tag: string, content: readonly PyValue[]): PyValue {
  const [size] = content;
  if (isPyInt(size)) return new PyIntObject(tag, size.text, content);
  if (size !== null) throw new YamlTrouble(`the size of !!${tag} is no integer`);
  return new PyListObject(tag, [], content);
}

/** A dimension that is not known as null. */
export function withoutClass(value: PyValue): PyValue {
  return value instanceof PyListObject && DIMENSION.test(value.tag) ? null : value;
}

/** Whether a tag is that of a shape. */
export function isShapeTag(tag: string): boolean {
  return TENSOR_SHAPE.test(tag);
}

/**
 * The entries of a dict that an object is; it may also have none.
 *
 * @throws YamlTrouble for anything else.
 */
export function dictItems(tag: string, content: readonly PyValue[] | PyDict): PyDict {
  const entries = isPyDict(content) ? (content.get("dictitems") ?? new Map()) : new Map();
  if (!isPyDict(entries)) throw new YamlTrouble(`dictitems of !!${tag} is no dict`);
  return entries;
}

/**
 * The one argument of an object, a list or a tuple; an empty object may have none.
 *
 * @throws YamlTrouble for anything else.
 */
export function listArgument(tag: string, args: readonly PyValue[]): readonly PyValue[] {
  const [list = []] = args;
  const items = isPyTuple(list) ? list.items : list;
  if (!isPyList(items) || args.length > 1) throw new YamlTrouble(`the arguments of !!${tag} are not one list`);
  return items;
}
