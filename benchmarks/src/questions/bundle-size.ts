// How much does a page load before it can use a package, and how long does it take until the package's modules have run?
//
// Each row is one bundle: minified, with all that it imports, but without what is imported when it is needed (libhdf5 above all).

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Input, Inputs, Kind, Question, Row, Work } from "../question.ts";
import { bundleForBrowsers, bundleSizes } from "./bundles.ts";

const OURS = [
  "modelbytes",
  "@modelbytes/bytes",
  "@modelbytes/hdf5",
  "@modelbytes/keras-archive",
  "@modelbytes/keras-config",
  "@modelbytes/keras-hdf5",
  "@modelbytes/npz",
  "@modelbytes/safetensors",
  "@modelbytes/saved-model",
  "@modelbytes/tensor",
  "@modelbytes/tensor-bundle",
  "@modelbytes/tf-proto",
  "@modelbytes/zip",
];

const RIVALS = ["h5wasm", "jsfive", "protobufjs", "@bufbuild/protobuf", "snappyjs", "js-yaml"];

const openers: Readonly<Record<string, string>> = {
  openBundle: 'export { openBundle } from "@modelbytes/tensor-bundle";',
  openModel: 'export { openModel } from "modelbytes";',
};
const everything = [...OURS, ...RIVALS].map((name) => [name, `export * from "${name}";`] as const);

async function allBundles({ scratch }: Inputs): Promise<Input[]> {
  const path = await scratch.file("bundles", 0, async (folder) => {
    await mkdir(folder);
    const bundles = [...Object.entries(openers), ...everything];
    await Promise.all(bundles.map(([name, code]) => bundleForBrowsers(code, fileOf(name, folder))));
  });
  return [{ label: "minified, for browsers", path, bytes: 0, items: 1, judged: true }];
}

function fileOf(name: string, folder: string): string {
  return join(folder, `${name.replace("/", "-")}.mjs`);
}

function row(name: string, kind: Kind): Row {
  const work = async ({ path }: Input): Promise<Work> => {
    const file = fileOf(name, path);
    const run = async () => {
      await import(pathToFileURL(file).href);
    };
    return { run, counts: () => bundleSizes(file) };
  };
  return { name, kind, work, fresh: true };
}

export const bundleSize: Question = {
  name: "bundle-size",
  title: "Load a package in a browser, and run its modules",
  unit: "times",
  unrelated: true,
  inputs: allBundles,
  rows: [
    ...[...Object.keys(openers), ...OURS].map((name) => row(name, "ours")),
    ...RIVALS.map((name) => row(name, "rival")),
  ],
  bars: [{ row: "openBundle", count: "bytes compressed", atMost: 25e3 }],
};
