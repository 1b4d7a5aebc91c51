import { mixBlocks } from "./fingerprint64-blocks.ts";

/**
 * FarmHash's Fingerprint64 (Hash64 of its "na" variant), the hash behind every field of fingerprint.pb.
 *
 *     "" → 0x9AE16A3B2F90404F        "a" → 0xB3454265B6DF75E3        "hello" → 0xB48BE5A931380CE8
 *
 * Up to 64 bytes each range of lengths has a formula; of more bytes, blocks of 64 are mixed into seven numbers
 * (fingerprint64-blocks.ts), then the last 64 bytes, which may overlap the last block. All numbers are of 64 bits and little-endian.
 *
 * Source: farmhashna in github.com/google/farmhash; FingerprintCat64 in tensorflow/core/platform/fingerprint.h.
 */

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const CAT = 0xc6a4a7935bd1e995n;

/** The hash of `bytes`: a whole number below 2^64. */
export function fingerprint64(bytes: Uint8Array): bigint {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (length > 64) return hashLong(view, length);
  const multiplier = K2 + 2n * BigInt(length);
  if (length > 32) return hash33To64(view, length, multiplier);
  if (length > 16) return hash17To32(view, length, multiplier);
  if (length >= 8) return hash8To16(view, length, multiplier);
  if (length >= 4) return hash4To7(view, length, multiplier);
  return length > 0 ? hash1To3(view, length) : K2;
}

/** One hash of two, of which the order counts. TensorFlow hashes lists with it. */
export function joinFingerprints(first: bigint, second: bigint): bigint {
  const joined = first ^ CAT ^ u64(mix(second * CAT) * CAT);
  return mix(mix(joined * CAT) * CAT);
}

function hash1To3(view: DataView, length: number): bigint {
  const y = view.getUint8(0) + view.getUint8(length >> 1) * 0x100;
  const z = length + view.getUint8(length - 1) * 4;
  return u64(mix(u64(BigInt(y) * K2) ^ u64(BigInt(z) * K0)) * K2);
}

function hash4To7(view: DataView, length: number, multiplier: bigint): bigint {
  const first = view.getUint32(0, true) * 8;
  return hashPair(BigInt(length + first), BigInt(view.getUint32(length - 4, true)), multiplier);
}

function hash8To16(view: DataView, length: number, multiplier: bigint): bigint {
  const a = read(view, 0) + K2;
  const b = read(view, length - 8);
  const c = rotate(b, 37n) * multiplier + a;
  const d = (rotate(a, 25n) + b) * multiplier;
  return hashPair(c, d, multiplier);
}

function hash17To32(view: DataView, length: number, multiplier: bigint): bigint {
  const a = read(view, 0) * K1;
  const b = read(view, 8);
  const c = read(view, length - 8) * multiplier;
  const d = read(view, length - 16) * K2;
  return hashPair(rotate(a + b, 43n) + rotate(c, 30n) + d, a + rotate(b + K2, 18n) + c, multiplier);
}

function hash33To64(view: DataView, length: number, multiplier: bigint): bigint {
  const a = read(view, 0) * K2;
  const b = read(view, 8);
  const c = read(view, length - 8) * multiplier;
  const d = read(view, length - 16) * K2;
  const y = rotate(a + b, 43n) + rotate(c, 30n) + d;
  const z = hashPair(y, a + rotate(b + K2, 18n) + c, multiplier);
  const e = read(view, 16) * multiplier;
  const f = read(view, 24);
  const g = (y + read(view, length - 32)) * multiplier;
  const h = (z + read(view, length - 24)) * multiplier;
  return hashPair(rotate(e + f, 43n) + rotate(g, 30n) + h, e + rotate(f + a, 18n) + g, multiplier);
}

function hashLong(view: DataView, length: number): bigint {
  const last = (length - 1) % 64;
  const seed = 81n;
  const y0 = seed * K1 + 113n;
  const start = { x: seed * K2 + read(view, 0), y: y0, z: mix(y0 * K2 + 113n) * K2, v0: 0n, v1: 0n, w0: 0n, w1: 0n };
  const mixed = mixBlocks(view, length - 1 - last, start);

  const multiplier = K1 + ((mixed.z & 0xffn) << 1n);
  const at = length - 64;
  const w0 = mixed.w0 + BigInt(last);
  const v0 = mixed.v0 + w0;
  const x = u64(rotate(mixed.x + mixed.y + v0 + read(view, at + 8), 37n) * multiplier) ^ u64(mixed.w1 * 9n);
  const y = rotate(mixed.y + mixed.v1 + read(view, at + 48), 42n) * multiplier + v0 * 9n + read(view, at + 40);
  const z = rotate(mixed.z + w0 + v0, 33n) * multiplier;
  const [vFirst, vSecond] = mixHalfBlock(view, at, mixed.v1 * multiplier, x + w0 + v0);
  const [wFirst, wSecond] = mixHalfBlock(view, at + 32, z + mixed.w1, y + read(view, at + 16));
  const first = hashPair(vFirst, wFirst, multiplier) + mix(y) * K0 + x;
  const second = hashPair(vSecond, wSecond, multiplier) + z;
  return hashPair(first, second, multiplier);
}

/** Two numbers of 32 bytes and two numbers. */
function mixHalfBlock(view: DataView, at: number, first: bigint, second: bigint): readonly [bigint, bigint] {
  const a = first + read(view, at);
  const last = read(view, at + 24);
  const sum = a + read(view, at + 8) + read(view, at + 16);
  return [sum + last, rotate(second + a + last, 21n) + rotate(sum, 44n) + a];
}

function hashPair(first: bigint, second: bigint, multiplier: bigint): bigint {
  const a = mix(u64(first ^ second) * multiplier);
  return u64(mix(u64(second ^ a) * multiplier) * multiplier);
}

function read(view: DataView, at: number): bigint {
  return view.getBigUint64(at, true);
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function mix(value: bigint): bigint {
  const bits = u64(value);
  return bits ^ (bits >> 47n);
}

/** To the right. */
function rotate(value: bigint, count: bigint): bigint {
  const bits = u64(value);
  return (bits >> count) | u64(bits << (64n - count));
}
