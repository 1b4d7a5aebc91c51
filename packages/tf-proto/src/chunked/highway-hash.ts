/**
 * HighwayHash of 64 bits with the key of riegeli/records ("Riegeli/" and "records\n", twice): the checksum of every header and of
 * the data of every chunk.
 *
 *     state     v0  v1  m0  m1       four numbers of 64 bits each
 *     packet    32 bytes: four numbers; a last packet that is shorter is filled up by a rule of its own
 *     hash      v0[0] + v1[0] + m0[0] + m1[0], after four rounds over v0 itself
 *
 * JavaScript has no fast numbers of 64 bits, so each is two halves of 32 bits side by side, the lower one first.
 *
 * Sources: highwayhash/c/highwayhash.c in github.com/google/highwayhash, doc/riegeli_records_file_format.md in
 * github.com/google/riegeli.
 */

const PACKET_BYTES = 32;
const ROUNDS_AT_END = 4;

/** Where the numbers of the state begin. */
const V0 = 0;
const V1 = 8;
const M0 = 16;
const M1 = 24;

/** The state before the first packet: the constants of HighwayHash, of which v0 and v1 are mixed with the key. */
const START = [
  [0x9929a77d, 0xf48fb9b0, 0x46fc54a2, 0xae7a5c50, 0x64151a16, 0x3c70e64b, 0xeac06da1, 0x2e4c0efa],
  [0xe46799f6, 0x5cb6f742, 0xbf82eefe, 0xafcf941b, 0x1b806009, 0xd9310f9d, 0x32a37705, 0x2a4b4494],
  [0xfe4cce2f, 0xdbe6d5d5, 0x299f31d0, 0xa4093822, 0x03707344, 0x13198a2e, 0x85a308d3, 0x243f6a88],
  [0xcb0ef593, 0x3bd39e10, 0xb5f18a8c, 0xc0acf169, 0x34e90c6c, 0xbe5466cf, 0x38d01377, 0x452821e6],
].flat();

/** The hash of `bytes`: a whole number below 2^64. */
export function highwayHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const state = Int32Array.from(START);
  const packet = new Int32Array(PACKET_BYTES / 4);
  const rest = bytes.length % PACKET_BYTES;
  const end = bytes.length - rest;
  for (let at = 0; at < end; at += PACKET_BYTES) {
    for (let index = 0; index < 8; index++) packet[index] = view.getInt32(at + 4 * index, true);
    update(state, packet);
  }
  if (rest > 0) updateWithLast(state, bytes.subarray(end));
  for (let round = 0; round < ROUNDS_AT_END; round++) {
    // v0[2], v0[3], v0[0], v0[1], the halves of each swapped
    for (let index = 0; index < 8; index++) packet[index] = half(state, V0 + (index ^ 5));
    update(state, packet);
  }
  return BigInt.asUintN(64, whole(state, V0) + whole(state, V1) + whole(state, M0) + whole(state, M1));
}

/** Mixes in the 1 to 31 bytes behind the last whole packet. */
function updateWithLast(state: Int32Array, rest: Uint8Array): void {
  const count = rest.length;
  for (let at = 0; at < 8; at += 2) {
    add(state, V0 + at, count, count);
    state[V1 + at] = rotate(half(state, V1 + at), count);
    state[V1 + at + 1] = rotate(half(state, V1 + at + 1), count);
  }
  const packet = new Uint8Array(PACKET_BYTES);
  const tail = count % 4;
  packet.set(rest.subarray(0, count - tail));
  if (count >= 16) {
    packet.set(rest.subarray(count - 4), 28);
  } else if (tail > 0) {
    const last = rest.subarray(count - tail);
    packet.set([last[0] ?? 0, last[tail >> 1] ?? 0, last[tail - 1] ?? 0], 16);
  }
  const view = new DataView(packet.buffer);
  update(
    state,
    Int32Array.from({ length: 8 }, (_, index) => view.getInt32(4 * index, true)),
  );
}

/** Mixes in a packet. */
function update(state: Int32Array, packet: Int32Array): void {
  for (let at = 0; at < 8; at += 2) {
    add(state, V1 + at, half(state, M0 + at), half(state, M0 + at + 1));
    add(state, V1 + at, half(packet, at), half(packet, at + 1));
    xorProduct(state, M0 + at, half(state, V1 + at), half(state, V0 + at + 1));
    add(state, V0 + at, half(state, M1 + at), half(state, M1 + at + 1));
    xorProduct(state, M1 + at, half(state, V0 + at), half(state, V1 + at + 1));
  }
  addZipped(state, V0, V1);
  addZipped(state, V0 + 4, V1 + 4);
  addZipped(state, V1, V0);
  addZipped(state, V1 + 4, V0 + 4);
}

/** Adds to the two numbers at `to` the bytes of those at `from`, in an order that leaves no byte where it was likely. */
function addZipped(state: Int32Array, to: number, from: number): void {
  const aL = half(state, from);
  const aH = half(state, from + 1);
  const bL = half(state, from + 2);
  const bH = half(state, from + 3);
  add(
    state,
    to,
    (aL >>> 24) | ((bH & 0xff) << 8) | (aL & 0xff0000) | ((aH & 0xff00) << 16),
    ((bH >>> 16) & 0xff) | (aL & 0xff00) | ((bH >>> 8) & 0xff0000) | (aL << 24),
  );
  add(
    state,
    to + 2,
    (bL >>> 24) | ((aH & 0xff) << 8) | (bL & 0xff0000) | ((bH & 0xff00) << 16),
    ((bL >>> 8) & 0xff) | ((aH >>> 8) & 0xff00) | ((bL & 0xff) << 16) | (aH & 0xff000000),
  );
}

/** Adds to the number at `at`. */
function add(state: Int32Array, at: number, low: number, high: number): void {
  const old = half(state, at);
  const sum = (old + low) | 0;
  const carry = ((old & low) | ((old | low) & ~sum)) >>> 31;
  state[at] = sum;
  state[at + 1] = half(state, at + 1) + high + carry;
}

/** Combines the number at `at` with the product of two halves, which is long multiplication of quarters. */
function xorProduct(state: Int32Array, at: number, a: number, b: number): void {
  const aL = a & 0xffff;
  const aH = a >>> 16;
  const bL = b & 0xffff;
  const bH = b >>> 16;
  const middle = (Math.imul(aH, bL) + (Math.imul(aL, bL) >>> 16)) | 0;
  const other = (Math.imul(aL, bH) + (middle & 0xffff)) | 0;
  state[at] = half(state, at) ^ Math.imul(a, b);
  state[at + 1] = half(state, at + 1) ^ (Math.imul(aH, bH) + (middle >>> 16) + (other >>> 16));
}

/** To the left. */
function rotate(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}

function half(halves: Int32Array, at: number): number {
  return halves[at] ?? 0;
}

function whole(state: Int32Array, at: number): bigint {
  return (BigInt(half(state, at + 1)) << 32n) | BigInt(half(state, at) >>> 0);
}
