import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What expected.json says; see fixtures/tf-proto/chunked.py. */
interface Expected {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly records: readonly (readonly [position: number, bytes: number])[];
        readonly message: { readonly bytes: number; readonly sha256: string };
      }
    >
  >;
  readonly boundaries: Readonly<Record<string, string>>;
  readonly parts: Readonly<Record<string, readonly (readonly [data: string, compressed: string])[]>>;
}

const FOLDER = fileURLToPath(new URL("../../../fixtures/tf-proto/chunked/", import.meta.url));

/** A file of the fixtures. */
export function fixture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(FOLDER + name));
}

/** What is known of them. */
export const EXPECTED: Expected = JSON.parse(readFileSync(`${FOLDER}expected.json`, "utf8"));
