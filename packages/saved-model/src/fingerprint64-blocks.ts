/**
 * The loop of Fingerprint64 over blocks of 64 bytes. It takes each number in two halves of 32 bits, because bigints would make it
 * ten times slower: names that end in `L` hold lower halves, in `H` upper ones, all as the signed numbers that `|` gives.
 */

/** What the blocks are mixed into. On the way in, any bigints: their lower 64 bits count. */
export interface Mixed {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly v0: bigint;
  readonly v1: bigint;
  readonly w0: bigint;
  readonly w1: bigint;
}

/** The constant of the loop, 0xB492B66FBE98F273, in halves; the lower one also in quarters. */
const K_H = 0xb492b66f | 0;
const K_L = 0xbe98f273 | 0;
const K_L_UPPER = 0xbe98;
const K_L_LOWER = 0xf273;

/** The upper half of the last `add` or `multiply`, which return the lower one: a pair would have to be allocated. */
let upper = 0;

function add(aL: number, aH: number, bL: number, bH: number): number {
  const sum = (aL + bL) | 0;
  const carry = ((aL & bL) | ((aL | bL) & ~sum)) >>> 31;
  upper = (aH + bH + carry) | 0;
  return sum;
}

/** Times the constant: long multiplication of quarters for the lower halves, of which the upper half of the product is wanted too. */
function multiply(aL: number, aH: number): number {
  const low = aL & 0xffff;
  const high = aL >>> 16;
  const middle = (Math.imul(high, K_L_LOWER) + (Math.imul(low, K_L_LOWER) >>> 16)) | 0;
  const other = (Math.imul(low, K_L_UPPER) + (middle & 0xffff)) | 0;
  const carry = Math.imul(high, K_L_UPPER) + (middle >>> 16) + (other >>> 16);
  upper = (carry + Math.imul(aH, K_L) + Math.imul(aL, K_H)) | 0;
  return Math.imul(aL, K_L);
}

/** Mixes the blocks of view[0, end) into `start`; `end` is a multiple of 64. */
export function mixBlocks(view: DataView, end: number, start: Mixed): Mixed {
  let [xL, xH] = halves(start.x);
  let [yL, yH] = halves(start.y);
  let [zL, zH] = halves(start.z);
  let [v0L, v0H] = halves(start.v0);
  let [v1L, v1H] = halves(start.v1);
  let [w0L, w0H] = halves(start.w0);
  let [w1L, w1H] = halves(start.w1);
  for (let at = 0; at < end; at += 64) {
    const f0L = view.getInt32(at, true);
    const f0H = view.getInt32(at + 4, true);
    const f1L = view.getInt32(at + 8, true);
    const f1H = view.getInt32(at + 12, true);
    const f2L = view.getInt32(at + 16, true);
    const f2H = view.getInt32(at + 20, true);
    const f3L = view.getInt32(at + 24, true);
    const f3H = view.getInt32(at + 28, true);
    const f4L = view.getInt32(at + 32, true);
    const f4H = view.getInt32(at + 36, true);
    const f5L = view.getInt32(at + 40, true);
    const f5H = view.getInt32(at + 44, true);
    const f6L = view.getInt32(at + 48, true);
    const f6H = view.getInt32(at + 52, true);
    const f7L = view.getInt32(at + 56, true);
    const f7H = view.getInt32(at + 60, true);

    // x = rotate(x + y + v0 + f1, 37) * K ^ w1
    let low = add(xL, xH, yL, yH);
    low = add(low, upper, v0L, v0H);
    low = add(low, upper, f1L, f1H);
    xL = multiply((upper >>> 5) | (low << 27), (low >>> 5) | (upper << 27)) ^ w1L;
    xH = upper ^ w1H;
    // y = rotate(y + v1 + f6, 42) * K + v0 + f5
    low = add(yL, yH, v1L, v1H);
    low = add(low, upper, f6L, f6H);
    low = multiply((upper >>> 10) | (low << 22), (low >>> 10) | (upper << 22));
    low = add(low, upper, v0L, v0H);
    yL = add(low, upper, f5L, f5H);
    yH = upper;
    // z = rotate(z + w0, 33) * K
    low = add(zL, zH, w0L, w0H);
    zL = multiply((upper >>> 1) | (low << 31), (low >>> 1) | (upper << 31));
    zH = upper;

    // a = v1 * K + f0; sum = a + f1 + f2; v = [sum + f3, rotate(x + w0 + a + f3, 21) + rotate(sum, 44) + a]
    low = multiply(v1L, v1H);
    let aL = add(low, upper, f0L, f0H);
    let aH = upper;
    low = add(aL, aH, f1L, f1H);
    let sumL = add(low, upper, f2L, f2H);
    let sumH = upper;
    v0L = add(sumL, sumH, f3L, f3H);
    v0H = upper;
    low = add(xL, xH, w0L, w0H);
    low = add(low, upper, aL, aH);
    low = add(low, upper, f3L, f3H);
    low = add(
      (low >>> 21) | (upper << 11),
      (upper >>> 21) | (low << 11),
      (sumH >>> 12) | (sumL << 20),
      (sumL >>> 12) | (sumH << 20),
    );
    v1L = add(low, upper, aL, aH);
    v1H = upper;

    // a = z + w1 + f4; sum = a + f5 + f6; w = [sum + f7, rotate(y + f2 + a + f7, 21) + rotate(sum, 44) + a]
    low = add(zL, zH, w1L, w1H);
    aL = add(low, upper, f4L, f4H);
    aH = upper;
    low = add(aL, aH, f5L, f5H);
    sumL = add(low, upper, f6L, f6H);
    sumH = upper;
    w0L = add(sumL, sumH, f7L, f7H);
    w0H = upper;
    low = add(yL, yH, f2L, f2H);
    low = add(low, upper, aL, aH);
    low = add(low, upper, f7L, f7H);
    low = add(
      (low >>> 21) | (upper << 11),
      (upper >>> 21) | (low << 11),
      (sumH >>> 12) | (sumL << 20),
      (sumL >>> 12) | (sumH << 20),
    );
    w1L = add(low, upper, aL, aH);
    w1H = upper;

    [xL, zL] = [zL, xL];
    [xH, zH] = [zH, xH];
  }
  return {
    x: whole(xL, xH),
    y: whole(yL, yH),
    z: whole(zL, zH),
    v0: whole(v0L, v0H),
    v1: whole(v1L, v1H),
    w0: whole(w0L, w0H),
    w1: whole(w1L, w1H),
  };
}

function halves(value: bigint): [low: number, high: number] {
  return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

function whole(low: number, high: number): bigint {
  return BigInt.asUintN(64, (BigInt(high) << 32n) | BigInt(low >>> 0));
}
