import type { WaitOptions } from "@modelbytes/bytes";
import type { NpzModel } from "../models/npz-model.ts";
import { ADVICE } from "./advice.ts";
import { scanZip } from "./archive.ts";
import { type Finding, finding } from "./finding.ts";

/**
 * The arrays that are pickles, which `allow_pickle=True` runs, and the tricks of the zip archive that they are in. Pickles are known by
 * their headers; none is read.
 */
export async function scanArrays(model: NpzModel, options: WaitOptions): Promise<Finding[]> {
  const pickles = [...model.unreadable].filter(([, { code }]) => code === "pickle");
  const zip = await model.openArchive(options);
  try {
    return [...pickles.map(([name]) => pickledArray(name)), ...(zip === undefined ? [] : await scanZip(zip, options))];
  } finally {
    await zip?.close();
  }
}

/** The finding of an array that is a pickle. */
export function pickledArray(path: string): Finding {
  const reason = "is a pickle, which runs code when it is loaded with allow_pickle=True";
  return finding({ severity: "critical", what: path, reason, part: "npz", path, advice: ADVICE.pickledWeights });
}
