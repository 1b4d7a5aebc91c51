import type { WaitOptions } from "@modelbytes/bytes";
import type { ArchitectureTexts } from "./convert/architecture-text.ts";
import type { Model } from "./open-model.ts";

/** The architecture that an open model has with it; `undefined` where it has none. Rejects where it cannot be read. */
export async function architectureTexts(
  model: Model,
  options: WaitOptions = {},
): Promise<ArchitectureTexts | undefined> {
  const { textsOf } = await import("./convert/architecture-text.ts"); // who only opens models does not load it
  return await textsOf(model, options);
}
