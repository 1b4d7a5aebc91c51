import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SOURCE = fileURLToPath(new URL("../../kernel/slicing-by-16.ts", import.meta.url));
const COMPILER = fileURLToPath(new URL("../../node_modules/assemblyscript/bin/asc.js", import.meta.url));
const PAGE = 2 ** 16;

/** Compiles kernel/slicing-by-16.ts into a WebAssembly module at `path`. */
export async function compileSlicingBy16(path: string): Promise<void> {
  const options = ["-O3", "--runtime", "stub", "--noAssert", "--importMemory"];
  await promisify(execFile)(process.execPath, [COMPILER, SOURCE, ...options, "--outFile", path]);
}

/** The module's CRC32C, with `message` in its memory. */
export async function slicingBy16(path: string, message: Uint8Array): Promise<() => number> {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(message.length / PAGE) + 1 });
  const { instance } = await WebAssembly.instantiate(await readFile(path), { env: { memory } });
  const { prepare, crc32c, BYTES } = instance.exports;
  if (typeof prepare !== "function" || typeof crc32c !== "function" || !(BYTES instanceof WebAssembly.Global)) {
    throw new Error("the module of slicing-by-16 is another one");
  }
  prepare();
  new Uint8Array(memory.buffer).set(message, BYTES.value);
  return () => crc32c(message.length) >>> 0;
}
