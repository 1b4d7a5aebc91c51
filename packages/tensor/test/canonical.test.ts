import { canonicalBytes, type Tensor, tensor } from "@modelbytes/tensor";
import { expect, test } from "vitest";

function joined(of: Tensor): string {
  return Buffer.concat([...canonicalBytes(of)]).toString("hex");
}

test("fixed-length dtypes are their bytes", () => {
  expect(joined(tensor("uint16", [2], Uint16Array.of(1, 0xabcd)))).toBe("0100cdab");
  expect(joined(tensor("complex64", [], Float32Array.of(1, -2)))).toBe("0000803f000000c0");
  expect(joined(tensor("int4", [2], Int8Array.of(-1, 7)))).toBe("0f07");
  expect(joined(tensor("bool", [0], new Uint8Array(0)))).toBe("");
});

test.each(["string", "variant"] as const)("elements of %s follow their length", (dtype) => {
  const elements = [Uint8Array.of(), Uint8Array.of(0xff, 0x00), new TextEncoder().encode("ä")];
  expect(joined(tensor(dtype, [3], elements))).toBe(
    "0000000000000000" + "0200000000000000ff00" + "0200000000000000c3a4",
  );
  expect(joined(tensor(dtype, [0], []))).toBe("");
});

test("large tensors come in pieces, without a copy", () => {
  const data = new Uint8Array(40_000_000);
  for (const of of [tensor("uint8", [data.length], data), tensor("string", [1], [data])]) {
    const pieces = [...canonicalBytes(of)].filter((piece) => piece.buffer === data.buffer);
    expect(pieces.map((piece) => piece.length)).toEqual([16_777_216, 16_777_216, 6_445_568]);
    expect(pieces.map((piece) => piece.byteOffset)).toEqual([0, 16_777_216, 33_554_432]);
  }
});
