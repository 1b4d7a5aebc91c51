import {
  CorruptError,
  toWritableFolder,
  type WaitOptions,
  type WritableFolder,
  type WritableFolderLike,
} from "@modelbytes/bytes";
import type { CheckpointNode } from "./checkpoint-node.ts";
import { stringifyCheckpointState } from "./checkpoint-state.ts";
import { type CheckpointOptions, writeCheckpoint } from "./checkpoint-tree.ts";
import { checkpointFiles, insidePath, relativePath } from "./managed-files.ts";
import type { Parts } from "./part.ts";
import { savedCounter } from "./save-counter.ts";
import { readState, STATE_FILE } from "./state-file.ts";
import { type BundleTarget, type WriteBundleOptions, writeBundle } from "./writer.ts";

/** Which checkpoints a manager keeps, and how it counts. */
export interface CheckpointManagerOptions extends WaitOptions {
  /** Checkpoints that are kept: after each save the oldest of more go. Default: all are kept, Python's `max_to_keep=None`. */
  readonly maxToKeep?: number | undefined;
  /** Of those that would go, one that is so many hours younger than the last that was preserved is preserved for good. */
  readonly keepCheckpointEveryNHours?: number | undefined;
  /** What stands before the number: `ckpt` in `ckpt-7`, the default. */
  readonly checkpointName?: string | undefined;
  /** A save fewer steps after the last one does nothing. */
  readonly checkpointInterval?: number | undefined;
  /** The step of the last save, where an earlier manager did it. */
  readonly lastCheckpointStep?: number | undefined;
  /**
   * The `save_counter` to go on from; the next save has one more. Default: that of the newest checkpoint, as if Python had restored
   * it, or the number in its name where it has none. Python starts at 0 unless it restores a checkpoint.
   */
  readonly saveCounter?: number | undefined;
  /** Seconds since 1970. Default: the clock of the system. */
  readonly now?: (() => number) | undefined;
}

/** How a checkpoint is saved. */
export interface SaveOptions extends WriteBundleOptions {
  /** The number in the name of the checkpoint. Default: the `save_counter`, which counts on in any case. */
  readonly checkpointNumber?: number | undefined;
  /** The step that training has reached, for a manager with a `checkpointInterval`. */
  readonly step?: number | undefined;
  /** Whether the interval matters. Without it, only a second save of the same step does nothing. Default: true. */
  readonly checkInterval?: boolean | undefined;
}

/** How a tree of objects is saved. */
export interface SaveTreeOptions extends SaveOptions, Pick<CheckpointOptions, "attached"> {}

/**
 * Saves numbered checkpoints to a directory, deletes old ones and keeps the directory's state file, as Python's
 * `tf.train.CheckpointManager` does; either can go on where the other stopped. Only one should be at work in a directory.
 *
 *     managed      from the oldest on, each with its time: the state file's, as far as they are newer than its last preserved one;
 *                  none of a file without times, so checkpoints that nobody timed are never deleted
 *     save         write the checkpoint → append it with the time → state file → sweep → state file
 *     sweep        while there are too many: forget the oldest, and unless it is to be preserved delete its files, the index first
 *
 * Checkpoints are called by their path inside the directory: `openBundle(directory, { prefix: manager.latestCheckpoint })`.
 */
export class CheckpointManager {
  /** Where the checkpoints are. */
  readonly folder: WritableFolder;
  readonly #options: CheckpointManagerOptions;
  readonly #now: () => number;
  /** Times by path. */
  readonly #managed = new Map<string, number>();
  #latest: string | undefined;
  #lastPreserved: number;
  #lastStep: number | undefined;
  #saveCounter = 0;
  #saving: Promise<unknown> = Promise.resolve();

  private constructor(folder: WritableFolder, options: CheckpointManagerOptions) {
    this.folder = folder;
    this.#options = options;
    this.#now = options.now ?? (() => Date.now() / 1000);
    this.#lastPreserved = 0;
    this.#lastStep = options.lastCheckpointStep;
  }

  /**
   * Takes up what the directory's state file says. Throws a `RangeError` for a `maxToKeep` below 1, and a `CorruptError` for a state
   * file that names no checkpoint or, where no `saveCounter` is given, for a newest checkpoint that is damaged.
   */
  static async open(to: WritableFolderLike, options: CheckpointManagerOptions = {}): Promise<CheckpointManager> {
    const { maxToKeep } = options;
    if (maxToKeep !== undefined && !(Number.isInteger(maxToKeep) && maxToKeep > 0)) {
      throw new RangeError(`maxToKeep is a positive whole number, not ${maxToKeep}`);
    }
    const manager = new CheckpointManager(toWritableFolder(to), options);
    await manager.#recover();
    return manager;
  }

  /** The newest checkpoint. */
  get latestCheckpoint(): string | undefined {
    return this.#latest;
  }

  /** The checkpoints that are managed, from the oldest on; preserved ones are not among them. */
  get checkpoints(): string[] {
    return [...this.#managed.keys()];
  }

  /** How many saves there were. */
  get saveCounter(): number {
    return this.#saveCounter;
  }

  /**
   * Saves a tree of objects, with the `save_counter` as the last child of its root, and gives the checkpoint's path; `undefined` if
   * the interval is not over. Saves that overlap are done one after another.
   */
  async save(root: CheckpointNode, options: SaveTreeOptions = {}): Promise<string | undefined> {
    return await this.#save(options, (to, saveCounter) => writeCheckpoint(to, root, { ...options, saveCounter }));
  }

  /** Saves tensors under names of their own, without objects; otherwise like `save`. */
  async saveParts(parts: Parts, options: SaveOptions = {}): Promise<string | undefined> {
    return await this.#save(options, (to) => writeBundle(to, parts, options));
  }

  async #recover(): Promise<void> {
    const source = this.folder.file(STATE_FILE);
    const state = await readState(source, this.#options);
    const now = this.#now();
    if (state === undefined) {
      this.#lastPreserved = now - 1; // so that what is saved in the same tick is newer
    } else if (state.modelCheckpointPath === "") {
      throw new CorruptError("checkpoint-state", "the state file names no checkpoint", { file: source.name });
    } else {
      this.#latest = insidePath(this.folder, state.modelCheckpointPath);
      this.#lastPreserved = Math.min(state.lastPreservedTimestamp, now); // the clock may have been set back
      for (const [at, path] of state.allModelCheckpointPaths.entries()) {
        const time = Math.min(state.allModelCheckpointTimestamps[at] ?? Number.NEGATIVE_INFINITY, now);
        if (time > this.#lastPreserved) this.#managed.set(insidePath(this.folder, path), time);
      }
    }
    const { checkpointName = "ckpt", saveCounter } = this.#options;
    this.#saveCounter = saveCounter ?? (await savedCounter(this.folder, this.#latest, checkpointName, this.#options));
  }

  #save(
    options: SaveOptions,
    write: (to: BundleTarget, saveCounter: number) => Promise<unknown>,
  ): Promise<string | undefined> {
    const saving = this.#saving.then(async () => {
      if (!this.#isDue(options)) return undefined;
      const saveCounter = ++this.#saveCounter;
      const path = `${this.#options.checkpointName ?? "ckpt"}-${options.checkpointNumber ?? saveCounter}`;
      await write({ folder: this.folder, prefix: path }, saveCounter);
      this.#managed.delete(path);
      this.#managed.set(path, this.#now());
      this.#latest = path;
      await this.#record(); // a crash while files are deleted shall find the new checkpoint
      await this.#sweep();
      await this.#record();
      return path;
    });
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  #isDue({ step, checkInterval = true }: SaveOptions): boolean {
    const { checkpointInterval } = this.#options;
    if (checkpointInterval === undefined) return true;
    if (step === undefined) throw new TypeError("a manager with a checkpointInterval has to be told the step");
    const last = this.#lastStep;
    if (last !== undefined && (step === last || (checkInterval && step < last + checkpointInterval))) return false;
    this.#lastStep = step;
    return true;
  }

  async #sweep(): Promise<void> {
    const { maxToKeep = Number.POSITIVE_INFINITY, keepCheckpointEveryNHours: hours = 0 } = this.#options;
    for (const [path, time] of this.#managed) {
      if (this.#managed.size <= maxToKeep) return;
      this.#managed.delete(path);
      if (hours !== 0 && time - hours * 3600 >= this.#lastPreserved) this.#lastPreserved = time;
      else for await (const file of checkpointFiles(this.folder, path)) await this.folder.remove(file);
    }
  }

  async #record(): Promise<void> {
    const state = stringifyCheckpointState({
      modelCheckpointPath: relativePath(this.#latest ?? ""),
      allModelCheckpointPaths: this.checkpoints.map(relativePath),
      allModelCheckpointTimestamps: [...this.#managed.values()],
      lastPreservedTimestamp: this.#lastPreserved,
    });
    const sink = this.folder.sink(STATE_FILE);
    try {
      await sink.write(new TextEncoder().encode(state));
      await sink.close();
    } finally {
      await sink.abort();
    }
  }
}
