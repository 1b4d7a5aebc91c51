import { UnsupportedError } from "@modelbytes/bytes";
import type { Architecture, ModelNode } from "../architecture/architecture.ts";
import { fromKeras1 } from "./keras-1-to-2.ts";
import { toKeras3 } from "./keras-2-to-3.ts";
import { withoutLeadingMerge } from "./merge.ts";
import { withInputLayer, withPlainNames } from "./models.ts";
import { type Rule, rewriteModel } from "./rewrite.ts";
import type { Verdicts } from "./verdict.ts";

/** A model of any era in the terms of Keras 2. Those of Keras 3 stay as they are. */
export function olderModel({ grammar, model }: Architecture, verdicts: Verdicts): ModelNode {
  if (grammar === "keras-3") return model;
  const isOld = grammar === "keras-0" || grammar === "keras-1";
  const first = isOld ? rewriteModel(model, fromKeras1(verdicts), withoutOldKinds) : model;
  return rewriteModel(first, (layer) => layer, withInputLayer);
}

/** A model of any era in the terms of Keras 3. */
export function newerModel(architecture: Architecture, verdicts: Verdicts): ModelNode {
  if (architecture.grammar === "keras-3") return architecture.model;
  const older = olderModel(architecture, verdicts);
  return rewriteModel(older, toKeras3(verdicts), (model) => withPlainNames(model, verdicts));
}

/** The same, with the layers that have no equivalent as they are: to compare with, not to run. */
export function comparableModel(architecture: Architecture): ModelNode {
  if (architecture.grammar === "keras-3") return architecture.model;
  const verdicts: Verdicts = { lossy: true, notes: [] };
  const isOld = architecture.grammar === "keras-0" || architecture.grammar === "keras-1";
  const first = isOld
    ? rewriteModel(architecture.model, tolerant(fromKeras1(verdicts)), asFunctional)
    : architecture.model;
  return rewriteModel(
    rewriteModel(first, (layer) => layer, withInputLayer),
    tolerant(toKeras3(verdicts)),
    (model) => model,
  );
}

function tolerant(rule: Rule): Rule {
  return (layer) => {
    try {
      return rule(layer);
    } catch (error) {
      if (error instanceof UnsupportedError) return layer;
      throw error;
    }
  };
}

/** The models that only Keras 0 and 1 have, as graphs. */
function withoutOldKinds(model: ModelNode): ModelNode {
  return asFunctional(withoutLeadingMerge(model));
}

/** The Graph of Keras 0.3 and 1 has the wiring of a functional model, and its ends by name. */
function asFunctional(model: ModelNode): ModelNode {
  return model.kind === "graph" ? { ...model, kind: "functional", className: "Model", config: new Map() } : model;
}
