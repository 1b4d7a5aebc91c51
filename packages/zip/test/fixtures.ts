import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ModelbytesError, type Source, type SourceReadOptions, toSource } from "@modelbytes/bytes";
import type { ZipMember } from "@modelbytes/zip";

/** The folder of fixtures, as a path. */
export const FIXTURES: string = fileURLToPath(new URL("../../../fixtures/zip/", import.meta.url));

/** A member as `fixtures/zip/forms.py` says it. */
export interface ExpectedMember {
  readonly name: string;
  readonly sha256?: string;
  readonly refused?: string;
  readonly extra: string;
  readonly comment: string;
}

/** What Python's zipfile makes of an archive. */
export interface Expected {
  readonly rewritten: boolean;
  readonly comment?: string;
  readonly members?: readonly ExpectedMember[];
  readonly refused?: string;
}

const ALL: Record<string, Expected> = JSON.parse(readFileSync(`${FIXTURES}expected.json`, "utf8"));

/** Bytes as `forms.py` says them. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A member as `forms.py` says it, without what reading it gives. */
export function described({ rawName: _, extra, comment, ...rest }: ZipMember): object {
  return { ...rest, extra: hex(extra), comment: hex(comment) };
}

/** The same of an expected one. */
export function entryOf({ sha256: _, refused: __, ...rest }: ExpectedMember): object {
  return rest;
}

/** The archives of a folder by name. */
export function fixtures(folder: "forms" | "hostile"): [name: string, path: string, expected: Expected][] {
  return Object.entries(ALL)
    .filter(([path]) => path.startsWith(folder))
    .map(([path, expected]) => [path.slice(folder.length + 1, -".zip".length), `${FIXTURES}${path}`, expected]);
}

/** The codes of errors, in order. */
export async function codesOf(errors: Iterable<ModelbytesError> | AsyncIterable<ModelbytesError>): Promise<string[]> {
  const codes: string[] = [];
  for await (const { code } of errors) codes.push(code);
  return codes;
}

/** The code of the error that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ModelbytesError) return error.code;
    throw error;
  }
  return "(none)";
}

/** A source that counts what is read of it. */
export class CountingSource implements Source {
  readonly name = "counted.zip";
  requests = 0;
  bytes = 0;
  closed = 0;
  readonly #source: Source;

  constructor(bytes: Uint8Array) {
    this.#source = toSource(bytes);
  }

  async size(): Promise<number> {
    return await this.#source.size();
  }

  async read(offset: number, length: number, options?: SourceReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    this.requests++;
    this.bytes += length;
    return await this.#source.read(offset, length, options);
  }

  async close(): Promise<void> {
    this.closed++;
  }
}
