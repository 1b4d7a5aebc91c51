/** Throws unless a row found what it must find: a wrong result has no speed. */
export function expectEqual(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
}
