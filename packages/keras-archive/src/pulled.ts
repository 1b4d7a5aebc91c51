import type { Sink } from "@modelbytes/bytes";
import type { Replayable } from "@modelbytes/zip";

/** What a writer writes, as data of a member: `write` is called with a sink for each pass over its `size` bytes. */
export function replayable(size: number, write: (sink: Sink) => Promise<unknown>): Replayable {
  return { size, pieces: () => pulled(write) };
}

/** The pieces that a writer writes. It is held up until each has been taken, and stops where the loop is left. */
async function* pulled(write: (sink: Sink) => Promise<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  const handover = new Handover();
  const writing = write(handover).then(
    () => handover.end(),
    (error) => handover.end({ error }),
  );
  try {
    for (;;) {
      const piece = await handover.take();
      if (piece === undefined) return;
      yield piece;
    }
  } finally {
    handover.refuse();
    await writing;
  }
}

/** A sink whose bytes are taken, one write after another. */
class Handover implements Sink {
  readonly name = "(pieces)";
  #piece: Uint8Array | undefined;
  /** Whether the piece is with who took it, who is done with it when the next one is asked for. */
  #isTaken = false;
  #ended = false;
  #refused = false;
  #failure: { readonly error: unknown } | undefined;
  /** Wakes who waits for a piece, or for one to be used up. There is one of each at most. */
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#refused && bytes.length > 0) {
      this.#piece = bytes;
      this.#wakeReader?.();
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
    if (this.#refused) throw new TypeError("nobody takes any more pieces");
  }

  async close(): Promise<void> {}

  async abort(): Promise<void> {}

  /** The next piece, or `undefined` at the end. Rejects with what the writer rejected with. */
  async take(): Promise<Uint8Array | undefined> {
    if (this.#isTaken) {
      this.#isTaken = false;
      this.#piece = undefined;
      this.#wakeWriter?.();
    }
    while (this.#piece === undefined && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#isTaken = this.#piece !== undefined;
    return this.#piece;
  }

  /** The writer has written all, or failed. */
  end(failure?: { readonly error: unknown }): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wakeReader?.();
  }

  /** Nobody takes any more. */
  refuse(): void {
    this.#refused = true;
    this.#wakeWriter?.();
  }
}
