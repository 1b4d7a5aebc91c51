import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Conversation } from "./conversation.ts";
import { python, pythonCommand } from "./python.ts";
import { Refusal } from "./refusal.ts";
import { bytesText } from "./units.ts";

/** What a disk keeps free beside the inputs. */
const RESERVE = 2 ** 30;

/** Where Linux keeps files in memory. */
const MEMORY_FILES = "/dev/shm";

/** A folder for generated inputs, in the folder for temporary files (`TMPDIR`); gone when the process ends. */
export class Scratch implements AsyncDisposable {
  readonly folder: string;
  readonly #made: string[] = [];
  readonly #inputs = new Map<string, Promise<string>>();
  /** Bytes of inputs that are being made. */
  #promised = 0;
  #tensorflow: Conversation | undefined;

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

  /** The path of an input of about so many bytes, made the first time it is asked for. Throws where the disk is too small. */
  async file(name: string, bytes: number, make: (path: string) => Promise<unknown>): Promise<string> {
    const path = join(this.folder, name);
    const made = this.#inputs.get(name) ?? this.#make(path, bytes, make);
    this.#inputs.set(name, made);
    return await made;
  }

  /** What is refused stays promised: of inputs that are asked for at once and do not all fit, none is made. */
  async #make(path: string, bytes: number, make: (path: string) => Promise<unknown>): Promise<string> {
    this.#promised += bytes;
    await this.needs(0);
    await make(path);
    this.#promised -= bytes;
    return path;
  }

  /** The prefix of a checkpoint that TensorFlow writes; `wanted` is what python/checkpoints.py takes. */
  async checkpoint(name: string, bytes: number, wanted: Readonly<Record<string, number>>): Promise<string> {
    return await this.file(name, bytes, async (prefix) => {
      this.#tensorflow ??= new Conversation(pythonCommand("checkpoints.py"));
      await this.#tensorflow.ask(JSON.stringify({ prefix, ...wanted }), name);
    });
  }

  /** The directory of a large SavedModel: Keras' EfficientNetB7. */
  async savedModel(): Promise<string> {
    const script = fileURLToPath(new URL("../../fixtures/saved-model/large.py", import.meta.url));
    return await this.file("saved-model", 0, (folder) => promisify(execFile)(python(), [script, folder]));
  }

  /** Throws unless the disk has room for so many bytes beside the inputs that are being made. */
  async needs(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    const wanted = this.#promised + bytes + RESERVE;
    if (bavail * bsize >= wanted) return;
    const found = `${bytesText(bavail * bsize)} are free in ${tmpdir()}, ${bytesText(wanted)} are needed`;
    throw new Refusal(`the disk is too small: ${found}; set TMPDIR, or take a smaller --size`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tensorflow?.[Symbol.asyncDispose]();
  }
}
