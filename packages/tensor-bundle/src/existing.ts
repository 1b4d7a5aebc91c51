import { NotFoundError, type Source, SourceError, type WaitOptions } from "@modelbytes/bytes";

/** The source, if there is such a file; closed if there is none. */
export async function existing(source: Source, options: WaitOptions): Promise<Source | undefined> {
  try {
    await source.size(options);
    return source;
  } catch (error) {
    await source.close?.();
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that there is no such file: nothing of this name, or a directory. */
export function isAbsence(error: unknown): boolean {
  return error instanceof NotFoundError || (error instanceof SourceError && error.code === "not-a-file");
}
