// The public names of every package. A change to them shows in the diff of packages/conformance/api.

import { expect, test } from "vitest";
import { exportsOf, VALUES } from "./declarations.ts";
import { expectFile } from "./generated.ts";
import { PUBLIC_PACKAGES } from "./workspace.ts";

// MODELBYTES_UPDATE=1 writes the lists.
test.each(PUBLIC_PACKAGES)("$folder exports what its list in api/ says", async ({ folder, manifest }) => {
  const exported = exportsOf(folder);
  const entry: object = await import(manifest.name);
  const values = exported.filter(({ kind }) => VALUES.includes(kind));
  expect(Object.keys(entry).sort()).toEqual(values.map(({ name }) => name));
  expectFile(`packages/conformance/api/${folder}.txt`, exported.map(({ kind, name }) => `${kind} ${name}\n`).join(""));
});
