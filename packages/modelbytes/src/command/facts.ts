import type { ModelbytesError } from "@modelbytes/bytes";
import type { DType } from "@modelbytes/tensor";
import type { ModelBase } from "../model-base.ts";
import type { Model } from "../open-model.ts";
import type { Shell } from "./shell.ts";

/** What a model says of itself, beside its tensors. */
export interface Facts {
  /** For `--json`, beside format, path, tensors and problems. */
  readonly json: Readonly<Record<string, unknown>>;
  /** For people, behind the path: the format, its version, and what there is. */
  readonly headline: readonly string[];
  /** For people, lines above the tensors. */
  readonly lines: readonly string[];
  readonly problems: readonly ModelbytesError[];
}

/** Whether everything is wanted, or only what is printed for people. */
export interface FactsOptions {
  readonly json: boolean;
}

/** What there is to say of a model; what says it is loaded for its format alone. Throws where it is so damaged that nothing can be said. */
export async function factsOf(model: Model, options: FactsOptions, shell: Shell): Promise<Facts> {
  switch (model.format) {
    case "saved-model":
      return await (await import("./saved-model-facts.ts")).savedModelFacts(model, shell);
    case "tensor-bundle":
    case "tensor-bundle-v1":
      return await (await import("./checkpoint-facts.ts")).checkpointFacts(model, options, shell);
    case "keras-archive":
      return (await import("./keras-archive-facts.ts")).kerasArchiveFacts(model);
    case "keras-config":
      return (await import("./keras-config-facts.ts")).kerasConfigFacts(model);
    case "safetensors":
      return (await import("./arrays-facts.ts")).safetensorsFacts(model);
    case "npz":
      return (await import("./arrays-facts.ts")).npzFacts(model);
    default:
      return (await import("./keras-hdf5-facts.ts")).kerasHdf5Facts(model);
  }
}

/** A tensor, as `--json` has it. What nobody knows of a tensor that cannot be read is null. */
export interface TensorRow {
  readonly name: string;
  /** Where `name` is the readable name. */
  readonly key?: string;
  readonly dtype: DType | null;
  readonly shape: readonly number[] | null;
  /** Bytes in the file, where they are known without reading it. */
  readonly byteLength: number | null;
  /** Why the tensor cannot be read. */
  readonly unreadable?: string;
}

/** The tensors in the order of the file; behind them those that cannot be read. */
export function tensorRows(model: ModelBase, full: ReadonlyMap<string, string> | undefined): TensorRow[] {
  const rows: TensorRow[] = [];
  for (const [key, { dtype, shape, byteLength }] of model.weights.entries) {
    const name = full?.get(key);
    rows.push({
      name: name ?? key,
      ...(name === undefined ? {} : { key }),
      dtype,
      shape,
      byteLength: byteLength ?? null,
    });
  }
  for (const [name, { reason }] of model.unreadable) {
    rows.push({ name, dtype: null, shape: null, byteLength: null, unreadable: reason });
  }
  return rows;
}
