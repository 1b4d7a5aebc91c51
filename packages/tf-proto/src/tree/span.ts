/** Bytes that messages lie in, with the pieces of the file that they are made of: one, several or, for edits, none. */
export interface Backing {
  readonly bytes: Uint8Array;
  /** Ascending. A piece ends where the next one begins. */
  readonly pieces: readonly Piece[];
}

interface Piece {
  /** Where it begins in the bytes. */
  readonly at: number;
  /** Where that is in the file. Undefined for what is not from there. */
  readonly offset: number | undefined;
}

/** A stretch of a backing. */
export interface Span {
  readonly backing: Backing;
  readonly start: number;
  readonly end: number;
}

/** All of some bytes, which are at `offset` in the file or not from there. */
export function spanOf(bytes: Uint8Array, offset?: number): Span {
  return { backing: { bytes, pieces: [{ at: 0, offset }] }, start: 0, end: bytes.length };
}

/** The bytes of a span, not copied. */
export function bytesOf({ backing: { bytes }, start, end }: Span): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

/** The offset in the file of a byte of a backing. */
export function offsetOf({ pieces }: Backing, at: number): number | undefined {
  const piece = pieces.findLast((each) => each.at <= at);
  return piece?.offset === undefined ? undefined : piece.offset + at - piece.at;
}

/** Spans one after another, copied unless that is how they lie. */
export function join(spans: readonly Span[]): Span {
  const [first = spanOf(new Uint8Array(0))] = spans;
  let end = first.start;
  for (const span of spans) {
    if (span.backing !== first.backing || span.start !== end) return copied(spans);
    end = span.end;
  }
  return { ...first, end };
}

function copied(spans: readonly Span[]): Span {
  const bytes = new Uint8Array(spans.reduce((sum, { start, end }) => sum + end - start, 0));
  const pieces: Piece[] = [];
  let at = 0;
  for (const span of spans) {
    bytes.set(bytesOf(span), at);
    pieces.push({ at, offset: offsetOf(span.backing, span.start) });
    at += span.end - span.start;
  }
  return { backing: { bytes, pieces }, start: 0, end: at };
}
