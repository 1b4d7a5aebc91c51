import { UnsupportedError } from "@modelbytes/bytes";
import type { h5wasm } from "h5wasm";

/** libhdf5, as h5wasm compiles it. */
export type H5Module = Awaited<typeof h5wasm.ready>;

let starting: Promise<Libhdf5> | undefined;
let mounted = 0;

/**
 * libhdf5, started the first time that someone needs it: 4 MB of code, 100 ms. Rejects with an `UnsupportedError` where a page's
 * policy does not let WebAssembly run.
 */
export function startLibhdf5(): Promise<Libhdf5> {
  starting ??= start();
  return starting;
}

async function start(): Promise<Libhdf5> {
  const { h5wasm } = await import("h5wasm");
  const module = await h5wasm.ready.catch((cause: unknown) => {
    const hint = "a Content-Security-Policy has to allow 'wasm-unsafe-eval'";
    throw new UnsupportedError("no-webassembly", `libhdf5 cannot be started: ${hint}`, { cause });
  });
  module.activate_throwing_error_handler();
  return new Libhdf5(module);
}

/**
 * libhdf5 with its errors thrown. It throws from within WebAssembly, which leaves its stack pointer where it was and the file open
 * that it had written its message to: some 1,800 errors would end it. `run` puts both right after each.
 */
export class Libhdf5 {
  readonly #module: H5Module;
  #pending: () => void = () => {};

  constructor(module: H5Module) {
    this.#module = module;
    Object.assign(module, { _modelbytes: () => this.#pending() });
  }

  /** Makes bytes a file that libhdf5 can open, without copying them, and gives its path. It sees no other files. */
  mount(bytes: Uint8Array): string {
    const name = `modelbytes-${++mounted}.h5`;
    this.#module.FS.createDataFile("/", name, bytes, true, false, true);
    return `/${name}`;
  }

  /** Forgets a file. */
  unmount(path: string): void {
    this.#module.FS.unlink(path);
  }

  /** Calls libhdf5. Throws what it throws. */
  run<T>(call: (module: H5Module) => T): T {
    const before = new Set(this.#streams());
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    this.#pending = () => {
      try {
        outcome = { value: call(this.#module) };
      } catch (error) {
        outcome = { error };
      }
    };
    // ccall keeps the stack pointer for the sake of its argument and puts it back afterwards.
    this.#module.ccall("modelbytes", null, ["string"], [""]);
    if (outcome !== undefined && "value" in outcome) return outcome.value;
    for (const stream of this.#streams()) if (stream && !before.has(stream)) this.#module.FS.close(stream);
    throw outcome?.error;
  }

  #streams(): FS.FSStream[] {
    const streams: unknown = Reflect.get(this.#module.FS, "streams");
    return Array.isArray(streams) ? streams : [];
  }
}
