import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ModelbytesError, NotFoundError, SourceError } from "../errors.ts";
import type { Sink } from "../sink.ts";
import { codeOf, LARGEST_CALL } from "./node-call.ts";
import type { MadeDirectories } from "./node-directories.ts";

/** A file that is written beside its final name, as TensorFlow does, and renamed when it is whole. */
export class FileSink implements Sink {
  readonly name: string;
  readonly #temporary: string;
  readonly #directories: MadeDirectories | undefined;
  #state: "open" | "closed" | "aborted" = "open";
  #opening: Promise<FileHandle> | undefined;
  /** All writes so far, in their order; once one has failed, so do all after it, and so does `close`. */
  #writes: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** With `directories`, the one that the file is in is made where it is not there. */
  constructor(path: string, directories?: MadeDirectories) {
    this.name = path;
    this.#directories = directories;
    const [random] = crypto.getRandomValues(new BigUint64Array(1));
    this.#temporary = `${path}.tempstate${random}`;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#mustBe("open");
    this.#writes = this.#writes.then(() => this.#append(bytes));
    await this.#writes;
  }

  async close(): Promise<void> {
    if (this.#state === "open") this.#state = "closed";
    this.#mustBe("closed");
    this.#closing ??= this.#finish();
    await this.#closing;
  }

  async abort(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "aborted";
    await this.#writes.catch(() => undefined);
    await this.#discard();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#state === "aborted") this.#mustBe("open");
    const handle = await this.#open();
    try {
      for (let written = 0; written < bytes.length; ) {
        const wanted = Math.min(bytes.length - written, LARGEST_CALL);
        written += (await handle.write(bytes, written, wanted)).bytesWritten;
      }
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.#writes;
      const handle = await this.#open(); // a file without a byte is a file too
      await handle.close();
      await rename(this.#temporary, this.name);
    } catch (cause) {
      await this.#discard().catch(() => undefined);
      throw cause instanceof ModelbytesError ? cause : this.#failure(cause);
    }
  }

  /** Removes the temporary file and the directory, if they were made. */
  async #discard(): Promise<void> {
    if (this.#opening === undefined) return;
    const handle = await this.#opening.catch(() => undefined);
    try {
      await handle?.close().catch(() => undefined); // its bytes no longer matter
      if (handle !== undefined) await rm(this.#temporary, { force: true });
    } catch (cause) {
      throw this.#failure(cause);
    } finally {
      await this.#directories?.removeEmpty(dirname(this.name));
    }
  }

  #open(): Promise<FileHandle> {
    this.#opening ??= this.#openFile();
    return this.#opening;
  }

  async #openFile(): Promise<FileHandle> {
    try {
      return await open(this.#temporary, "wx");
    } catch (cause) {
      if (this.#directories === undefined || codeOf(cause) !== "ENOENT") throw this.#failure(cause);
    }
    await this.#directories.make(dirname(this.name));
    return await open(this.#temporary, "wx").catch((cause: unknown) => {
      throw this.#failure(cause);
    });
  }

  #mustBe(state: "open" | "closed"): void {
    if (this.#state !== state) throw new TypeError(`${this.name} was ${this.#state}`);
  }

  #failure(cause: unknown): Error {
    const code = codeOf(cause);
    const place = { file: this.name, cause };
    if (code === "ENOENT") return new NotFoundError("not-found", "no such directory to write in", place);
    return new SourceError("write-failed", `the file cannot be written (${code})`, place);
  }
}
