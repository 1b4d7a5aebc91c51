/**
 * Undoes LZF, h5py's own filter. A control byte below 32 is followed by that many bytes and one more, as they are; any other says to
 * repeat: its high three bits are a length (7: a byte follows to add), the other five and the next byte a distance.
 *
 * Gives `undefined` for bytes that are no LZF, or more than `most` when undone.
 */
export function decodeLzf(bytes: Uint8Array, most: number): Uint8Array<ArrayBuffer> | undefined {
  const result = new Uint8Array(most);
  let at = 0;
  let end = 0;
  while (at < bytes.length) {
    const control = bytes[at++] ?? 0;
    if (control < 32) {
      const literals = bytes.subarray(at, at + control + 1);
      if (literals.length !== control + 1 || end + literals.length > most) return undefined;
      result.set(literals, end);
      at += literals.length;
      end += literals.length;
      continue;
    }
    let length = control >> 5;
    if (length === 7) length += bytes[at++] ?? 0;
    const low = bytes[at++];
    if (low === undefined) return undefined;
    let from = end - ((control & 31) * 256 + low) - 1;
    length += 2;
    if (from < 0 || end + length > most) return undefined;
    for (let left = length; left > 0; left--) result[end++] = result[from++] ?? 0; // may overlap: what was just written repeats
  }
  return result.subarray(0, end);
}
