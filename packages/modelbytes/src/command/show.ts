import { UnsupportedError } from "@modelbytes/bytes";
import {
  type MetaGraph,
  showAll,
  showOps,
  showSignature,
  showSignatureKeys,
  showTagSets,
} from "@modelbytes/saved-model";
import type { SavedModelModel } from "../models/saved-model-model.ts";
import { Advice, EXIT, type ExitCode, UsageError } from "./failure.ts";
import { openPath } from "./location.ts";
import type { Shell } from "./shell.ts";

/** The options have the names that `saved_model_cli show` gives them. */
export interface ShowOptions {
  readonly all?: true;
  readonly tag_set?: string;
  readonly signature_def?: string;
  readonly list_ops?: true;
}

/** `modelbytes show DIR`: the text of `saved_model_cli show`. As there, `--all` says it all, and no tag set asks for those there are. */
export async function show(path: string, options: ShowOptions, shell: Shell): Promise<ExitCode> {
  const { all, tag_set: tagSet, list_ops: listOps, signature_def: signature } = options;
  if (tagSet === undefined && signature !== undefined && all !== true) {
    throw new UsageError("--signature_def needs the tag set it is of", `--tag_set serve --signature_def ${signature}`);
  }
  await using model = await openPath(path, shell);
  if (model.format !== "saved-model") {
    const reason = `this is ${model.format}, and only a SavedModel can be shown`;
    throw new Advice(new UnsupportedError("format", reason, { file: model.path }), `\`modelbytes inspect ${path}\``);
  }
  const { savedModel } = model;
  if (all === true) shell.text(showAll(savedModel));
  else if (tagSet === undefined) {
    if (listOps === true) shell.text("--list_ops must be paired with a tag-set or with --all.\n");
    shell.text(showTagSets(savedModel));
  } else {
    const metaGraph = tagged(model, tagSet);
    if (listOps === true) shell.text(showOps(metaGraph));
    shell.text(signature === undefined ? showSignatureKeys(metaGraph) : showSignature(metaGraph, signature));
  }
  return EXIT.fine;
}

/** The MetaGraph with the tags of a list with commas. */
function tagged({ savedModel }: SavedModelModel, tagSet: string): MetaGraph {
  return savedModel.metaGraph(tagSet.split(",").filter((tag) => tag !== ""));
}
