import { CorruptError, type ModelbytesError, type Place, UnsupportedError } from "@modelbytes/bytes";

/** What is wrong with a YAML text, told by the code that knows what but not where. The reader says where. */
export class YamlTrouble extends Error {
  override readonly name = "YamlTrouble";
  /** The code of an UnsupportedError, nothing for a text that is broken. */
  readonly unsupported: "yaml-tag" | "too-deep" | "too-large" | "recursive" | undefined;

  constructor(reason: string, unsupported?: YamlTrouble["unsupported"], options?: ErrorOptions) {
    super(reason, options);
    this.unsupported = unsupported;
  }

  /** The error for the caller, with the line and the column of a position in the text. */
  at(position: number, source: string, place: Place): ModelbytesError {
    const before = source.slice(0, position);
    const lines = before.split(/\r\n|[\r\n]/);
    const reason = `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}: ${this.message}`;
    const where: Place = {
      ...place,
      offset: (place.offset ?? 0) + new TextEncoder().encode(before).length,
      cause: this.cause,
    };
    if (this.unsupported === undefined) return new CorruptError("yaml", reason, where);
    return new UnsupportedError(this.unsupported, reason, where);
  }
}
