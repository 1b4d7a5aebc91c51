import { type SinkLike, toSink, type WaitOptions } from "@modelbytes/bytes";
import type { Progress } from "@modelbytes/tensor";
import type { Hdf5Operation } from "./operation.ts";
import { type Hdf5Plan, type PlanHdf5Options, planHdf5 } from "./plan.ts";
import { streamHdf5 } from "./stream.ts";

/** How a file is written. */
export interface WriteHdf5Options extends PlanHdf5Options, WaitOptions {
  /** Called after each piece. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Writes the file that h5py makes of these operations, from its first byte to its last, and gives its plan. A path or a `file:` URL
 * gets its file only when all is written; after a failure or an abort whatever was there is there still.
 *
 * Throws as `planHdf5` does before anything is opened, a `RangeError` for data that is not as long as its datatype and shape say, and
 * a `SourceError` where writing fails.
 */
export async function writeHdf5(
  to: SinkLike,
  operations: Iterable<Hdf5Operation>,
  options: WriteHdf5Options = {},
): Promise<Hdf5Plan> {
  const plan = planHdf5(operations, options);
  const sink = toSink(to);
  try {
    let bytes = 0;
    for await (const piece of streamHdf5(plan, options)) {
      await sink.write(piece);
      bytes += piece.length;
      options.onProgress?.({ bytes, total: plan.size });
    }
    options.signal?.throwIfAborted();
    await sink.close();
  } catch (error) {
    await sink.abort(error);
    throw error;
  }
  return plan;
}
