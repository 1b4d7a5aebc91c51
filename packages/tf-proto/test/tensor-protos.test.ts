// TensorProtos in every form, with the tensor that TensorFlow's C++ makes of each, or its refusal.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ModelbytesError } from "@modelbytes/bytes";
import { canonicalBytes } from "@modelbytes/tensor";
import { decodeTensorProto, toTensor } from "@modelbytes/tf-proto";
import { expect, test } from "vitest";

interface Case {
  readonly hex: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  readonly sha256?: string;
  readonly error?: string;
}

const FILE = new URL("../../../fixtures/saved-model/tensor-protos.json", import.meta.url);
const { cases }: { cases: Readonly<Record<string, Case>> } = JSON.parse(readFileSync(FILE, "utf8"));

test.each(Object.entries(cases))("%s", (_, { hex, dtype, shape, sha256, error }) => {
  const read = () => toTensor(decodeTensorProto(Buffer.from(hex, "hex")));
  if (error !== undefined) {
    expect(read).toThrow(ModelbytesError);
    return;
  }
  const tensor = read();
  const hash = createHash("sha256");
  for (const piece of canonicalBytes(tensor)) hash.update(piece);
  expect({ dtype: tensor.dtype, shape: tensor.shape, sha256: hash.digest("hex") }).toEqual({ dtype, shape, sha256 });
});
