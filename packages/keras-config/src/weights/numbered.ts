// Steps of a path in a `.weights.h5` file for the layers of a list: their classes, with a number from the second on.

/** A class name as Keras writes it in paths and in the names of layers: `Conv2D` is `conv2d`, `MultiHeadAttention` `multi_head_attention`. */
export function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** Gives each layer of the list `attribute` its step: `layers/dense`, `layers/dense_1`, … */
export function numbered(attribute: string): (className: string) => string {
  const counts = new Map<string, number>();
  return (className) => {
    const name = snakeCase(className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `${attribute}/${count === 0 ? name : `${name}_${count}`}`;
  };
}
