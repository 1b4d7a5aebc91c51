// How far a conversion has come is told in bytes of tensors, whatever is written.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ConvertTarget, convertModel, LOSSES, namedTensors, openModel } from "modelbytes";
import { expect, onTestFinished, test } from "vitest";
import { ROOT, temporaryDirectory } from "./command.ts";

const MODEL = "fixtures/keras-hdf5/keras-3-functional-model/model.h5";

test.each<readonly [format: ConvertTarget["format"], name: string]>([
  ["safetensors", "new.safetensors"],
  ["npz", "new.npz"],
  ["keras-hdf5", "new.h5"],
  ["keras-hdf5-weights", "weights.h5"],
  ["keras-weights", "new.weights.h5"],
  ["keras-weights-sharded", "new.weights.json"],
  ["keras-archive", "new.keras"],
  ["tensor-bundle", "ckpt/new"],
  ["saved-model", "export"],
])("%s", async (format, name) => {
  const to = join(await temporaryDirectory(onTestFinished), name);
  await mkdir(join(to, ".."), { recursive: true });
  await using model = await openModel(join(ROOT, MODEL));
  const kept = (await namedTensors(model)).filter(({ role }) => role === "model");
  const total = kept.reduce((sum, { key }) => sum + (model.weights.entries.get(key)?.byteLength ?? 0), 0);
  const seen: number[] = [];
  const totals = new Set<number>();
  const strip = LOSSES.filter((loss) => loss !== "architecture" || !/^keras-(?:hdf5|archive)$/.test(format));
  await convertModel(
    model,
    { format, to },
    {
      strip,
      onProgress: ({ bytes, total: all }) => {
        seen.push(bytes);
        totals.add(all);
      },
    },
  );
  expect([...totals]).toEqual([total]);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect([seen.at(-1), seen.length >= kept.length]).toEqual([total, true]);
});
