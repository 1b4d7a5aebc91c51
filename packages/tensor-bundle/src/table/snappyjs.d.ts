/** What is used here of snappyjs: its types know nothing of this file, and its index brings the compressor along. */
declare module "snappyjs/snappy_decompressor.js" {
  export class SnappyDecompressor {
    constructor(stream: Uint8Array);
    /** −1 where the stream does not begin with a length. */
    readUncompressedLength(): number;
    /** False where the stream is not valid. */
    uncompressToBuffer(to: Uint8Array): boolean;
  }
}
