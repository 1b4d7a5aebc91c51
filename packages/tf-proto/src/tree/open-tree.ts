import { type Place, UnsupportedError } from "@modelbytes/bytes";
import type { MessageType } from "../schema.ts";
import { MAX_BYTES } from "./chunks.ts";
import { TreeFile } from "./tree-file.ts";
import type { WireMessage } from "./wire-message.ts";
import { WireNode } from "./wire-node.ts";

/**
 * The message in `bytes` as a tree that can be read and edited without losing any of them; see `WireMessage`. Nothing is read yet,
 * and `bytes` must not change while the tree is used. `place` is where they are, for errors: its offset is that of the first
 * byte. Throws an `UnsupportedError` for 2 GiB and more, which protocol buffers do not allow.
 */
export function openTree<T extends object>(type: MessageType<T>, bytes: Uint8Array, place?: Place): WireMessage<T>;
export function openTree(type: MessageType, bytes: Uint8Array, place: Place = {}): unknown {
  if (bytes.length > MAX_BYTES) {
    const reason = `${type.name} has ${bytes.length} bytes: protocol buffers end at ${MAX_BYTES}`;
    throw new UnsupportedError("protobuf-size", reason, place);
  }
  const file = new TreeFile(type, bytes, place);
  return new WireNode(file, type, file.span);
}
