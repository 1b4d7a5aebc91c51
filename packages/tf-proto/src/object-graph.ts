import { decodeName, type Place } from "@modelbytes/bytes";
import { readFields, sub } from "./wire.ts";

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
  /** Whether the node or anything below it has values in the checkpoint; absent in older files. */
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

export function decodeObjectGraph(bytes: Uint8Array, place: Place = {}): ObjectGraph {
  const nodes: ObjectNode[] = [];
  readFields(bytes, place, (tag, reader) => {
    if (tag !== 0x0a) return false;
    nodes.push(sub(reader, place, decodeNode));
    return true;
  });
  return { nodes };
}

function decodeNode(bytes: Uint8Array, place: Place): ObjectNode {
  const children: ObjectReference[] = [];
  const attributes: SerializedTensor[] = [];
  const slotVariables: SlotVariable[] = [];
  let registeredSaver: RegisteredSaver | undefined;
  let hasCheckpointValues: boolean | undefined;
  readFields(bytes, place, (tag, reader) => {
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

function decodeReference(bytes: Uint8Array, place: Place): ObjectReference {
  let nodeId = 0;
  let localName = "";
  readFields(bytes, place, (tag, reader) => {
    if (tag === 0x08) nodeId = reader.int32();
    else if (tag === 0x12) localName = decodeName(reader.bytes());
    else return false;
    return true;
  });
  return { nodeId, localName };
}

function decodeAttribute(bytes: Uint8Array, place: Place): SerializedTensor {
  let name = "";
  let fullName = "";
  let checkpointKey = "";
  let optionalRestore: boolean | undefined;
  readFields(bytes, place, (tag, reader) => {
    if (tag === 0x0a) name = decodeName(reader.bytes());
    else if (tag === 0x12) fullName = decodeName(reader.bytes());
    else if (tag === 0x1a) checkpointKey = decodeName(reader.bytes());
    else if (tag === 0x20) optionalRestore = reader.bool();
    else return false;
    return true;
  });
  return { name, fullName, checkpointKey, optionalRestore };
}

function decodeSlotVariable(bytes: Uint8Array, place: Place): SlotVariable {
  let originalVariableNodeId = 0;
  let slotName = "";
  let slotVariableNodeId = 0;
  readFields(bytes, place, (tag, reader) => {
    if (tag === 0x08) originalVariableNodeId = reader.int32();
    else if (tag === 0x12) slotName = decodeName(reader.bytes());
    else if (tag === 0x18) slotVariableNodeId = reader.int32();
    else return false;
    return true;
  });
  return { originalVariableNodeId, slotName, slotVariableNodeId };
}

function decodeSaver(bytes: Uint8Array, place: Place): RegisteredSaver {
  let name = "";
  let objectName = "";
  readFields(bytes, place, (tag, reader) => {
    if (tag === 0x0a) name = decodeName(reader.bytes());
    else if (tag === 0x12) objectName = decodeName(reader.bytes());
    else return false;
    return true;
  });
  return { name, objectName };
}

/** `BoolValue`: 1 value bool. */
function decodeBoolValue(bytes: Uint8Array, place: Place): boolean {
  let value = false;
  readFields(bytes, place, (tag, reader) => {
    if (tag !== 0x08) return false;
    value = reader.bool();
    return true;
  });
  return value;
}
