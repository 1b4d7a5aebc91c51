import { readFileSync } from "node:fs";
import { BytesSource, type Source } from "@modelbytes/bytes";
import { WHOLE_FILE_BYTES } from "../src/classic/pages.ts";
import { FIXTURES } from "./described.ts";

/** A source that keeps what was asked of it. */
export class CountedSource implements Source {
  readonly name = "counted";
  readonly requests: [offset: number, length: number][] = [];
  readonly #source: BytesSource;

  constructor(bytes: Uint8Array) {
    this.#source = new BytesSource(bytes);
  }

  size(): Promise<number> {
    return this.#source.size();
  }

  read(...request: Parameters<Source["read"]>): ReturnType<Source["read"]> {
    this.requests.push([request[0], request[1]]);
    return this.#source.read(...request);
  }
}

/** The bytes of a fixture. */
export function bytesOf(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(`${FIXTURES}${file}`));
}

/** A fixture with so many bytes behind it that it is no longer read whole. */
export function grown(file: string): CountedSource {
  const bytes = bytesOf(file);
  const large = new Uint8Array(WHOLE_FILE_BYTES + bytes.length);
  large.set(bytes);
  return new CountedSource(large);
}
