/** A number as TensorFlow gives each fingerprint: random, of 128 bits, in decimal with at least 20 digits. */
export function randomUuid(): string {
  const random = crypto.getRandomValues(new BigUint64Array(2));
  return (((random[0] ?? 0n) << 64n) | (random[1] ?? 0n)).toString().padStart(20, "0");
}
