import { readFileSync } from "node:fs";

/** What fingerprint_judge.py says of a model. */
export interface Judged {
  readonly fingerprint?: Readonly<Record<string, string>>;
  readonly error?: string;
}

interface Fixtures {
  readonly hashes: Readonly<Record<string, string>>;
  readonly models: readonly {
    readonly name: string;
    readonly savedModel: string;
    readonly index: string | null;
    readonly judged: Readonly<Record<string, Judged>>;
  }[];
}

const FIXTURES = new URL("../../../fixtures/", import.meta.url);

/** A file below fixtures/. */
export function fixture(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(path, FIXTURES)));
}

/** See fixtures/saved-model/fingerprints.py. */
export const EXPECTED: Fixtures = JSON.parse(new TextDecoder().decode(fixture("saved-model/fingerprints.json")));

/** The bytes of base64; `undefined` of none. */
export function bytesOf(base64: string | null): Uint8Array<ArrayBuffer> | undefined {
  return base64 === null ? undefined : new Uint8Array(Buffer.from(base64, "base64"));
}
