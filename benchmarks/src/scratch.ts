import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { python, runPython } from "./python.ts";
import { bytesText } from "./units.ts";

/** What a disk keeps free beside the inputs. */
const RESERVE = 2 ** 30;

/** Where Linux keeps files in memory. */
const MEMORY_FILES = "/dev/shm";

/** A folder for generated inputs, in the folder for temporary files (`TMPDIR`); gone when the process ends. */
export class Scratch {
  readonly folder: string;
  readonly #made: string[] = [];
  readonly #checkpoints = new Map<string, Promise<string>>();

  private constructor(folder: string) {
    this.folder = folder;
    this.#made.push(folder);
    const remove = () => {
      for (const made of this.#made) rmSync(made, { recursive: true, force: true });
    };
    process.once("exit", remove);
    for (const [signal, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
      process.once(signal, () => process.exit(code));
    }
  }

  static async make(): Promise<Scratch> {
    return new Scratch(await mkdtemp(join(tmpdir(), "modelbytes-bench-")));
  }

  /** A folder whose files are in memory, or nothing where the host has none with so many bytes free. */
  async inMemory(bytes: number): Promise<string | undefined> {
    const found = await statfs(MEMORY_FILES).catch(() => undefined);
    if (found === undefined || found.bavail * found.bsize < bytes) return undefined;
    const folder = await mkdtemp(join(MEMORY_FILES, "modelbytes-bench-"));
    this.#made.push(folder);
    return folder;
  }

  /**
   * The prefix of a checkpoint of so many float32 tensors, written by TensorFlow the first time it is asked for. Throws where the
   * disk is too small.
   */
  async checkpoint(tensors: number, bytesEach: number): Promise<string> {
    const name = `${tensors}x${bytesEach}`;
    const made = this.#checkpoints.get(name) ?? this.#write(join(this.folder, name), tensors, bytesEach);
    this.#checkpoints.set(name, made);
    return await made;
  }

  /** The directory of a large SavedModel: Keras' EfficientNetB7. */
  async savedModel(): Promise<string> {
    const folder = join(this.folder, "saved-model");
    const script = fileURLToPath(new URL("../../fixtures/saved-model/large.py", import.meta.url));
    await promisify(execFile)(python(), [script, folder]);
    return folder;
  }

  async #write(prefix: string, tensors: number, bytesEach: number): Promise<string> {
    const { bavail, bsize } = await statfs(this.folder);
    const wanted = tensors * bytesEach + RESERVE;
    if (bavail * bsize < wanted) {
      const found = `${bytesText(bavail * bsize)} are free in ${tmpdir()}, ${bytesText(wanted)} are needed`;
      throw new Error(`the disk is too small: ${found}; set TMPDIR, or take a smaller --size`);
    }
    await runPython("generate.py", prefix, String(tensors), String(bytesEach / 4));
    return prefix;
  }
}
