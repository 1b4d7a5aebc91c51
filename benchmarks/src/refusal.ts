/** What was asked for cannot be done here. Its message says all; where it was thrown says nothing. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
}
