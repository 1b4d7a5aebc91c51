import type { Architecture, Call, LayerNode, ModelNode, TensorReference } from "./architecture.ts";
import { tensorsIn, tensorsOf } from "./arguments.ts";
import { member } from "./fields.ts";

/** One call of one layer. */
export interface OrderedCall {
  readonly layer: LayerNode;
  readonly call: Call;
  /** Which call of this layer it is. */
  readonly index: number;
}

/** What is wrong with a graph. */
export interface ArchitectureFinding {
  readonly code: "duplicate-name" | "unknown-layer" | "no-such-call" | "loop-or-disconnected";
  /** Where in the text, e.g. `config.layers[3].inbound_nodes[0]`. */
  readonly path: string;
  /** What is wrong, in the words of Keras where it has any. */
  readonly message: string;
}

/** The calls of a graph in an order in which they can be made, and what is wrong with those that cannot. */
export interface CallOrder {
  readonly calls: readonly OrderedCall[];
  readonly findings: readonly ArchitectureFinding[];
}

/**
 * Everything that would keep Keras from building these graphs, those of models within models included: layers of the same name, tensors
 * of layers or calls that are not there, loops.
 */
export function checkArchitecture(architecture: Architecture): readonly ArchitectureFinding[] {
  return findingsOf(architecture.model);
}

function findingsOf(model: ModelNode): ArchitectureFinding[] {
  const nested = (layers: readonly LayerNode[]): ArchitectureFinding[] =>
    layers.flatMap((layer) => [
      ...(layer.model === undefined ? [] : findingsOf(layer.model)),
      ...nested(layer.inner.map((inner) => inner.layer)),
    ]);
  return [...orderCalls(model).findings, ...nested(model.layers)];
}

/** Orders the calls of a graph; the layers of a stack, and of anything else, have none. The calls of one layer keep their order. */
export function orderCalls(model: ModelNode): CallOrder {
  const findings: ArchitectureFinding[] = [];
  const layers = new Map<string, LayerNode>();
  for (const layer of model.layers) {
    if (layers.has(layer.name)) {
      const message = `The name "${layer.name}" is used twice in the model. All layer names should be unique.`;
      findings.push({ code: "duplicate-name", path: layer.path, message });
    } else layers.set(layer.name, layer);
  }
  if (model.kind === "sequential" || model.kind === "subclassed") return { calls: [], findings };

  const calls: OrderedCall[] = [];
  const made = new Map<string, number>();
  const isMade = ({ layer, call }: TensorReference): boolean =>
    call < (made.get(layer) ?? 0) || (call === 0 && layers.get(layer)?.calls.length === 0);
  // Each call waits for one tensor at a time, and is looked at again when that comes.
  const waiting = new Map<string, OrderedCall[]>();
  const ready: OrderedCall[] = [];
  const consider = (ordered: OrderedCall): void => {
    const missing = firstOf(tensorsOf(ordered.call), (tensor) => !isMade(tensor));
    if (missing === undefined) ready.push(ordered);
    else append(waiting, keyOf(missing.layer, missing.call), ordered);
  };
  const considerCall = (layer: LayerNode, index: number): void => {
    const call = layer.calls[index];
    if (call !== undefined) consider({ layer, call, index });
  };
  for (const layer of layers.values()) considerCall(layer, 0);
  for (let next = 0; next < ready.length; next++) {
    const ordered = ready[next];
    if (ordered === undefined) break;
    const { layer, index } = ordered;
    calls.push(ordered);
    made.set(layer.name, index + 1);
    const key = keyOf(layer.name, index);
    const freed = waiting.get(key) ?? [];
    waiting.delete(key);
    for (const each of freed) consider(each);
    considerCall(layer, index + 1);
  }

  for (const { call } of [...waiting.values()].flat()) {
    const missing = firstOf(tensorsOf(call), (tensor) => !isMade(tensor));
    if (missing !== undefined) findings.push(whyNot(missing, layers, call.path));
  }
  for (const [ends, key] of [
    [model.inputs, "input_layers"],
    [model.outputs, "output_layers"],
  ] as const) {
    for (const tensor of ends === undefined ? [] : tensorsIn(ends)) {
      const path = member(member(model.path, "config"), key);
      if (!isMade(tensor)) findings.push(whyNot(tensor, layers, path));
    }
  }
  return { calls, findings };
}

function whyNot(
  { layer, call }: TensorReference,
  layers: ReadonlyMap<string, LayerNode>,
  path: string,
): ArchitectureFinding {
  const source = layers.get(layer);
  if (source === undefined) return { code: "unknown-layer", path, message: `Unknown layer: ${layer}` };
  if (call >= Math.max(1, source.calls.length)) {
    const message = `Layer node index out of bounds: "${layer}" has ${source.calls.length} calls, this is number ${call}`;
    return { code: "no-such-call", path, message };
  }
  const message =
    "Invalid Functional model configuration. The graph of the Functional model either has loops or disconnected nodes: " +
    `call ${call} of "${layer}" is never made`;
  return { code: "loop-or-disconnected", path, message };
}

function keyOf(layer: string, call: number): string {
  return `${call} ${layer}`;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

function firstOf<T>(items: Iterable<T>, test: (item: T) => boolean): T | undefined {
  for (const item of items) if (test(item)) return item;
  return undefined;
}
