import { type Source, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import type { ClassicFile } from "./classic/classic-file.ts";
import type { Hdf5File, Hdf5ReadOptions } from "./hdf5-file.ts";
import type { Hdf5Dataset, Hdf5Group, Hdf5Object } from "./model.ts";
import { openWasm } from "./open-wasm.ts";
import type { Hdf5Value } from "./value.ts";
import type { WasmFile } from "./wasm/wasm-file.ts";

/**
 * What the classic engine cannot and libhdf5 can, by the codes of its errors. libhdf5 opens no other file, so what leads to one is not
 * among them.
 */
const FOR_LIBHDF5: ReadonlySet<string> = new Set([
  "filter",
  "virtual",
  "shared-messages",
  "filtered-heap",
  "version",
  "width",
  "vax",
  "message",
  "datatype-class",
]);

/** Whether an error says that the other engine should be tried. */
export function isForLibhdf5(error: unknown): boolean {
  return error instanceof UnsupportedError && FOR_LIBHDF5.has(error.code);
}

/** The classic engine, and libhdf5 for the objects that it cannot read. */
export class FallbackFile implements Hdf5File {
  readonly engine = "classic";
  readonly name: string;
  readonly #classic: ClassicFile;
  readonly #source: Source;
  #wasm: Promise<WasmFile> | undefined;

  constructor(classic: ClassicFile, source: Source) {
    this.name = classic.name;
    this.#classic = classic;
    this.#source = source;
  }

  object(path: string, options: WaitOptions = {}): Promise<Hdf5Object> {
    return this.#try((file) => file.object(path, options));
  }

  group(path: string, options: WaitOptions = {}): Promise<Hdf5Group> {
    return this.#try((file) => file.group(path, options));
  }

  dataset(path: string, options: WaitOptions = {}): Promise<Hdf5Dataset> {
    return this.#try((file) => file.dataset(path, options));
  }

  attribute(path: string, name: string, options: WaitOptions = {}): Promise<Hdf5Value> {
    return this.#try((file) => file.attribute(path, name, options));
  }

  attributes(path: string, options: WaitOptions = {}): Promise<Map<string, Hdf5Value>> {
    return this.#try((file) => file.attributes(path, options));
  }

  read(path: string, options: Hdf5ReadOptions = {}): Promise<Hdf5Value> {
    return this.#try((file) => file.read(path, options));
  }

  async *walk(options: WaitOptions = {}): AsyncGenerator<Hdf5Object, void, undefined> {
    const given: Hdf5Object[] = [];
    try {
      for (const object of await this.#classic.visit(options)) {
        given.push(object);
        yield object;
      }
    } catch (error) {
      if (!isForLibhdf5(error)) throw error;
      const known = new Set(given.map(({ path }) => path));
      for await (const object of (await this.#libhdf5()).walk(options)) if (!known.has(object.path)) yield object;
    }
  }

  async close(): Promise<void> {
    const wasm = this.#wasm;
    this.#wasm = undefined;
    await Promise.all([this.#classic.close(), wasm?.then((file) => file.close())]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #try<T>(call: (file: Hdf5File) => Promise<T>): Promise<T> {
    try {
      return await call(this.#classic);
    } catch (error) {
      if (!isForLibhdf5(error)) throw error;
      return await call(await this.#libhdf5());
    }
  }

  /** Shared by all callers, so no caller's signal reaches it. */
  #libhdf5(): Promise<WasmFile> {
    if (this.#wasm === undefined) {
      const opening = openWasm(this.#source, {});
      opening.catch(() => {
        this.#wasm = undefined;
      });
      this.#wasm = opening;
    }
    return this.#wasm;
  }
}
