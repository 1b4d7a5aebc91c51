import { ModelbytesError } from "@modelbytes/bytes";

/** What a promise gives, or the typed error that it rejects with. */
export async function typed<T>(promise: Promise<T>): Promise<T | ModelbytesError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ModelbytesError) return error;
    throw error;
  }
}
