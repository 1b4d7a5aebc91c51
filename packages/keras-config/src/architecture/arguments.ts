// The arguments of a call, and the tensors in them.

import type { Argument, Call, TensorReference } from "./architecture.ts";

/** Every tensor in an argument, in order. */
export function* tensorsIn(argument: Argument): Generator<TensorReference> {
  if (argument.kind === "tensor") yield argument;
  else if (argument.kind === "list") for (const item of argument.items) yield* tensorsIn(item);
  else if (argument.kind === "dict") for (const item of argument.entries.values()) yield* tensorsIn(item);
}

/** Every tensor that a call takes: by position first, then by name. */
export function* tensorsOf(call: Call): Generator<TensorReference> {
  for (const argument of call.args) yield* tensorsIn(argument);
  for (const argument of call.kwargs.values()) yield* tensorsIn(argument);
}

/** The same argument with other tensors. */
export function mapTensors(argument: Argument, change: (tensor: TensorReference) => Argument): Argument {
  switch (argument.kind) {
    case "tensor":
      return change(argument);
    case "list":
      return { kind: "list", items: argument.items.map((item) => mapTensors(item, change)) };
    case "dict":
      return {
        kind: "dict",
        entries: new Map([...argument.entries].map(([key, item]) => [key, mapTensors(item, change)])),
      };
    default:
      return argument;
  }
}

/** The same call with other tensors. */
export function mapCall(call: Call, change: (tensor: TensorReference) => Argument): Call {
  return {
    ...call,
    args: call.args.map((argument) => mapTensors(argument, change)),
    kwargs: new Map([...call.kwargs].map(([key, argument]) => [key, mapTensors(argument, change)])),
  };
}

/** A list around one tensor is that tensor: so it is in Keras 1 and 2, where a text cannot tell them apart. */
export function unwrapped(argument: Argument): Argument {
  const [only, ...others] = argument.kind === "list" ? argument.items : [];
  return only !== undefined && only.kind === "tensor" && others.length === 0 ? only : argument;
}

/** Values without a tensor among them are one value: nothing of theirs is wired. */
export function hasTensor(argument: Argument): boolean {
  for (const _ of tensorsIn(argument)) return true;
  return false;
}
