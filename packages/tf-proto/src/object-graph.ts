import { decodeName, encodeName, type Place } from "@modelbytes/bytes";
import { finish, type Message, readFields, sub, type Writer, writer } from "./wire.ts";

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
export function decodeObjectGraph(message: Message, place: Place = {}): ObjectGraph {
  const nodes: ObjectNode[] = [];
  readFields(message, place, (tag, reader) => {
    if (tag !== 0x0a) return false;
    nodes.push(sub(reader, place, decodeNode));
    return true;
  });
  return { nodes };
}

function decodeNode(message: Message, place: Place): ObjectNode {
  const children: ObjectReference[] = [];
  const attributes: SerializedTensor[] = [];
  const slotVariables: SlotVariable[] = [];
  let registeredSaver: RegisteredSaver | undefined;
  let hasCheckpointValues: boolean | undefined;
  readFields(message, place, (tag, reader) => {
    if (tag === 0x0a) children.push(sub(reader, place, decodeReference));
    else if (tag === 0x12) attributes.push(sub(reader, place, decodeAttribute));
    else if (tag === 0x1a) slotVariables.push(sub(reader, place, decodeSlotVariable));
    else if (tag === 0x22) registeredSaver = sub(reader, place, decodeSaver);
    else if (tag === 0x2a) hasCheckpointValues = sub(reader, place, decodeBoolValue);
    else return false;
    return true;
  });
  return { children, attributes, slotVariables, registeredSaver, hasCheckpointValues };
}

function decodeReference(message: Message, place: Place): ObjectReference {
  let nodeId = 0;
  let localName = "";
  readFields(message, place, (tag, reader) => {
    if (tag === 0x08) nodeId = reader.int32();
    else if (tag === 0x12) localName = decodeName(reader.bytes());
    else return false;
    return true;
  });
  return { nodeId, localName };
}

function decodeAttribute(message: Message, place: Place): SerializedTensor {
  let name = "";
  let fullName = "";
  let checkpointKey = "";
  let optionalRestore: boolean | undefined;
  readFields(message, place, (tag, reader) => {
    if (tag === 0x0a) name = decodeName(reader.bytes());
    else if (tag === 0x12) fullName = decodeName(reader.bytes());
    else if (tag === 0x1a) checkpointKey = decodeName(reader.bytes());
    else if (tag === 0x20) optionalRestore = reader.bool();
    else return false;
    return true;
  });
  return { name, fullName, checkpointKey, optionalRestore };
}

function decodeSlotVariable(message: Message, place: Place): SlotVariable {
  let originalVariableNodeId = 0;
  let slotName = "";
  let slotVariableNodeId = 0;
  readFields(message, place, (tag, reader) => {
    if (tag === 0x08) originalVariableNodeId = reader.int32();
    else if (tag === 0x12) slotName = decodeName(reader.bytes());
    else if (tag === 0x18) slotVariableNodeId = reader.int32();
    else return false;
    return true;
  });
  return { originalVariableNodeId, slotName, slotVariableNodeId };
}

function decodeSaver(message: Message, place: Place): RegisteredSaver {
  let name = "";
  let objectName = "";
  readFields(message, place, (tag, reader) => {
    if (tag === 0x0a) name = decodeName(reader.bytes());
    else if (tag === 0x12) objectName = decodeName(reader.bytes());
    else return false;
    return true;
  });
  return { name, objectName };
}

/** `BoolValue`: 1 value bool. */
function decodeBoolValue(message: Message, place: Place): boolean {
  let value = false;
  readFields(message, place, (tag, reader) => {
    if (tag !== 0x08) return false;
    value = reader.bool();
    return true;
  });
  return value;
}

/** The bytes that TensorFlow serializes the graph to: fields in the order of their numbers, no zeros and no empty names. */
export function encodeObjectGraph({ nodes }: ObjectGraph): Uint8Array<ArrayBuffer> {
  const to = writer();
  for (const node of nodes) writeNode(to.uint32(0x0a).fork(), node).ldelim();
  return finish(to);
}

function writeNode(to: Writer, node: ObjectNode): Writer {
  for (const { nodeId, localName } of node.children) {
    to.uint32(0x0a).fork();
    writeId(to, 0x08, nodeId);
    writeName(to, 0x12, localName);
    to.ldelim();
  }
  for (const { name, fullName, checkpointKey, optionalRestore } of node.attributes) {
    to.uint32(0x12).fork();
    writeName(to, 0x0a, name);
    writeName(to, 0x12, fullName);
    writeName(to, 0x1a, checkpointKey);
    if (optionalRestore !== undefined) to.uint32(0x20).bool(optionalRestore);
    to.ldelim();
  }
  for (const { originalVariableNodeId, slotName, slotVariableNodeId } of node.slotVariables) {
    to.uint32(0x1a).fork();
    writeId(to, 0x08, originalVariableNodeId);
    writeName(to, 0x12, slotName);
    writeId(to, 0x18, slotVariableNodeId);
    to.ldelim();
  }
  if (node.registeredSaver !== undefined) {
    to.uint32(0x22).fork();
    writeName(to, 0x0a, node.registeredSaver.name);
    writeName(to, 0x12, node.registeredSaver.objectName);
    to.ldelim();
  }
  if (node.hasCheckpointValues !== undefined) {
    to.uint32(0x2a).fork();
    if (node.hasCheckpointValues) to.uint32(0x08).bool(true);
    to.ldelim();
  }
  return to;
}

function writeId(to: Writer, tag: number, id: number): void {
  if (id !== 0) to.uint32(tag).int32(id);
}

function writeName(to: Writer, tag: number, name: string): void {
  if (name !== "") to.uint32(tag).bytes(encodeName(name));
}
