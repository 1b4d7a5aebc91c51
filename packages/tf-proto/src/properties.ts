/** A typed object as the code that works from its `MessageType` sees it: properties by their names. */
export interface Properties {
  $unknown?: unknown;
  [property: string]: unknown;
}

/** The same object. Every object has properties by name, but TypeScript takes that from nothing but a predicate. */
export function propertiesOf(message: object): Properties {
  if (!hasProperties(message)) throw new TypeError("not an object");
  return message;
}

function hasProperties(message: object): message is Properties {
  return typeof message === "object";
}
