import { inflateSync } from "node:zlib";
import type { InflateSmall } from "./inflate-small.ts";

/** The least that zlib takes at once. */
const LEAST_CHUNK = 64;

/** Node's zlib. Only this file may import Node. */
export const inflateSmall: InflateSmall = (bytes, most) => {
  try {
    const options = { chunkSize: Math.max(LEAST_CHUNK, most), maxOutputLength: Math.max(1, most) };
    return new Uint8Array(inflateSync(bytes, options));
  } catch (error) {
    if (error instanceof RangeError) return undefined; // more than maxOutputLength
    throw error;
  }
};
