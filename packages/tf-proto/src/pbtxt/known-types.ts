import type { MessageType } from "../schema.ts";

/** What the text format has to be told beside the type of the message. */
export interface TextOptions {
  /** The types that an Any may hold, besides the message's own and those that its fields hold. */
  readonly anyTypes?: readonly MessageType[] | undefined;
}

/** The message that holds any other as bytes. In text it is `[host/package.Message] { … }` where the other's type is known. */
export const ANY = "google.protobuf.Any";

/** The types that an Any may hold, found by the end of its URL. */
export class KnownTypes {
  readonly #first: readonly MessageType[];
  #byName: ReadonlyMap<string, MessageType> | undefined;

  constructor(type: MessageType, { anyTypes = [] }: TextOptions) {
    this.#first = [type, ...anyTypes];
  }

  /** The type that `host/package.Message` names, or undefined if there is no host or nothing is known of the type. */
  find(url: string): MessageType | undefined {
    const slash = url.lastIndexOf("/");
    if (slash < 0) return undefined;
    this.#byName ??= new Map(withFields(this.#first).map((type) => [type.name, type]));
    return this.#byName.get(url.slice(slash + 1));
  }
}

/** The types, and those that their fields hold. */
function withFields(types: readonly MessageType[]): MessageType[] {
  const all = new Set(types);
  for (const { fields } of all) for (const { message } of fields) if (message !== undefined) all.add(message());
  return [...all];
}
