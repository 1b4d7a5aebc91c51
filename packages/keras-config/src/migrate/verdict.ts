import { UnsupportedError } from "@modelbytes/bytes";
import type { ObjectNode } from "../architecture/architecture.ts";

/** Something that a migration did which its caller may want to know. */
export interface MigrationNote {
  /** Where in the text that was migrated, e.g. `config.layers[3]`. */
  readonly path: string;
  readonly message: string;
}

/** What may be lost, and what was. */
export interface Verdicts {
  /** Whether to go on where the new model computes something else, with a note; otherwise that is refused. */
  readonly lossy: boolean;
  readonly notes: MigrationNote[];
}

/** Whether a class is none of Keras's, though it may be called like one: it is registered in a package, or of another module. */
export function isOwnClass({ registeredName, module }: ObjectNode): boolean {
  return (
    registeredName?.includes(">") === true || (module !== undefined && !/^(keras|tf_keras|tensorflow)\b/.test(module))
  );
}

/** A layer that has no equivalent, by name. */
export function refuse(node: ObjectNode, reason: string): never {
  const where = node.path === "" ? "" : `${node.path}: `;
  throw new UnsupportedError("no-equivalent", `${where}"${node.name}" (${node.className}): ${reason}`);
}

/** What changes the results is refused, unless the caller takes it. */
export function lose(verdicts: Verdicts, node: ObjectNode, reason: string): void {
  if (!verdicts.lossy) refuse(node, `${reason}; lossy: true goes on without it`);
  note(verdicts, node, reason);
}

/** Tells of something that does not change the results. */
export function note(verdicts: Verdicts, { path, name, className }: ObjectNode, reason: string): void {
  verdicts.notes.push({ path, message: `"${name}" (${className}): ${reason}` });
}
