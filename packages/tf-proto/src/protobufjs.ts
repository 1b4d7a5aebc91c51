import type protobuf from "protobufjs/minimal.js";

/** protobufjs' cursor over one message. */
export type Reader = protobuf.Reader;

/** protobufjs' writer. */
export type Writer = protobuf.Writer;
