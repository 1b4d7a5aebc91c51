// Raw deflate streams, by the host's own code (DecompressionStream and CompressionStream).

type Pieces = AsyncIterable<Uint8Array<ArrayBuffer>>;

/**
 * The inflated bytes of a deflated stream, piece by piece. Rejects with what `pieces` reject with, and with `damage(cause)` for a stream
 * that is damaged or cut. Leaving the loop early stops the work.
 */
export function inflated(pieces: Pieces, damage: (cause: unknown) => Error): Pieces {
  return through(new DecompressionStream("deflate-raw"), pieces, damage);
}

/** The deflated bytes of a stream, piece by piece. Which bytes they are is up to the host. */
export function deflated(pieces: Pieces): Pieces {
  return through(new CompressionStream("deflate-raw"), pieces, (cause) => new Error("no deflating", { cause }));
}

async function* through(
  stream: GenericTransformStream,
  pieces: Pieces,
  damage: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> = stream.readable.getReader();
  const writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> = stream.writable.getWriter();
  const fed = feed(writer, pieces);
  fed.catch(() => {}); // awaited below; until then it is no unhandled rejection
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(async (cause) => {
        await fed; // the pieces themselves may be what failed
        throw damage(cause);
      });
      if (done) break;
      yield value;
    }
    await fed;
    ended = true;
  } finally {
    if (!ended) {
      await reader.cancel().catch(() => {});
      await writer.abort().catch(() => {});
      await fed.catch(() => {});
    }
  }
}

/** Rejects only with what `pieces` reject with: a failure of the stream shows where it is read. */
async function feed(writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>, pieces: Pieces): Promise<void> {
  const done = (step: Promise<void>) =>
    step.then(
      () => true,
      () => false,
    );
  try {
    for await (const piece of pieces) if (!(await done(writer.ready)) || !(await done(writer.write(piece)))) return;
  } catch (error) {
    await done(writer.abort(error));
    throw error;
  }
  await done(writer.close());
}
