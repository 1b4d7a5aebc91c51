import { Refusal } from "./refusal.ts";

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB"];

/** E.g. `"1 GiB"`, `"2.6 MiB"`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < BINARY.length - 1; unit++) value /= 1024;
  return `${Number.isInteger(value) ? value : value.toPrecision(value < 10 ? 2 : 3)} ${BINARY[unit]}`;
}

/** The bytes of `"1GiB"`. Throws for anything else. */
export function parseBytes(text: string): number {
  const [, digits, unit = ""] = /^(\d+)\s*([KMGT]iB|B)$/.exec(text) ?? [];
  if (digits === undefined) throw new Refusal(`no size: ${text}; sizes look like 256MiB, 1GiB, 8GiB`);
  return Number(digits) * 1024 ** BINARY.indexOf(unit);
}

/** E.g. `"38.2 ms"`: three digits. */
export function secondsText(seconds: number): string {
  if (seconds >= 1) return `${seconds.toPrecision(3)} s`;
  if (seconds >= 1e-3) return `${(seconds * 1e3).toPrecision(3)} ms`;
  if (seconds >= 1e-6) return `${(seconds * 1e6).toPrecision(3)} µs`;
  return `${(seconds * 1e9).toPrecision(3)} ns`;
}

/** E.g. `"5.02 GB/s"`, `"270,000 tensors/s"`; decimal, as rates are. */
export function rateText(perSecond: number, unit: string): string {
  if (unit === "bytes" && perSecond < 1e12) return `${(perSecond / 1e9).toPrecision(3)} GB/s`;
  if (unit === "bytes") return `${countText(Math.round(perSecond / 1e9))} GB/s`;
  return `${countText(Number(perSecond.toPrecision(3)))} ${unit}/s`;
}

/** E.g. `"50,000"`. */
export function countText(count: number): string {
  return count.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

/** E.g. `"4.1 ×"`. */
export function ratioText(ratio: number): string {
  return `${ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(ratio >= 10 ? 3 : 2)} ×`;
}
