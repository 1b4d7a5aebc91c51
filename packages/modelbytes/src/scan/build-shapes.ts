import { isPyDict, isPyInt, isPyList, isPyTuple, type PyDict, type PyValue } from "@modelbytes/keras-config";
import { ADVICE } from "./advice.ts";
import type { FindingParts } from "./finding.ts";

/** Elements that no input of a layer has, batch aside: as floats, four TiB. */
const MOST_ELEMENTS: number = 2 ** 40;

/** The danger of the shapes that a layer is built for: its variables are made in memory before any weight is read. */
export function dangerOfBuildShapes(what: string, dict: PyDict): FindingParts | undefined {
  const config = dict.get("build_config");
  if (!isPyDict(config)) return undefined;
  const inner = config.get("shapes_dict");
  const shapes = [...config.values(), ...(isPyDict(inner) ? inner.values() : [])].map(elementsOf);
  const most = Math.max(0, ...shapes);
  if (most <= MOST_ELEMENTS) return undefined;
  const reason = `is built for ${most} elements, for which memory would be taken`;
  return { severity: "high", what, reason, advice: ADVICE.expansion };
}

/** Elements of a shape, sizes that it leaves open counted as one; 0 for what is no shape. */
function elementsOf(value: PyValue): number {
  const items = isPyTuple(value) ? value.items : isPyList(value) ? value : [];
  const sizes = items.map((item) => (isPyInt(item) ? Number(item.text) : 1));
  return items.length === 0 ? 0 : sizes.reduce((product, size) => product * size, 1);
}
