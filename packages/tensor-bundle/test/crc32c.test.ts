import { fc, test as property } from "@fast-check/vitest";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Crc32cBuffer, combine, crc32c, crc32cByKernel, mask, unmask } from "../src/crc32c/crc32c.ts";
import { KERNEL_BLOCK, KERNEL_REACH, openKernel } from "../src/crc32c/kernel.ts";
import { crc32cByTables } from "../src/crc32c/tables.ts";

const POLYNOMIAL = 0x82f63b78;

/** One bit at a time, straight from the definition: the state after one more byte. */
function step(state: number, byte: number): number {
  state ^= byte;
  for (let bit = 0; bit < 8; bit++) state = (state >>> 1) ^ (POLYNOMIAL & -(state & 1));
  return state;
}

function reference(bytes: Iterable<number>, previous = 0): number {
  let state = ~previous;
  for (const byte of bytes) state = step(state, byte);
  return ~state >>> 0;
}

/** Bytes that look random and are the same every time. */
function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** `bytes` again, `shift` bytes into a larger buffer. */
function shifted(bytes: Uint8Array, shift: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length + shift), shift);
  copy.set(bytes);
  return copy;
}

function kernelOf(capacity: number): NonNullable<ReturnType<typeof openKernel>> {
  const kernel = openKernel(capacity);
  if (kernel === undefined) throw new Error("this host cannot run the kernel");
  return kernel;
}

const roomy = kernelOf(1 << 17);
const tight = kernelOf(KERNEL_REACH + 8 * KERNEL_BLOCK); // so that everything longer goes through in pieces
const buffer = new Crc32cBuffer(1 << 17);

/** Every way to the same number. */
const ways: Record<string, (bytes: Uint8Array, previous?: number) => number> = {
  crc32c,
  "by tables": (bytes, previous = 0) => crc32cByTables(bytes, previous),
  "by a roomy kernel": (bytes, previous = 0) => crc32cByKernel(roomy, bytes, previous),
  "by a tight kernel": (bytes, previous = 0) => crc32cByKernel(tight, bytes, previous),
  "in a Crc32cBuffer": (bytes, previous = 0) => {
    const start = (bytes.length * 7) % 67;
    buffer.bytes.set(bytes, start);
    return buffer.crc32c(start, start + bytes.length, previous);
  },
};

describe("the identities of the kernel", () => {
  /** x^n mod P, by multiplying with x n times; the coefficient of x^0 is in bit 31. */
  function powerOfX(n: number): number {
    let power = 0x80000000;
    for (let i = 0; i < n; i++) power = (power >>> 1) ^ (POLYNOMIAL & -(power & 1));
    return power >>> 0;
  }

  /** The sum of x^e mod P. */
  function sum(exponents: readonly number[]): number {
    return exponents.reduce((total, exponent) => total ^ powerOfX(exponent), 0) >>> 0;
  }

  test("P is the polynomial of RFC 3720", () => {
    const terms = [28, 27, 26, 25, 23, 22, 20, 19, 18, 14, 13, 11, 10, 9, 8, 6, 0];
    expect(powerOfX(32)).toBe(sum(terms));
  });

  test("1 + Z^6 + (z^1973 + z^3152)(1 + Z^5 + Z^7) is a multiple of P", () => {
    const delays = [0, 6 * 16];
    for (const far of [1973, 3152]) for (const near of [0, 5, 7]) delays.push(far + near * 16);
    const reach = Math.max(...delays);
    expect(reach).toBe(KERNEL_REACH);
    // z is one byte later, 8 powers of x lower: times x^(8 reach), no exponent is negative.
    expect(sum(delays.map((delay) => 8 * (reach - delay)))).toBe(0);
    expect(sum(delays.slice(1).map((delay) => 8 * (reach - delay)))).not.toBe(0);
  });

  test.each([32, 64])("1 + w^65 + w^155 + w^170 + w^195 + w^209 is a multiple of P for words of %i bits", (bits) => {
    expect(sum([0, 65, 155, 170, 195, 209].map((delay) => bits * (209 - delay)))).toBe(0);
    expect(sum([0, 14, 39, 54, 144, 209])).toBe(0);
  });

  test("x^(2^31) is x, on which combine relies", () => {
    let power = 2n;
    const polynomial = 0x11edc6f41n;
    for (let k = 0; k < 31; k++) {
      let square = 0n;
      for (let bit = 0n; bit < 32n; bit++) if ((power >> bit) & 1n) square ^= power << bit;
      for (let bit = 63n; bit >= 32n; bit--) if ((square >> bit) & 1n) square ^= polynomial << (bit - 32n);
      power = square;
    }
    expect(power).toBe(2n);
  });
});

describe.each(Object.entries(ways))("%s", (_name, way) => {
  test.each([
    ["nothing", new Uint8Array(0), 0],
    ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
    ["32 zero bytes", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of 0xff", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 ascending bytes", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["32 descending bytes", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [
      "an iSCSI read command",
      Uint8Array.of(
        ...[0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0],
        ...[0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0],
      ),
      0xd9963a56,
    ],
  ])("known: %s", (_what, bytes, expected) => {
    expect(way(bytes)).toBe(expected);
  });

  test("equals the definition for every length up to 20,000, at changing alignments", () => {
    const longest = 20_000;
    const bytes = noise(longest);
    const places = Array.from({ length: 32 }, (_, shift) => shifted(bytes, shift));
    let state = ~0x12345678;
    for (let length = 0; length <= longest; length++) {
      const place = places[(length * 5 + (length >> 5)) % places.length];
      if (place === undefined) throw new Error("no such place");
      const actual = way(place.subarray(0, length), 0x12345678);
      if (actual !== ~state >>> 0) expect(actual, `${length} bytes`).toBe(~state >>> 0);
      state = step(state, bytes[length] ?? 0);
    }
  });

  test("every split of a message, carried on, gives the CRC of the whole", () => {
    const bytes = noise(9_001, 2);
    const whole = reference(bytes);
    for (let at = 0; at <= bytes.length; at += 1) {
      const actual = way(bytes.subarray(at), way(bytes.subarray(0, at)));
      if (actual !== whole) expect(actual, `split at ${at}`).toBe(whole);
    }
  });

  test("every single byte counts, wherever it stands", () => {
    const bytes = noise(8_200, 3);
    const whole = way(bytes);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      if (way(bytes) === whole) expect.unreachable(`byte ${at} does not count`);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
    }
    expect(way(bytes)).toBe(whole);
  });

  property.prop([fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 8 }), fc.nat(15)])(
    "pieces of any lengths, one after the other, are one message",
    (pieces, shift) => {
      const actual = pieces.reduce((crc, piece) => way(shifted(piece, shift), crc), 0);
      expect(actual).toBe(reference(pieces.flatMap((piece) => [...piece])));
    },
  );

  test("leaves its input as it was", () => {
    const bytes = noise(20_000, 4);
    way(bytes);
    expect(bytes).toEqual(noise(20_000, 4));
  });
});

describe("large inputs", () => {
  const bytes = noise(3_000_017, 5);
  const whole = crc32cByTables(bytes, 0);

  test("around every border between pieces", () => {
    expect(crc32c(bytes)).toBe(whole);
    for (const border of [110_592, 113_856, 221_184, 224_448]) {
      for (const length of [-129, -128, -127, -1, 0, 1, 127, 128, 129].map((delta) => border + delta)) {
        const part = bytes.subarray(1, 1 + length);
        expect(crc32c(part, 7), `${length} bytes`).toBe(crc32cByTables(part, 7));
      }
    }
  });

  test("a kernel is good for message after message, whatever it did before", () => {
    for (const length of [3_000_017, 5_000, 0, 100_000, 3_264, 3_839, 3_840]) {
      const part = bytes.subarray(0, length);
      expect(crc32cByKernel(tight, part, 0)).toBe(crc32cByTables(part, 0));
    }
  });
});

describe("Crc32cBuffer", () => {
  test("checks any part of its memory and leaves it alone", () => {
    const own = new Crc32cBuffer(70_001);
    expect(own.bytes.length).toBe(70_001);
    const bytes = noise(70_001, 6);
    own.bytes.set(bytes);
    for (const [start, end] of [
      [0, 70_001],
      [1, 70_000],
      [33, 50_000],
      [69_990, 70_001],
      [5, 5],
    ] as const) {
      expect(own.crc32c(start, end)).toBe(crc32cByTables(bytes.subarray(start, end), 0));
    }
    expect(own.bytes).toEqual(bytes);
  });

  test("two do not disturb each other", () => {
    const [one, two] = [new Crc32cBuffer(10_000), new Crc32cBuffer(10_000)];
    one.bytes.set(noise(10_000, 7));
    two.bytes.set(noise(10_000, 8));
    expect(one.bytes.buffer).not.toBe(two.bytes.buffer);
    expect(one.crc32c(0, 10_000)).toBe(crc32cByTables(noise(10_000, 7), 0));
    expect(two.crc32c(0, 10_000)).toBe(crc32cByTables(noise(10_000, 8), 0));
  });

  test("the memory stays where it is while others come and go", () => {
    const own = new Crc32cBuffer(1000);
    const before = own.bytes.buffer;
    for (let i = 0; i < 10; i++) new Crc32cBuffer(1 << 20).crc32c(0, 1 << 20);
    own.crc32c(0, 1000);
    expect(own.bytes.buffer).toBe(before);
    expect(own.bytes.length).toBe(1000);
  });

  test("may be empty", () => {
    expect(new Crc32cBuffer(0).crc32c(0, 0, 99)).toBe(99);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 31])("refuses a capacity of %d", (capacity) => {
    expect(() => new Crc32cBuffer(capacity)).toThrow(RangeError);
  });

  test.each([
    [-1, 3],
    [3, 2],
    [0, 11],
    [0.5, 2],
    [0, Number.NaN],
  ])("refuses the part %d to %d of 10 bytes", (start, end) => {
    expect(() => new Crc32cBuffer(10).crc32c(start, end)).toThrow(RangeError);
  });
});

describe("combine", () => {
  test("every split of a message", () => {
    const bytes = noise(3_001, 9);
    const whole = reference(bytes);
    for (let at = 0; at <= bytes.length; at++) {
      const [a, b] = [bytes.subarray(0, at), bytes.subarray(at)];
      expect(combine(crc32c(a), crc32c(b), b.length)).toBe(whole);
    }
  });

  property.prop([fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1), fc.maxSafeNat(), fc.nat(2 ** 32 - 1), fc.maxSafeNat()])(
    "is associative for lengths up to 2^53",
    (a, b, lengthB, c, lengthC) => {
      fc.pre(Number.isSafeInteger(lengthB + lengthC));
      expect(combine(combine(a, b, lengthB), c, lengthC)).toBe(combine(a, combine(b, c, lengthC), lengthB + lengthC));
    },
  );

  test("doubling zero bytes up to 2^52 agrees with counting them", () => {
    // A message of 2^k zero bytes twice over is one of 2^(k+1); the short ones are checked against the reference.
    let crc = reference([0]);
    for (let k = 0; k < 52; k++) {
      crc = combine(crc, crc, 2 ** k);
      if (k < 16) expect(crc).toBe(reference(new Uint8Array(2 ** (k + 1))));
    }
    // x^(8n) has the period 2^31 - 1 in n, so 2^52 zero bytes are 2^52 mod (2^31 - 1) = 2^21.
    expect(crc).toBe(crc32c(new Uint8Array(2 ** 21)));
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])("refuses a length of %d", (length) => {
    expect(() => combine(1, 2, length)).toThrow(RangeError);
  });
});

describe("mask", () => {
  test("is what LevelDB and TensorFlow store", () => {
    expect(mask(0)).toBe(0xa282ead8);
    expect(mask(0xe3069283)).toBe(0xc78ab0e5);
    expect(mask(crc32c(new TextEncoder().encode("foo")))).not.toBe(crc32c(new TextEncoder().encode("foo")));
  });

  property.prop([fc.nat(2 ** 32 - 1)])("unmask undoes mask", (crc) => {
    expect(unmask(mask(crc))).toBe(crc);
    expect(mask(unmask(crc))).toBe(crc);
    expect(unmask(mask(crc) | 0)).toBe(crc);
  });
});

describe.each([
  ["has no WebAssembly", () => undefined],
  [
    "has no SIMD",
    () => ({
      ...WebAssembly,
      Memory: WebAssembly.Memory,
      Instance: WebAssembly.Instance,
      Module: class {
        constructor() {
          throw new WebAssembly.CompileError("invalid value type 0x7b");
        }
      },
    }),
  ],
  [
    "has no memory to give",
    () => ({
      Module: WebAssembly.Module,
      Instance: WebAssembly.Instance,
      Memory: class {
        constructor() {
          throw new RangeError("could not allocate memory");
        }
      },
    }),
  ],
])("a host that %s", (_what, host) => {
  beforeEach(() => {
    vi.resetModules();
    vi.stubGlobal("WebAssembly", host());
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test("gets the same results from the tables", async () => {
    const fresh = await import("../src/crc32c/crc32c.ts");
    const { openKernel: open } = await import("../src/crc32c/kernel.ts");
    expect(open(1000)).toBeUndefined();
    const bytes = noise(200_003, 10);
    expect(fresh.crc32c(bytes, 5)).toBe(crc32c(bytes, 5));
    const own = new fresh.Crc32cBuffer(200_003);
    own.bytes.set(bytes);
    expect(own.crc32c(3, 200_003, 5)).toBe(crc32c(bytes.subarray(3), 5));
  });
});

test("nothing is compiled before the kernel is needed", async () => {
  vi.resetModules();
  const compiled = vi.fn();
  vi.stubGlobal("WebAssembly", { ...WebAssembly, Module: compiled });
  try {
    const fresh = await import("../src/crc32c/crc32c.ts");
    expect(fresh.crc32c(noise(1_000))).toBe(reference(noise(1_000)));
    expect(compiled).not.toHaveBeenCalled();
  } finally {
    vi.unstubAllGlobals();
    vi.resetModules();
  }
});
