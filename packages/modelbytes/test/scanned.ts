// What the tests of `scan` share.

import { join } from "node:path";
import type { Finding } from "../src/index.ts";
import { ROOT } from "./command.ts";

/** The fixtures of all formats. */
export const FIXTURES: string = join(ROOT, "fixtures");

/** A text, as a file. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** An architecture of Keras 3 with one layer. */
export function architecture(layer: unknown): unknown {
  return {
    module: "keras",
    class_name: "Sequential",
    config: { name: "model", layers: [layer] },
    registered_name: null,
  };
}

/** A layer of Keras 3, unless `more` says otherwise. */
export function layerOf(className: string, config: object = {}, more: object = {}): object {
  return { module: "keras.layers", class_name: className, config, registered_name: null, ...more };
}

/** A finding without its words: severity, what, where, advisory. */
export function short({ severity, what, path, advisory }: Finding): string {
  return [severity, what, `at ${path ?? "-"}`, advisory ?? "-"].join(" ");
}
