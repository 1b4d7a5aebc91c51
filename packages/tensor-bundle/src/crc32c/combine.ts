// The CRC of two byte strings joined, from their CRCs alone.
//
// The CRC's complements at both ends cancel out, and what remains is that A stands 8 n bits further left in A B than
// alone, n being the length of B:
//
//     crc(A B)  =  crc(A) x^(8n) + crc(B)   (mod P)
//
// x^(8n) is the product of the powers x^(2^k) for the bits k of 8n, each the square of the one before. Since P is x + 1
// times a primitive polynomial of degree 31, x^(2^31) = x: there are only 31 different squares, and n counts modulo
// 2^31 - 1.
//
// A polynomial is a word with the coefficient of x^0 in bit 31, as in the CRC itself.

const POLYNOMIAL = 0x82f63b78;
const ONE = 0x80000000 | 0;
const X = 0x40000000;
const PERIOD = 31;

let squares: Int32Array | undefined;

/** a b mod P */
function multiply(a: number, b: number): number {
  let product = 0;
  for (; a !== 0; a <<= 1) {
    product ^= b & (a >> 31);
    b = (b >>> 1) ^ (POLYNOMIAL & -(b & 1));
  }
  return product;
}

function buildSquares(): Int32Array {
  const table = new Int32Array(PERIOD);
  for (let k = 0, power = X; k < PERIOD; k++, power = multiply(power, power)) table[k] = power;
  return table;
}

/** The CRC32C of A followed by B, given both CRCs and the number of bytes in B. */
export function combine(crcA: number, crcB: number, lengthB: number): number {
  if (!Number.isSafeInteger(lengthB) || lengthB < 0) throw new RangeError(`not a length in bytes: ${lengthB}`);
  squares ??= buildSquares();
  let power = ONE;
  let k = 3; // 8 n = n << 3
  for (let n = lengthB % (2 ** PERIOD - 1); n > 0; n >>= 1, k++) {
    if (n & 1) power = multiply(squares[k % PERIOD] ?? 0, power);
  }
  return (multiply(power, crcA) ^ crcB) >>> 0;
}
