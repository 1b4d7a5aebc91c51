import { ByteWriter, decodeName, encodeName, type Place } from "@modelbytes/bytes";
import { appendDelimited, appendInt64, END, type MessageReader, readMessage } from "./wire.ts";

/**
 * `TrackableObjectGraph` (tensorflow/core/protobuf/trackable_object_graph.proto): the Python objects that a checkpoint was made
 * of, and which key each of their values has in the bundle. Node 0 is the root; nodes refer to each other by their index.
 */
export interface ObjectGraph {
  readonly nodes: readonly ObjectNode[];
}

/** `TrackableObject`: 1 children, 2 attributes, 3 slot_variables, 4 registered_saver, 5 has_checkpoint_values BoolValue. */
export interface ObjectNode {
  readonly children: readonly ObjectReference[];
  readonly attributes: readonly SerializedTensor[];
  readonly slotVariables: readonly SlotVariable[];
  readonly registeredSaver: RegisteredSaver | undefined;
  /**
   * Whether the node or anything below it has values in the checkpoint. Today's TensorFlow always says so, in an empty message for
   * `false`; absent in older files.
   */
  readonly hasCheckpointValues: boolean | undefined;
}

/** `ObjectReference`: 1 node_id int32, 2 local_name string. */
export interface ObjectReference {
  readonly nodeId: number;
  readonly localName: string;
}

/** `SerializedTensor`: 1 name, 2 full_name, 3 checkpoint_key, and in older files 4 optional_restore bool. */
export interface SerializedTensor {
  /** `VARIABLE_VALUE` for variables. */
  readonly name: string;
  /** The variable's name in a name-based checkpoint; may be empty, need not be unique. */
  readonly fullName: string;
  /** The key in the bundle; for tables and iterators only the beginning of it. */
  readonly checkpointKey: string;
  readonly optionalRestore: boolean | undefined;
}

/** `SlotVariableReference`: 1 original_variable_node_id, 2 slot_name, 3 slot_variable_node_id. */
export interface SlotVariable {
  readonly originalVariableNodeId: number;
  readonly slotName: string;
  readonly slotVariableNodeId: number;
}

/** `RegisteredSaver`: 1 name, 2 object_name. */
export interface RegisteredSaver {
  readonly name: string;
  readonly objectName: string;
}

/** The graph of an object-based checkpoint. Throws a `CorruptError` for bytes that are no message; references are not checked. */
export function decodeObjectGraph(message: Uint8Array, place: Place = {}): ObjectGraph {
  return readMessage(readObjectGraph, message, place);
}

function readObjectGraph(reader: MessageReader): ObjectGraph {
  const nodes: ObjectNode[] = [];
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) nodes.push(reader.message(readNode));
  }
  return { nodes };
}

function readNode(reader: MessageReader): ObjectNode {
  const children: ObjectReference[] = [];
  const attributes: SerializedTensor[] = [];
  const slotVariables: SlotVariable[] = [];
  let registeredSaver: RegisteredSaver | undefined;
  let hasCheckpointValues: boolean | undefined;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) children.push(reader.message(readReference));
    else if (tag === 0x12) attributes.push(reader.message(readAttribute));
    else if (tag === 0x1a) slotVariables.push(reader.message(readSlotVariable));
    else if (tag === 0x22) registeredSaver = reader.message(readSaver);
    else if (tag === 0x2a) hasCheckpointValues = reader.message(readBoolValue);
  }
  return { children, attributes, slotVariables, registeredSaver, hasCheckpointValues };
}

function readReference(reader: MessageReader): ObjectReference {
  let nodeId = 0;
  let localName = "";
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x08) nodeId = reader.int32();
    else if (tag === 0x12) localName = decodeName(reader.view());
  }
  return { nodeId, localName };
}

function readAttribute(reader: MessageReader): SerializedTensor {
  let name = "";
  let fullName = "";
  let checkpointKey = "";
  let optionalRestore: boolean | undefined;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) name = decodeName(reader.view());
    else if (tag === 0x12) fullName = decodeName(reader.view());
    else if (tag === 0x1a) checkpointKey = decodeName(reader.view());
    else if (tag === 0x20) optionalRestore = reader.bool();
  }
  return { name, fullName, checkpointKey, optionalRestore };
}

function readSlotVariable(reader: MessageReader): SlotVariable {
  let originalVariableNodeId = 0;
  let slotName = "";
  let slotVariableNodeId = 0;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x08) originalVariableNodeId = reader.int32();
    else if (tag === 0x12) slotName = decodeName(reader.view());
    else if (tag === 0x18) slotVariableNodeId = reader.int32();
  }
  return { originalVariableNodeId, slotName, slotVariableNodeId };
}

function readSaver(reader: MessageReader): RegisteredSaver {
  let name = "";
  let objectName = "";
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) name = decodeName(reader.view());
    else if (tag === 0x12) objectName = decodeName(reader.view());
  }
  return { name, objectName };
}

/** `BoolValue`: 1 value bool. */
function readBoolValue(reader: MessageReader): boolean {
  let value = false;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) if (tag === 0x08) value = reader.bool();
  return value;
}

/** The bytes that TensorFlow serializes the graph to: fields in the order of their numbers, no zeros and no empty names. */
export function encodeObjectGraph({ nodes }: ObjectGraph): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  for (const node of nodes) appendDelimited(to, 0x0a, encodeNode(node));
  return to.finish();
}

function encodeNode(node: ObjectNode): Uint8Array {
  const to = new ByteWriter();
  const inner = new ByteWriter();
  for (const { nodeId, localName } of node.children) {
    appendId(inner, 0x08, nodeId);
    appendName(inner, 0x12, localName);
    appendWritten(to, 0x0a, inner);
  }
  for (const { name, fullName, checkpointKey, optionalRestore } of node.attributes) {
    appendName(inner, 0x0a, name);
    appendName(inner, 0x12, fullName);
    appendName(inner, 0x1a, checkpointKey);
    if (optionalRestore !== undefined) inner.uint8(0x20).uint8(optionalRestore ? 1 : 0);
    appendWritten(to, 0x12, inner);
  }
  for (const { originalVariableNodeId, slotName, slotVariableNodeId } of node.slotVariables) {
    appendId(inner, 0x08, originalVariableNodeId);
    appendName(inner, 0x12, slotName);
    appendId(inner, 0x18, slotVariableNodeId);
    appendWritten(to, 0x1a, inner);
  }
  if (node.registeredSaver !== undefined) {
    appendName(inner, 0x0a, node.registeredSaver.name);
    appendName(inner, 0x12, node.registeredSaver.objectName);
    appendWritten(to, 0x22, inner);
  }
  if (node.hasCheckpointValues !== undefined) {
    if (node.hasCheckpointValues) inner.uint8(0x08).uint8(1);
    appendWritten(to, 0x2a, inner);
  }
  return to.peek();
}

/** Appends what `inner` has as a message, and makes it empty. */
function appendWritten(to: ByteWriter, tag: number, inner: ByteWriter): void {
  appendDelimited(to, tag, inner.peek());
  inner.clear();
}

function appendId(to: ByteWriter, tag: number, id: number): void {
  if (id !== 0) appendInt64(to.uint8(tag), id);
}

function appendName(to: ByteWriter, tag: number, name: string): void {
  if (name !== "") appendDelimited(to, tag, encodeName(name));
}
