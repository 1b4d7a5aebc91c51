import type { NpzModel } from "../models/npz-model.ts";
import { ADVICE } from "./advice.ts";
import { type Finding, finding } from "./finding.ts";

/** The arrays that are pickles, which `allow_pickle=True` runs. They are known by their headers; none is read. */
export function scanArrays({ unreadable }: NpzModel): Finding[] {
  const pickles = [...unreadable].filter(([, { code }]) => code === "pickle");
  return pickles.map(([path]) => {
    const reason = "is a pickle, which runs code when it is loaded with allow_pickle=True";
    return finding({ severity: "critical", what: path, reason, part: "npz", path, advice: ADVICE.pickledWeights });
  });
}
