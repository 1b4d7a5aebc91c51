/**
 * An architecture as plain data, the same for every era of Keras: what a model is made of and how it is wired, with the differences
 * of the texts taken away and the arguments of the layers left as they were written.
 *
 *     Architecture ── model ── layers ─┬─ config         as in the text
 *                                      ├─ calls          one for each time that the layer was called: args and kwargs
 *                                      ├─ inner          layers held by this one: a wrapper's, a cell, the cells of a stack
 *                                      └─ model          when the layer is itself a model
 */

import type { PyDict, PyValue } from "../value.ts";

/**
 * The grammar of a text: the names of classes and arguments, and the form of the graph.
 * `keras-0` is 0.1 to 0.3, `keras-1` 1.0 to 1.2, `keras-2` everything from 2.0 to 2.15 with tf.keras and tf_keras, `keras-3` the rest.
 */
export type Grammar = "keras-0" | "keras-1" | "keras-2" | "keras-3";

/** What `parseArchitecture` returns. */
export interface Architecture {
  /** The grammar of the text. */
  readonly grammar: Grammar;
  /** As the text (or the caller) gives it, e.g. `"2.2.4-tf"`; Keras 3 and the model_config of an h5 file have none. */
  readonly kerasVersion: string | undefined;
  /** As the text gives it: `"tensorflow"`, `"theano"`, `"cntk"`. */
  readonly backend: string | undefined;
  /** The model itself. */
  readonly model: ModelNode;
  /** What the text calls the arguments of `compile`: the `compile_config` of Keras 3, `undefined` where there is none. */
  readonly compileConfig: PyDict | undefined;
}

/** How a model is put together. `graph` is the named graph of Keras 0.3; `subclassed` has a config of its own and no layers to be seen. */
export type ModelKind = "sequential" | "functional" | "graph" | "subclassed";

/** What a model and a layer have in common: where it comes from. */
export interface ObjectNode {
  /** As Python finds it, e.g. `"Dense"`; without the package of a custom class. */
  readonly className: string;
  /** `"keras.layers"`, the module of a custom class; `undefined` where the text has none, as before 2.12 and in h5 files. */
  readonly module: string | undefined;
  /** `"package>Name"` of a custom class; what the text has, or `undefined`. */
  readonly registeredName: string | undefined;
  /** The name of this layer or model. Where a text gives none, Keras would count: here it is `layer_0`, `layer_1`, … by position. */
  readonly name: string;
  /** The arguments, as in the text. A Sequential model of Keras 1 and early 2 has only a list, and therefore an empty config here. */
  readonly config: PyDict;
  /** `build_config` of Keras 2.12 and later. */
  readonly buildConfig: PyDict | undefined;
  /** Where this is in the text, for messages, e.g. `config.layers[3]`; empty for the model itself. */
  readonly path: string;
}

/** A model: layers, and how they hang together. */
export interface ModelNode extends ObjectNode {
  readonly kind: ModelKind;
  /** In the order of the text. The layers of a sequential model have no calls: each takes what the one before it gives. */
  readonly layers: readonly LayerNode[];
  /** The tensors that go in, in the structure in which the model takes them. `undefined` unless functional or graph. */
  readonly inputs: Argument | undefined;
  /** The tensors that come out, likewise. */
  readonly outputs: Argument | undefined;
}

/** A layer of a model, or one that another layer holds. */
export interface LayerNode extends ObjectNode {
  /** Each call of this layer in its model, in order. Inputs have none, and so have layers outside a graph. */
  readonly calls: readonly Call[];
  /** The layers that this one holds. */
  readonly inner: readonly InnerLayer[];
  /** Set if this layer is a model. */
  readonly model: ModelNode | undefined;
}

/** A layer that is held by another: `{ role: "cell", layer }`. */
export interface InnerLayer {
  /** The argument that holds it: `layer`, `backward_layer`, `cell`, `cells`, `layers`, `query_dense`, … */
  readonly role: string;
  readonly layer: LayerNode;
}

/** One call of a layer on the outputs of others. */
export interface Call {
  /** The arguments by position; the only one, for nearly every layer, is a tensor or a list of them. */
  readonly args: readonly Argument[];
  /** The arguments by name, in the order of the text. */
  readonly kwargs: ReadonlyMap<string, Argument>;
  /** Where this is in the text, e.g. `config.layers[3].inbound_nodes[0]`. */
  readonly path: string;
}

/** An argument of a call: a tensor, a structure with tensors in it, or anything else as a value. */
export type Argument = TensorReference | ListArgument | DictArgument | ValueArgument;

/** The output `tensor` of call number `call` of the layer called `layer`. */
export interface TensorReference {
  readonly kind: "tensor";
  readonly layer: string;
  /**
   * Index into the `calls` of that layer, 0 for an input. Texts count differently (a model within a model begins at 1 in most of
   * them): here that is taken away.
   */
  readonly call: number;
  /** Which output of that call. */
  readonly tensor: number;
  /** With the batch, `null` for an unknown size; only Keras 3 writes it. */
  readonly shape: readonly (number | null)[] | undefined;
  /** Only Keras 3 writes it. */
  readonly dtype: string | undefined;
}

/** A list or tuple with tensors somewhere in it. */
export interface ListArgument {
  readonly kind: "list";
  readonly items: readonly Argument[];
}

/** A dict with tensors somewhere in it. */
export interface DictArgument {
  readonly kind: "dict";
  readonly entries: ReadonlyMap<string, Argument>;
}

/** A value without tensors, as in the text. */
export interface ValueArgument {
  readonly kind: "value";
  readonly value: PyValue;
}
