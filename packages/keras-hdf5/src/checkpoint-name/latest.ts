import { compareBytes, encodeName } from "@modelbytes/bytes";

/** A file of a folder. */
export interface CheckpointFile {
  /** Without the folder. */
  readonly name: string;
  /** Seconds or milliseconds since 1970; all in the same unit. */
  readonly modified: number;
}

/** How Keras looks for a checkpoint. */
export interface LatestCheckpointOptions {
  /** The name of TensorFlow's latest checkpoint, as the file `checkpoint` of the folder has it: Keras 2 takes that one, if it fits. */
  readonly checkpoint?: string | undefined;
}

/**
 * The name of the file that Keras takes for the latest of a template's, out of all files of the folder that the template names;
 * `undefined` where none fits. The template's folder does not matter here.
 *
 * Does as `ModelCheckpoint` does, with its peculiarities: the template, from its first brace to its last, stands for anything, and the
 * rest of it is a regular expression, in which a point stands for any letter. Of files that are of the same newest time none is taken,
 * but the file whose name is the largest of all that fit, however old that is; and files of 1970 are as good as none.
 *
 * Throws a `TypeError` for a template that is no regular expression.
 */
export function latestCheckpointName(
  template: string,
  files: Iterable<CheckpointFile>,
  { checkpoint }: LatestCheckpointOptions = {},
): string | undefined {
  const pattern = expressionOf(template.slice(template.lastIndexOf("/") + 1));
  if (checkpoint !== undefined && pattern.test(checkpoint.slice(checkpoint.lastIndexOf("/") + 1))) return checkpoint;
  let newest: string | undefined;
  let newestTime = 0;
  let newestCount = 0;
  let largest: string | undefined;
  for (const { name, modified } of files) {
    if (!pattern.test(name)) continue;
    if (largest === undefined || compareBytes(encodeName(name), encodeName(largest)) > 0) largest = name;
    if (modified > newestTime) {
      newestTime = modified;
      newest = name;
      newestCount = 1;
    } else if (modified === newestTime) newestCount++;
  }
  return newestCount === 1 ? newest : largest;
}

/**
 * Python's `.` stands for a whole letter that is no line feed, and its `$` for the place before a last line feed too. Braces that are
 * left have no partner.
 */
function expressionOf(name: string): RegExp {
  const python = name.replace(/\{[^\n]*\}/g, ".*");
  const ours = python.replace(/\\.|\[\^?\]?(?:\\.|[^\]])*\]|[.$\]{}]/gsu, (part) =>
    part === "." ? "[^\\n]" : part === "$" ? END : part.length === 1 ? `\\${part}` : part,
  );
  try {
    return new RegExp(`^${ours}${END}`, "u");
  } catch (cause) {
    throw new TypeError(`Keras takes ${JSON.stringify(name)} for a regular expression, and it is none`, { cause });
  }
}

const END = "(?=\\n?$)";
