import type { SavedModel } from "../src/saved-model.ts";
import { scanOps } from "../src/scan/scan-ops.ts";
import { showAll } from "../src/show/all.ts";
import { showOps } from "../src/show/ops.ts";
import { showSignature, showSignatureKeys } from "../src/show/signatures.ts";
import { showTagSets } from "../src/show/tag-sets.ts";

/** What `saved_model_cli` printed, as judge.py says it. */
export interface Printed {
  readonly arguments: readonly string[];
  readonly status: number;
  readonly lines: readonly string[];
  readonly message?: string;
}

/** What we print for the arguments of `saved_model_cli show` and `scan`. */
export function printed(model: SavedModel, args: readonly string[]): string {
  if (args[0] === "scan") return model.metaGraphs.map((metaGraph) => scanOps(metaGraph).text).join("");
  if (args.includes("--all")) return showAll(model);
  const [tagSet, signature] = [after(args, "--tag_set"), after(args, "--signature_def")];
  if (tagSet === undefined) {
    const hint = args.includes("--list_ops") ? "--list_ops must be paired with a tag-set or with --all.\n" : "";
    return hint + showTagSets(model);
  }
  const metaGraph = model.metaGraph(tagSet.split(",").filter((tag) => tag !== ""));
  const ops = args.includes("--list_ops") ? showOps(metaGraph) : "";
  return ops + (signature === undefined ? showSignatureKeys(metaGraph) : showSignature(metaGraph, signature));
}

function after(args: readonly string[], option: string): string | undefined {
  return args.includes(option) ? args[args.indexOf(option) + 1] : undefined;
}

/** The same text with sets of ops, and the ways to call a function, in one order: Python's depends on hashes and on numbers of tensors. */
export function inOneOrder(text: string): string {
  const sorted = text.replace(/\{('[^{}\n]*')\}$/gm, (_, ops: string) => `{${ops.split(", ").sort().join(", ")}}`);
  return sorted
    .split(/(?=\n {2}Function Name: )/)
    .map(functionInOneOrder)
    .join("");
}

function functionInOneOrder(text: string): string {
  const [heading = "", ...options] = text.split(/(?=^ {4}Option #\d+\n|^ {8}Named Argument #1\n)/m);
  return (
    heading +
    options
      .map((option) => option.replace(/^ {4}Option #\d+/, "    Option"))
      .sort()
      .join("")
  );
}
