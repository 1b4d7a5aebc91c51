// The WebAssembly kernel of CRC32C: AssemblyScript, compiled by build.mjs into ../src/crc32c/kernel.generated.ts.
//
// WebAssembly has no CRC instruction and no carry-less multiplication, but it has 128-bit XOR, and this kernel needs
// nothing else. A CRC is a remainder modulo a polynomial P over GF(2), so a message may be changed in any way that adds
// a multiple of P. Take a multiple with eight terms, all whole bytes apart. Write z for x^-1 shifted a byte, that is
// "one byte later in the message", and Z = z^16 for "one vector later":
//
//     F(z)  =  1 + Z^6  +  (z^1973 + z^3152) (1 + Z^5 + Z^7)  =  0   (mod P)
//
// Adding q F to the message removes the vector q from its place and XORs q into seven later places. Removing every
// vector from the front is a power series division, v = q F, and costs, with t = q (1 + Z^5 + Z^7),
//
//     q[j]  =  v[j]  ^  q[j-6]  ^  t(1973 bytes ago)  ^  t(3152 bytes ago)
//     t[j]  =  q[j]  ^  q[j-5]  ^  q[j-7]
//
// The last eight q stay in registers and only t is stored: three loads, one store and five XORs for 16 bytes. (The
// shortest multiple with the fewest terms, see `narrow` below, takes six loads, one store and five XORs.) Of all
// multiples of this shape, 1 + Z^i + (z^a + z^b) S(Z) with at most three terms in S and powers of Z up to 8, it is the
// one that reaches back least. The tests named "the identities of the kernel" divide both polynomials by P.
//
// t is needed 3,152 bytes back and no further, so it lives in a ring of 4 KiB, and the message is never written to:
//
//     message   ─────────── folded: gone ───────────┤ next block of 128 │ …
//     ring      │ … t … │ s: the block's t │ … t … │ b = s - 3152 │ … t … │ a = s - 1973 │ … t … │
//
// The last 3,264 bytes, which F cannot remove, are copied and take in what the q before them leave there. Then `narrow`
// shortens them to 840 bytes, and tables do the rest.
//
// The memory:
//
//     0          8 KiB   12 KiB                        + 128     + 256                            16 KiB
//     │ 8 tables │ ring  │ mirror of its first block   │ last q  │ remainder, at most 3,840 bytes  │ input …

const TABLES: usize = 0;
const RING: usize = 8192;
const RING_SIZE: usize = 4096;
const QUOTIENTS: usize = 12416;
const REMAINDER: usize = 12544;

const BLOCK: usize = 128;
const NEAR: usize = 1973;
const FAR: usize = 3152;
/** Bytes that F reaches back: 3152 + 7 vectors. As many bytes must follow the last folded block. */
const REACH: usize = 3264;
/** From these lengths on, narrowing is faster than the tables alone, and folding faster than narrowing; measured. */
const WORTH_NARROWING: usize = 1280;
const WORTH_FOLDING: usize = 3840; // at least REACH, and no more than the room for the remainder

/** Where in the ring the next block's t belongs. */
let ring: usize = 0;

// The eight tables: TABLES[k][b] is the remainder of byte b followed by k zero bytes, low bit first.
for (let byte: u32 = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1));
  store<u32>(TABLES + (byte << 2), crc);
}
for (let at = TABLES; at < TABLES + 7 * 1024; at += 4) {
  const crc = load<u32>(at);
  store<u32>(at + 1024, (crc >>> 8) ^ load<u32>(TABLES + ((crc & 255) << 2)));
}

function entry(k: usize, byte: u32): u32 {
  return load<u32>(TABLES + (k << 10) + ((<usize>(byte & 255)) << 2));
}

/** Slicing-by-8. `state` is the complement of the running CRC. */
function tables(pointer: usize, length: usize, state: u32): u32 {
  const end = pointer + length;
  for (const wordsEnd = pointer + (length & ~7); pointer < wordsEnd; pointer += 8) {
    const low = state ^ load<u32>(pointer);
    const high = load<u32>(pointer, 4);
    state =
      entry(7, low) ^
      entry(6, low >>> 8) ^
      entry(5, low >>> 16) ^
      entry(4, low >>> 24) ^
      entry(3, high) ^
      entry(2, high >>> 8) ^
      entry(1, high >>> 16) ^
      entry(0, high >>> 24);
  }
  for (; pointer < end; pointer++) state = (state >>> 8) ^ entry(0, state ^ load<u8>(pointer));
  return state;
}

/** XORs `value` into memory. */
function add<T>(pointer: usize, value: T): void {
  store<T>(pointer, load<T>(pointer) ^ value);
}

/**
 * Shortens a message in place to little more than 209 words, from the front, by the sparse multiple of P with the
 * fewest bits, 1 + w^65 + w^155 + w^170 + w^195 + w^209 with w = "one word later" (true of any word size, since
 * squaring a polynomial over GF(2) doubles its exponents). Returns where the message now begins.
 */
function narrow<T>(pointer: usize, end: usize): usize {
  for (; pointer + 210 * sizeof<T>() <= end; pointer += sizeof<T>()) {
    const word = load<T>(pointer);
    add<T>(pointer + 65 * sizeof<T>(), word);
    add<T>(pointer + 155 * sizeof<T>(), word);
    add<T>(pointer + 170 * sizeof<T>(), word);
    add<T>(pointer + 195 * sizeof<T>(), word);
    add<T>(pointer + 209 * sizeof<T>(), word);
  }
  return pointer;
}

/** The CRC of the remainder, which has taken in the complement of the CRC before it. */
function reduce(length: usize): u32 {
  const end = REMAINDER + length;
  const pointer = narrow<u32>(narrow<u64>(REMAINDER, end), end);
  return ~tables(pointer, end - pointer, 0);
}

/** Starts a message that continues `crc`. */
export function start(crc: u32): void {
  memory.fill(RING, 0, REMAINDER - RING);
  ring = 0;
  // The complement of the CRC belongs into the first four bytes: the first block finds it where it loads its far t.
  store<u32>(RING + ((0 - FAR) & (RING_SIZE - 1)), ~crc);
}

/** Folds `length` bytes, a multiple of 128, that are followed by at least REACH more. */
export function fold(pointer: usize, length: usize): void {
  let q0 = v128.load(QUOTIENTS, 0);
  let q1 = v128.load(QUOTIENTS, 16);
  let q2 = v128.load(QUOTIENTS, 32);
  let q3 = v128.load(QUOTIENTS, 48);
  let q4 = v128.load(QUOTIENTS, 64);
  let q5 = v128.load(QUOTIENTS, 80);
  let q6 = v128.load(QUOTIENTS, 96);
  let q7 = v128.load(QUOTIENTS, 112);
  for (const end = pointer + length; pointer < end; pointer += BLOCK) {
    const s = RING + ring;
    const a = RING + ((ring - NEAR) & (RING_SIZE - 1));
    const b = RING + ((ring - FAR) & (RING_SIZE - 1));
    q0 = v128.xor(v128.xor(v128.load(pointer, 0), q2), v128.xor(v128.load(a, 0), v128.load(b, 0)));
    v128.store(s, v128.xor(q0, v128.xor(q3, q1)), 0);
    q1 = v128.xor(v128.xor(v128.load(pointer, 16), q3), v128.xor(v128.load(a, 16), v128.load(b, 16)));
    v128.store(s, v128.xor(q1, v128.xor(q4, q2)), 16);
    q2 = v128.xor(v128.xor(v128.load(pointer, 32), q4), v128.xor(v128.load(a, 32), v128.load(b, 32)));
    v128.store(s, v128.xor(q2, v128.xor(q5, q3)), 32);
    q3 = v128.xor(v128.xor(v128.load(pointer, 48), q5), v128.xor(v128.load(a, 48), v128.load(b, 48)));
    v128.store(s, v128.xor(q3, v128.xor(q6, q4)), 48);
    q4 = v128.xor(v128.xor(v128.load(pointer, 64), q6), v128.xor(v128.load(a, 64), v128.load(b, 64)));
    v128.store(s, v128.xor(q4, v128.xor(q7, q5)), 64);
    q5 = v128.xor(v128.xor(v128.load(pointer, 80), q7), v128.xor(v128.load(a, 80), v128.load(b, 80)));
    v128.store(s, v128.xor(q5, v128.xor(q0, q6)), 80);
    q6 = v128.xor(v128.xor(v128.load(pointer, 96), q0), v128.xor(v128.load(a, 96), v128.load(b, 96)));
    v128.store(s, v128.xor(q6, v128.xor(q1, q7)), 96);
    q7 = v128.xor(v128.xor(v128.load(pointer, 112), q1), v128.xor(v128.load(a, 112), v128.load(b, 112)));
    v128.store(s, v128.xor(q7, v128.xor(q2, q0)), 112);
    if (ring === 0) memory.copy(RING + RING_SIZE, RING, BLOCK); // loads may run over the ring's end by a block
    ring = (ring + BLOCK) & (RING_SIZE - 1);
  }
  v128.store(QUOTIENTS, q0, 0);
  v128.store(QUOTIENTS, q1, 16);
  v128.store(QUOTIENTS, q2, 32);
  v128.store(QUOTIENTS, q3, 48);
  v128.store(QUOTIENTS, q4, 64);
  v128.store(QUOTIENTS, q5, 80);
  v128.store(QUOTIENTS, q6, 96);
  v128.store(QUOTIENTS, q7, 112);
}

/** The CRC of everything folded since `start` and of these last bytes, of which there are at least REACH. */
export function finish(pointer: usize, length: usize): u32 {
  const folded = (length - REACH) & ~(BLOCK - 1);
  fold(pointer, folded);
  length -= folded;
  memory.copy(REMAINDER, pointer + folded, length);

  // Once no more q are removed (q = 0 from here on), seven more t and 204 more vectors still feel the earlier ones.
  for (let j: usize = 0; j < BLOCK; j += 16) {
    let t = i32x4.splat(0);
    if (j < 80) t = v128.load(QUOTIENTS + ((j - 80) & (BLOCK - 1)));
    if (j < 112) t = v128.xor(t, v128.load(QUOTIENTS + ((j - 112) & (BLOCK - 1))));
    v128.store(RING + ring + j, t);
  }
  if (ring === 0) memory.copy(RING + RING_SIZE, RING, BLOCK);
  for (let j: usize = 0; j < REACH; j += 16) {
    let r = v128.xor(v128.load(REMAINDER + j), v128.load(RING + ((ring + j - FAR) & (RING_SIZE - 1))));
    if (j < NEAR + 112) r = v128.xor(r, v128.load(RING + ((ring + j - NEAR) & (RING_SIZE - 1))));
    if (j < 96) r = v128.xor(r, v128.load(QUOTIENTS + ((j - 96) & (BLOCK - 1))));
    v128.store(REMAINDER + j, r);
  }

  return reduce(length);
}

/** The CRC of a piece of the memory, continuing `crc`. */
export function update(pointer: usize, length: usize, crc: u32): u32 {
  if (length < WORTH_NARROWING) return ~tables(pointer, length, ~crc);
  if (length < WORTH_FOLDING) {
    memory.copy(REMAINDER, pointer, length);
    add<u32>(REMAINDER, ~crc);
    return reduce(length);
  }
  start(crc);
  return finish(pointer, length);
}
