import { NotFoundError, type WaitOptions, type WritableFolder } from "@modelbytes/bytes";
import { type Bundle, openBundle } from "./bundle.ts";

/** The root's child that counts the saves: an int64 scalar. */
export const SAVE_COUNTER = "save_counter";

/**
 * The `save_counter` of a checkpoint in the folder, or where it has none (or is gone) the number in its name, if that is `name` and a
 * number; else 0.
 */
export async function savedCounter(
  folder: WritableFolder,
  path: string | undefined,
  name: string,
  options: WaitOptions,
): Promise<number> {
  if (path === undefined) return 0;
  const number = path.startsWith(`${name}-`) ? path.slice(name.length + 1) : "";
  const counter = await counterIn(folder, path, options);
  return counter ?? (/^\d+$/.test(number) ? Number(number) : 0);
}

async function counterIn(folder: WritableFolder, prefix: string, options: WaitOptions): Promise<number | undefined> {
  try {
    await using bundle = await openBundle(folder, { ...options, prefix });
    return await readCounter(bundle, options);
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof RangeError) return undefined; // gone, or outside the folder
    throw error;
  }
}

async function readCounter(bundle: Bundle, options: WaitOptions): Promise<number | undefined> {
  const graph = await bundle.objectGraph(options);
  const child = graph?.nodes[0]?.children.find(({ localName }) => localName === SAVE_COUNTER);
  const key = child === undefined ? undefined : graph?.nodes[child.nodeId]?.attributes[0]?.checkpointKey;
  if (key === undefined || bundle.entries.get(key)?.dtype !== "int64") return undefined;
  const { data } = await bundle.read(key, { dtype: "int64", signal: options.signal });
  const count = Number(data[0]);
  return Number.isSafeInteger(count) ? count : undefined;
}
