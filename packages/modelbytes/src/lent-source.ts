import type { Source } from "@modelbytes/bytes";

/** A source for someone who closes what it is given: this one only its owner closes. */
export function lentSource(source: Source): Source {
  return {
    name: source.name,
    roundTripBytes: source.roundTripBytes,
    size: (options) => source.size(options),
    read: (offset, length, options) => source.read(offset, length, options),
  };
}
