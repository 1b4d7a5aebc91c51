import type { WaitOptions } from "@modelbytes/bytes";
import type { Hdf5Data, Hdf5Pieces } from "./operation.ts";
import type { Hdf5Plan, PlannedData } from "./plan.ts";

/** What is smaller is collected, up to so many bytes. */
const BUFFER_BYTES = 2 ** 20;
const LARGEST_COLLECTED = BUFFER_BYTES / 4;

/**
 * The bytes of a planned file, from the first to the last. A piece may be memory of the caller's data, or used again once the next is
 * asked for. Data is asked for in the order of `plan.data`.
 *
 * Rejects with a `RangeError` if data is not as long as planned.
 */
export async function* streamHdf5(plan: Hdf5Plan, options: WaitOptions = {}): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let filled = 0;
  let position = 0;
  for await (const [address, bytes] of contents(plan)) {
    options.signal?.throwIfAborted();
    while (position < address) {
      const zeros = Math.min(address - position, BUFFER_BYTES - filled);
      buffer.fill(0, filled, filled + zeros);
      filled += zeros;
      position += zeros;
      if (filled < BUFFER_BYTES) continue;
      yield buffer;
      filled = 0;
    }
    if (bytes.length > LARGEST_COLLECTED || filled + bytes.length > BUFFER_BYTES) {
      if (filled > 0) yield buffer.subarray(0, filled);
      filled = 0;
    }
    if (bytes.length > LARGEST_COLLECTED) yield bytes;
    else {
      buffer.set(bytes, filled);
      filled += bytes.length;
    }
    position += bytes.length;
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

/** All that the file holds, in the order of addresses, and its end. */
async function* contents({ size, segments, data }: Hdf5Plan): AsyncGenerator<[address: number, bytes: Uint8Array]> {
  let next = 0;
  for (const segment of segments) {
    for (let due = data[next]; due !== undefined && due.address < segment.address; due = data[++next]) {
      yield* placed(due);
    }
    yield [segment.address, segment.encode()];
  }
  for (const rest of data.slice(next)) yield* placed(rest);
  yield [size, new Uint8Array()];
}

async function* placed({
  path,
  address,
  size,
  data,
}: PlannedData): AsyncGenerator<[address: number, bytes: Uint8Array]> {
  let given = 0;
  for await (const piece of await piecesOf(data)) {
    if (given + piece.length > size) throw wrongLength(path, size, "more");
    yield [address + given, piece];
    given += piece.length;
  }
  if (given < size) throw wrongLength(path, size, `${given}`);
}

async function piecesOf(data: Hdf5Data): Promise<Hdf5Pieces> {
  const given = typeof data === "function" ? await data() : data;
  return given instanceof Uint8Array ? [given] : given;
}

function wrongLength(path: string, size: number, given: string): RangeError {
  return new RangeError(
    `the data of dataset ${JSON.stringify(path)} is ${size} bytes by its datatype and shape, and ${given} came`,
  );
}
