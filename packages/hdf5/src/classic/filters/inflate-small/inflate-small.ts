/**
 * Undoes deflate (with zlib's frame) at once. Throws the host's error for what is no such data, and gives `undefined` for more than
 * `most` bytes. `undefined` where the host can only do it by a stream.
 */
export type InflateSmall = ((bytes: Uint8Array, most: number) => Uint8Array<ArrayBuffer> | undefined) | undefined;
