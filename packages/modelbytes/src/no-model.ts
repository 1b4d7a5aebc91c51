import { CorruptError, type Folder, ModelbytesError, NotFoundError, type WaitOptions } from "@modelbytes/bytes";

/** Names of a folder that a message has room for. */
const MOST_NAMED = 3;

/** The names in a folder itself; `undefined` where it cannot tell them, or is none. */
export async function namesIn(folder: Folder, { signal }: WaitOptions): Promise<readonly string[] | undefined> {
  if (folder.list === undefined) return undefined;
  const names: string[] = [];
  try {
    for await (const name of folder.list({ recursive: false, signal })) names.push(name);
    return names;
  } catch (error) {
    if (error instanceof ModelbytesError) return undefined;
    throw error;
  }
}

/**
 * What to say of a path where no model was found, given the error of the search for a checkpoint, which is the last: it knows nothing
 * of other formats. `names` is what a folder there holds.
 */
export function noModelError(path: string, error: unknown, names: readonly string[] | undefined): unknown {
  if (error instanceof CorruptError) {
    if (error.file !== path) return error; // a file of a checkpoint, which is damaged
    const reason =
      error.offset === 0
        ? "the file is empty"
        : "no format that is known begins like this file, and no checkpoint ends like it";
    return new CorruptError(error.code, reason, { file: path, cause: error });
  }
  if (!(error instanceof NotFoundError) || error.code !== "not-found") return error;
  return new NotFoundError("not-found", reasonOf(names), { file: path, cause: error });
}

function reasonOf(names: readonly string[] | undefined): string {
  if (names === undefined) return "there is no such file, no directory and no checkpoint of this name";
  if (names.length === 0) return "there are no files in this directory";
  const shown = [...names].sort().slice(0, MOST_NAMED).join(", ");
  return `no model in this directory, but ${shown}${names.length > MOST_NAMED ? ", …" : ""}`;
}
