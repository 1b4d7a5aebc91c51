// The shape of a tensor, with the batch, as Keras has it before there is data.

/** The size of one axis; `null` is not known. */
export type Size = number | null;

/** The sizes of a tensor, the batch first. */
export type Shape = readonly Size[];

/** What a layer takes or gives: `undefined` is a tensor of which not even the rank is known. */
export type Shapes = readonly (Shape | undefined)[];

/** The size of an axis, counted from the end if it is negative; `null` where the shape is not known or has no such axis. */
export function sizeAt(shape: Shape | undefined, axis: number): Size {
  return shape?.at(axis) ?? null;
}

/** How many elements: `null` as soon as one size is not known. */
export function product(sizes: Shape): Size {
  let result = 1;
  for (const size of sizes) {
    if (size === null) return null;
    result *= size;
  }
  return result;
}

/** The sum of sizes; `null` as soon as one is not known. */
export function sum(...sizes: readonly Size[]): Size {
  let result = 0;
  for (const size of sizes) {
    if (size === null) return null;
    result += size;
  }
  return result;
}

/** An axis from the front; `undefined` if the shape has no such axis. */
export function axisOf(axis: number, rank: number): number | undefined {
  const positive = axis < 0 ? axis + rank : axis;
  return positive >= 0 && positive < rank ? positive : undefined;
}

/** The shape with one size replaced. */
export function withSize(shape: Shape, axis: number, size: Size): Shape {
  const index = axisOf(axis, shape.length);
  return shape.map((old, at) => (at === index ? size : old));
}

/** The sizes in space of a batch of images, signals or volumes, and its channels. */
export interface Picture {
  readonly batch: Size;
  readonly space: Shape;
  readonly channels: Size;
}

/** A shape taken apart; `undefined` if it has no place for batch and channels. */
export function pictureOf(shape: Shape | undefined, channelsFirst: boolean): Picture | undefined {
  const [batch, ...rest] = shape ?? [];
  const channels = channelsFirst ? rest.shift() : rest.pop();
  return batch === undefined || channels === undefined ? undefined : { batch, space: rest, channels };
}

/** The shape put together again. */
export function fromPicture({ batch, space, channels }: Picture, channelsFirst: boolean): Shape {
  return channelsFirst ? [batch, channels, ...space] : [batch, ...space, channels];
}
