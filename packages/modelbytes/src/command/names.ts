import { ModelbytesError, NotFoundError, type WaitOptions } from "@modelbytes/bytes";
import { pathOfKey } from "@modelbytes/tensor-bundle";
import type { Model } from "../open-model.ts";
import { Advice, UsageError } from "./failure.ts";
import { suggestions } from "./suggest.ts";
import { counted, printable } from "./text.ts";

/**
 * The key of the tensor that a person calls `name`: its key, its readable name, how either is printed, or the path of
 * objects that its key spells. Throws a
 * `NotFoundError` with the names most like it.
 */
export async function keyOf(name: string, model: Model, options: WaitOptions): Promise<string> {
  const { entries } = model.weights;
  if (entries.has(name) || model.unreadable.has(name)) return name;
  const names = await model.names(options).catch((error: unknown) => {
    if (!(error instanceof ModelbytesError)) throw error;
    return new Map([...entries.keys()].map((key) => [key, key])); // a damaged graph hides no key
  });
  const matches = (wanted: (text: string) => boolean) =>
    [...names].filter(([key, full]) => wanted(key) || wanted(full)).map(([key]) => key);
  for (const wanted of [
    (text: string) => text === name,
    (text: string) => printable(text) === name,
    (text: string) => pathOfKey(text) === name,
  ]) {
    const found = matches(wanted);
    const [only, ...others] = found;
    if (only === undefined) continue;
    if (others.length === 0) return only;
    throw new UsageError(
      `${counted(found.length, "tensor")} are called ${JSON.stringify(name)}`,
      `give a key: ${found.join(", ")}`,
    );
  }
  const absence = new NotFoundError("no-tensor", "there is no tensor of this name", { file: model.path, tensor: name });
  const near = suggestions(name, [...names.values(), ...[...names.keys()].flatMap((key) => [key, pathOfKey(key)])]);
  throw new Advice(
    absence,
    near.length === 0 ? "`modelbytes inspect` lists the names" : `did you mean ${near.join(", ")}?`,
  );
}
