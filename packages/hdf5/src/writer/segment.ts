/** A stretch of the file whose bytes are made when they are to be written: structures, not the data of datasets. */
export interface Segment {
  readonly address: number;
  /** Bytes that `encode` gives. */
  readonly size: number;
  encode(): Uint8Array;
}
