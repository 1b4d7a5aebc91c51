import type { Source, WaitOptions } from "@modelbytes/bytes";
import { openZip } from "@modelbytes/zip";
import type { Foreign } from "./content.ts";

/** What a zip archive is by the names of its members. */
export type ZipContent = "keras-archive" | "npz" | Foreign;

/** Names of members that tell what an archive is; the first that is there counts. */
const TELLING: readonly (readonly [name: RegExp, content: ZipContent])[] = [
  [/^(?:model\.weights\.(?:h5|npz)|variables\.h5|config\.json)$/, "keras-archive"],
  [/(?:^|\/)data\.pkl$/, { foreign: "a PyTorch file, a zip of pickles, which run code when they are loaded" }],
  [/(?:^|\/)saved_model\.(?:pb|pbtxt)$/, { foreign: "a zip of a SavedModel: unpack it first" }],
  [/\.index$/, { foreign: "a zip of a checkpoint: unpack it first" }],
  [/\.npy$/, "npz"],
  [/\.(?:keras|h5|hdf5|safetensors)$/, { foreign: "a zip of model files: unpack it first" }],
  [/^word\/document\.xml$/, { foreign: "a Word document" }],
  [/^META-INF\/MANIFEST\.MF$/, { foreign: "a Java archive" }],
];

/** What a zip archive is. Rejects as `openZip` does. */
export async function zipContentOf(source: Source, options: WaitOptions): Promise<ZipContent> {
  const { members } = await openZip(source, options);
  const names = members.map(({ name }) => name);
  const found = TELLING.find(([pattern]) => names.some((name) => pattern.test(name)));
  if (found !== undefined) return found[1];
  if (names.length === 0) return "npz"; // what numpy.savez makes of no arrays
  const endings = [
    ...new Set(names.filter((name) => !name.endsWith("/")).map((name) => /\.\w+$/.exec(name)?.[0] ?? "")),
  ];
  const [ending = "", ...others] = endings;
  if (ending === "" || others.length > 0) return { foreign: "a zip archive, but none of a model" };
  return { foreign: `a zip of ${ending.slice(1).toUpperCase()} files` };
}
