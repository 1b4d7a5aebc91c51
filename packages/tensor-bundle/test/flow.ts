import { checkRange, MemoryFolder, type Sink, type Source, type SourceReadOptions } from "@modelbytes/bytes";
import { crc32c } from "../src/crc32c/crc32c.ts";

/** How many bytes are read and not written yet. */
export class Flow {
  most = 0;
  #alive = 0;
  readonly #perWritten: number;

  /** For each byte written `perWritten` bytes were read: other than one where tensors are cast. */
  constructor(perWritten = 1) {
    this.#perWritten = perWritten;
  }

  in(bytes: number): void {
    this.#alive += bytes;
    this.most = Math.max(this.most, this.#alive);
  }

  out(bytes: number): void {
    this.#alive -= bytes * this.#perWritten;
  }
}

/** A folder of which only the indexes are kept; of all other files the CRC of what they would hold. */
export class ForgetfulFolder extends MemoryFolder {
  readonly crcs: Map<string, number> = new Map();
  readonly #flow: Flow;

  constructor(flow: Flow = new Flow()) {
    super();
    this.#flow = flow;
  }

  override sink(path: string): Sink {
    if (path.endsWith(".index")) return super.sink(path);
    let crc = 0;
    return {
      name: path,
      write: async (bytes) => {
        crc = crc32c(bytes, crc);
        this.#flow.out(bytes.length);
      },
      close: async () => void this.crcs.set(path, crc),
      abort: async () => {},
    };
  }
}

const PATTERN = Uint8Array.from({ length: 2 ** 20 }, (_, at) => (at * at * 31 + (at >> 7)) & 0x3f); // no NaN of any float

/** A file of any size whose bytes repeat every MiB, and one of which may be damaged. */
export class PatternSource implements Source {
  readonly name = "pattern";
  readonly #size: number;
  readonly #flow: Flow;
  readonly #damagedAt: number | undefined;

  constructor(size: number, flow: Flow, damagedAt?: number) {
    this.#size = size;
    this.#flow = flow;
    this.#damagedAt = damagedAt;
  }

  async size(): Promise<number> {
    return this.#size;
  }

  async read(offset: number, length: number, { scratch }: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this.name, this.#size, offset, length);
    this.#flow.in(length);
    const bytes = scratch?.subarray(0, length) ?? new Uint8Array(length);
    for (const [at, piece] of patternPieces(offset, length)) bytes.set(piece, at);
    const damage = (this.#damagedAt ?? -1) - offset;
    if (damage >= 0 && damage < length) bytes[damage] = 0xff;
    return bytes;
  }
}

/** The bytes of the pattern from `offset` on, each piece with the place where it begins. */
export function* patternPieces(offset: number, length: number): Generator<[at: number, piece: Uint8Array]> {
  for (let at = 0; at < length; ) {
    const start = (offset + at) % PATTERN.length;
    const piece = PATTERN.subarray(start, start + Math.min(PATTERN.length - start, length - at));
    yield [at, piece];
    at += piece.length;
  }
}
